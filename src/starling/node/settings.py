"""Every setting of a node in one table; `DIR/settings.toml` is read once and is immutable from then on."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from starling.errors import InputError
from starling.values import dataclass

Plain = str | int | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    `unit`: empty where there is none.  `least`, `most`: of a number.  `choices`: of a text.  `section`: the table of
    the file in which it stands, by the first word of its name; empty: none.
    """

    name: str
    default: Plain
    unit: str
    help: str
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    section: str = ""

    @property
    def key(self) -> str:
        """Its name in the file."""
        return self.name.removeprefix(f"{self.section}_")

    @property
    def title(self) -> str:
        """Its name in a command and in words: `section.key`."""
        return f"{self.section}.{self.key}" if self.section else self.name


TABLE: Final = (
    Setting("site", "here", "", "the site that this node belongs to; who comes from another needs a reason"),
    Setting("host", "127.0.0.1", "", "address to listen on"),
    Setting("port", 8443, "", "port to listen on; 0: any that is free"),
    Setting("names", "", "", "more names and addresses that it is called by, for its certificate (made, and renewed)"),
    Setting("token_module", "", "", "PKCS #11 library of a token that holds the key; empty: the key lies in a file"),
    Setting("token", "", "", "label of that token"),
    Setting("token_pin_file", "", "", "file that holds the token's PIN, such as a credential of systemd"),
    Setting("cipher", "aes256", "", "cipher of the store", choices=("aes256", "aegis", "chacha20")),
    Setting("knowledge", "", "", "a compiled knowledge base; empty: the one of this installation"),
    Setting("trusted_keys", "", "",
            "file of the keys whose knowledge is taken (starling model trust); empty: the one of this installation"),
    Setting("keep_source_files", default=False, unit="", help="keep a source file, sealed, after it was called"),
    Setting("largest_upload_mb", 1024, "MB", "largest file that is taken in; it is held in memory while read", least=1),
    Setting("largest_request_kb", 64, "KB", "largest request that is no file", least=1),
    Setting("request_seconds", 30, "s", "longest time for a request that is no file", least=1),
    Setting("upload_seconds", 3600, "s", "longest time for a file to arrive", least=1),
    Setting("reading_seconds", 3600, "s", "longest time to read one file, waiting included; then it failed", least=1),
    Setting("connections", 256, "", "connections at a time; more are asked to come again", least=1),
    Setting("requests_per_minute", 6000, "1/min", "requests of one caller before it is asked to wait", least=1),
    Setting("logins_per_minute", 10, "1/min", "attempts to log in from one address", least=1),
    Setting("session_minutes", 15, "min", "a session without a request ends", least=1),
    Setting("longest_absence_days", 30, "days",
            "a node that was off for longer asks for an administrator at its start; 0: never"),
    Setting("inbox", default=True, unit="", help="take in files that are dropped into DIR/inbox"),
    Setting("inbox_poll_seconds", 2, "s", "how often the inbox is looked at where changes are not announced", least=1),
    Setting("answers_kept", 20_000, "", "answers kept in memory", least=1),
    Setting("question_ms", 100, "ms", "longest time for an answer before it is counted as late", least=1),
    Setting("question_processes", 1, "", "processes that compute answers; 0: the one that serves", most=64),
    Setting("question_priority", 10, "", "place of questions before all else (SCHED_FIFO); 0: none", most=99),
    Setting("question_cpus", "", "", "processors kept for questions, such as 2,3; empty: any"),
    Setting("lock_memory", default=True, unit="", help="memory is never paged out, where the system permits it"),
    Setting("background_percent", 50, "%", "of all processors, for reading files; 100: no bound", least=1, most=100),
    Setting("checkpoint_minutes", 5, "min", "how often the audit log is signed", least=1),
    Setting("hub", "", "", "https address that results are reported to; empty: nobody is told"),
    Setting("hub_authority", "", "", "certificate of the authority of the hub; empty: those of the system"),
    Setting("hub_certificate", "", "", "key and certificate that this node shows the hub; empty: none"),
    Setting("hub_key", "", "", "public key (PEM) of the orders of the hub, such as to wipe; empty: none is obeyed"),
    Setting("emergency_list", "", "",
            "folder for a list in PLAIN TEXT of drugs to avoid by patient, for when the node is down; empty: none"),
    Setting("witness", "", "", "a second place for checkpoints of the audit log; empty: DIR/checkpoint alone"),
    Setting("oidc_issuer", "", "", "https address of a provider (OpenID Connect) by whom people sign in; empty: none"),
    Setting("oidc_client", "", "", "as whom the provider knows this node (client_id)"),
    Setting("oidc_secret_file", "", "", "file that holds the secret of that client; empty: no secret, PKCE alone"),
    Setting("oidc_authority", "", "", "certificate of the authority of the provider; empty: those of the system"),
    Setting("oidc_scope", "openid profile", "", "what the provider is asked to tell"),
    Setting("oidc_acr", "", "", "how strongly people must be known to the provider (acr), as by a second factor"),
    Setting("oidc_name_claim", "sub", "", "claim that names a person; given to nobody else, ever"),
    Setting("oidc_person_claim", "", "",
            "claim that holds the account of the same person here; empty: nobody has both"),
    Setting("oidc_role_claim", "groups", "", "claim that holds their groups"),
    Setting("oidc_roles", "", "", "role of each group, the first that fits: pharmacy=pharmacist, doctors=prescriber"),
    Setting("oidc_site_claim", "", "", "claim that holds their site; empty: the site of this node"),
    Setting("tpm", "", "", "a TPM 2.0 whose quotes go to the hub, such as device:/dev/tpmrm0; empty: none"),
    Setting("tpm_registers", "0,1,2,3,4,5,6,7", "", "registers (PCR) of the boot that are quoted"),
    Setting("exchange_clients", "", "",
            "file (TOML) of the systems that may call CDS Hooks here, with their keys and servers; empty: none may",
            section="exchange"),
    Setting("exchange_address", "", "",
            "https address under which such systems call this node; empty: its own names and port", section="exchange"),
    Setting("exchange_demo_trust", default=False, unit="", section="exchange",
            help="DEMONSTRATION ONLY: believe whoever signs with a key of DIR/clients, and read any FHIR server here"),
    Setting("exchange_first_source", "CPIC", "", "the source that a card follows where sources disagree",
            choices=("CPIC", "DPWG", "FDA"), section="exchange"),
    Setting("exchange_least_indicator", "info", "", "cards below it are not shown",
            choices=("info", "warning", "critical"), section="exchange"),
    Setting("exchange_quiet_days", 30, "days", "a card is not shown again after an override with a reason; 0: it is",
            most=3650, section="exchange"),
    Setting("exchange_fhir_ms", 1000, "ms", "longest time to read what an EHR did not send along", least=1,
            most=60_000, section="exchange"),
    Setting("exchange_mllp_port", 0, "", "port for HL7 v2 over MLLP and TLS, with client certificates; 0: none",
            most=65_535, section="exchange"),
    Setting("exchange_mllp_largest_kb", 4096, "KB", "largest message of HL7 v2", least=1, section="exchange"),
    Setting("exchange_mllp_idle_seconds", 900, "s", "a connection of HL7 v2 without a byte ends", least=1,
            section="exchange"),
    Setting("exchange_results_to", "", "", "HOST:PORT (MLLP over TLS) that released results are sent to; empty: none",
            section="exchange"),
    Setting("exchange_results_authority", "", "", "certificate of its authority; empty: those of the system",
            section="exchange"),
    Setting("exchange_results_certificate", "", "", "key and certificate that this node shows it; empty: none",
            section="exchange"),
    Setting("exchange_results_receiver", "", "", "APPLICATION^FACILITY that a result is addressed to (MSH-5, MSH-6)",
            section="exchange"),
    Setting("exchange_ehr", "", "", section="exchange",
            help="https address of the FHIR server that released results are written into; empty: none"),
    Setting("exchange_ehr_token", "", "", "address of its token endpoint; empty: as it says itself, on the same host",
            section="exchange"),
    Setting("exchange_ehr_client", "", "", "as whom it knows this node (client_id)", section="exchange"),
    Setting("exchange_ehr_key", "", "", "file of the private key of that client (PEM or JWK): EC P-384 or RSA",
            section="exchange"),
    Setting("exchange_ehr_scope", "system/*.write system/*.read", "", "what it is asked to allow", section="exchange"),
    Setting("exchange_ehr_authority", "", "", "certificate of its authority; empty: those of the system",
            section="exchange"),
    Setting("exchange_ehr_identifiers", "", "", "system (URI) of the identifiers that its patients and ours share",
            section="exchange"),
    Setting("exchange_ehr_seconds", 30, "s", "longest time for one exchange with it", least=1, most=600,
            section="exchange"),
    Setting("exchange_largest_request_kb", 2048, "KB", "largest call of CDS Hooks", least=1, section="exchange"),
)  # fmt: skip
_BY_NAME: Final = {each.name: each for each in TABLE}
_BY_TITLE: Final = {each.title: each for each in TABLE}
_SECTIONS: Final = {each.section for each in TABLE} - {""}


class Settings:
    """The settings of one node, by name: `settings.port`."""

    __slots__ = ("_values",)

    def __init__(self, stated: dict[str, Plain] | None = None) -> None:
        """Raises: InputError BAD_SETTING, the administrator's, on a name or a value that the table does not allow."""
        given = stated or {}
        for name, value in given.items():
            _check(name, value)
        object.__setattr__(self, "_values", {each.name: given.get(each.name, each.default) for each in TABLE})

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("settings are read once")

    def stated(self) -> dict[str, Plain]:
        """Name -> value, of all of them."""
        return dict(self._values)


def wrong_setting(said: str) -> InputError:
    """What is raised for a setting with which nothing can be done, to the administrator."""
    return InputError("BAD_SETTING", said, source="settings.toml")


def believing(authority: str, setting: str) -> ssl.SSLContext:
    """TLS that believes whoever an authority (a file; empty: those of the system) has certified.

    Raises: InputError BAD_SETTING, which names the setting.
    """
    try:
        return ssl.create_default_context(cafile=authority or None)
    except OSError as error:
        raise wrong_setting(f"{setting} cannot be read") from error


def _check(name: str, value: object) -> None:
    setting = _BY_NAME.get(name)
    if setting is None:
        raise wrong_setting(f"there is no setting {name}")
    if type(value) is not type(setting.default):
        wanted = type(setting.default).__name__
        raise wrong_setting(f"{name} is a {wanted}, not {value!r}")
    if isinstance(value, int) and value < setting.least:
        raise wrong_setting(f"{name} is at least {setting.least}")
    if isinstance(value, int) and setting.most and value > setting.most:
        raise wrong_setting(f"{name} is at most {setting.most}")
    if setting.choices and value not in setting.choices:
        raise wrong_setting(f"{name} is one of {', '.join(setting.choices)}")


def of_words(words: Iterable[str]) -> dict[str, Plain]:
    """Settings as a person writes them in a command: `port=0`.  Raises: InputError BAD_SETTING."""
    found: dict[str, Plain] = {}
    for word in words:
        title, equals, text = word.partition("=")
        name = _BY_TITLE[title].name if title in _BY_TITLE else title
        default = _BY_NAME[name].default if name in _BY_NAME else ""
        if not equals:
            raise InputError("BAD_SETTING", f"{word} is not NAME=VALUE", source="--set")
        found[name] = text if isinstance(default, str) else _plain(text)
    return found


def _plain(text: str) -> Plain:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.isascii() and text.isdigit() else text


def read_settings(path: Path) -> Settings:
    """The settings that a file states; the rest by default.

    Raises: InputError BAD_SETTING, the administrator's, in one line.
    """
    try:
        return Settings(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))
    except FileNotFoundError as error:
        raise InputError("NO_NODE", "holds no node: starling node init makes one", source=str(path.parent)) from error
    except (OSError, ValueError) as error:
        raise InputError("BAD_SETTING", f"cannot be read: {error}", source=path.name) from error


def _flat(stated: dict[str, Any]) -> dict[str, Plain]:
    """What stands in the tables of a file, by whole names; a table that is none of ours is an unknown setting."""
    found: dict[str, Plain] = {}
    for name, value in stated.items():
        if name in _SECTIONS and isinstance(value, dict):
            found |= {f"{name}_{key}": each for key, each in value.items()}
        else:
            found[name] = value
    return found


def written(changed: dict[str, Plain] | None = None) -> str:
    """The text of a settings file in which every setting is explained; what is not changed stands as a comment."""
    lines = ["# Settings of this node, read when it starts.  A line behind # is the default.", ""]
    section = ""
    for each in TABLE:
        if each.section != section:
            section, stated = each.section, any(name.startswith(f"{each.section}_") for name in changed or ())
            lines += ["# --- a table of its own: take the # away with that of a setting below it", ""]
            lines[-1:] = [f"{'' if stated else '# '}[{section}]", ""]
        unit = f" [{each.unit}]" if each.unit else ""
        choices = f" ({', '.join(each.choices)})" if each.choices else ""
        value = (changed or {}).get(each.name, each.default)
        mark = "" if changed and each.name in changed else "# "
        lines += [f"# {each.help}{unit}{choices}", f"{mark}{each.key} = {_toml(value)}", ""]
    return "\n".join(lines)


def _toml(value: Plain) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
