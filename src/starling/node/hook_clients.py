"""Which systems may call CDS Hooks, and when a call is believed to be theirs: a token that each signs for each call.

A client is named in a file by its issuer, with its keys: a file (JWK Set), or an address that is asked again when a
key is named that is not known (rotation), or when what is known is old (a key that was withdrawn counts no more).
Nothing of a token decides where keys come from: `jku` is compared, and never followed.
Source: CDS Hooks 2.0, Trusting CDS Clients; RFC 7519; RFC 8725.
"""

from __future__ import annotations

import hashlib
import ssl
import time
import tomllib
from asyncio import Lock
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeGuard
from urllib.parse import urlsplit

from joserfc import jwk, jwt
from joserfc.errors import JoseError
from msgspec import DecodeError, json

from starling.errors import InputError, UnknownCallerError
from starling.node.layout import DEMONSTRATION_KEYS
from starling.node.outward import Outward
from starling.values import dataclass, field

#: signatures with a public key; never `none`, never one with a secret, which the public key could be taken for
ALGORITHMS: Final = ("ES384", "RS384")
#: what a demonstration's client may know alone beside them
_DEMONSTRATION: Final = (*ALGORITHMS, "ES256")
#: Clocks may differ by this; a token is for one call, so one made longer ago is not of this call; no token is longer
#: than this; so old may keys be that an address gave; so often, at most, is it asked again (s, letters; ours).
_LEEWAY_S, _OLDEST_S, _LONGEST, _KEYS_S, _AGAIN_S = 60, 300, 8_192, 3_600.0, 5.0
_LARGEST_KEYS: Final = 64 << 10
_MAY_STATE: Final = frozenset({"iss", "jku", "keys", "authority", "fhir", "identifiers", "fhir_ids", "name"})


@dataclass(frozen=True, slots=True)
class Client:
    """One system that may call.

    `name`: as the audit names it.  `iss`: of its tokens.  `jku`, `keys`: where its keys are, an address or a file.
    `authority`: the certificate of whoever stands behind its addresses; empty: those of the system.
    `fhir`: the FHIR servers that may be read for it.  `identifiers`: systems of identifiers that are this node's, too.
    `fhir_ids`: whether the id of its Patient is the identifier that laboratories state.
    """

    name: str
    iss: str
    jku: str = ""
    keys: str = ""
    authority: str = ""
    fhir: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    fhir_ids: bool = False
    is_demonstration: bool = False


@dataclass(frozen=True, slots=True)
class Believed:
    """A call that is its client's.  `token`: names the token, so that it is used once; `until`: s since 1970."""

    client: Client
    token: bytes
    until: int


@dataclass(slots=True)
class _Known:
    """The keys of one client, and when they were looked at."""

    keys: tuple[jwk.Key, ...] = ()
    at: float = float("-inf")
    mark: object = None
    lock: Lock = field(default_factory=Lock)


class Clients:
    """The clients of a node.  `outward`: how an address is asked."""

    def __init__(
        self, clients: tuple[Client, ...], outward: Outward, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._clients = {each.iss: each for each in clients if not each.is_demonstration}
        self._demonstration = next((each for each in clients if each.is_demonstration), None)
        self._known = {each.name: _Known() for each in clients}
        self._outward = outward
        self._clock = clock

    async def believed(self, token: str, audiences: tuple[str, ...]) -> Believed:
        """Whose token it is.  `audiences`: what it may be for.

        Raises: UnknownCallerError TOKEN_REFUSED with the reason, nothing of what the token says.
        """
        head, claims = _parts(token)
        named = filter(None, (self._clients.get(str(claims.get("iss"))), self._demonstration))
        reasons = []
        for client in named:
            reason = await self._why_not(client, head, token)
            if not reason:
                return self._of_claims(client, claims, audiences)
            reasons.append(reason)
        raise _refused(reasons[0] if reasons else "its issuer is not known here")

    async def _why_not(self, client: Client, head: Mapping[str, Any], token: str) -> str:
        """Why a token is not one that this client signed; empty: it is."""
        allowed = _DEMONSTRATION if client.is_demonstration else ALGORITHMS
        if head.get("alg") not in allowed:
            return f"its algorithm is none of {', '.join(allowed)}"
        if not client.is_demonstration and "jku" in head and head["jku"] != client.jku:
            return "its jku is not that of its issuer"
        keys = await self._keys(client, head)
        is_theirs = any(_is_signed(token, key, str(head["alg"])) for key in keys)
        return "" if is_theirs else "it is not signed with a key of its issuer"

    def _of_claims(self, client: Client, claims: Mapping[str, Any], audiences: tuple[str, ...]) -> Believed:
        """The times, the audience and the name of a token whose signature holds."""
        now = self._clock()
        stated = claims.get("aud")
        one = stated[0] if isinstance(stated, list) and len(stated) == 1 else stated  # for several: for any of them
        if not isinstance(one, str) or one not in audiences:
            raise _refused("it is for another address (aud)")
        issued, ends, id_ = claims.get("iat"), claims.get("exp"), claims.get("jti")
        if not _is_time(issued) or not _is_time(ends) or not isinstance(id_, str) or not 0 < len(id_) <= 200:
            raise _refused("iat, exp or jti is missing")
        if ends <= now - _LEEWAY_S:
            raise _refused("it is over (exp)")
        if "nbf" in claims and not (_is_time(claims["nbf"]) and claims["nbf"] <= now + _LEEWAY_S):
            raise _refused("it is not good yet (nbf)")
        if not now - _OLDEST_S - _LEEWAY_S <= issued <= now + _LEEWAY_S:
            raise _refused("it was not made for this call (iat)")
        until = int(min(ends, issued + _OLDEST_S)) + _LEEWAY_S + 1
        return Believed(client, hashlib.sha256(f"{client.name}\n{id_}".encode()).digest(), until)

    async def _keys(self, client: Client, head: Mapping[str, Any]) -> tuple[jwk.Key, ...]:
        """The keys that may have signed: that which is named, of a demonstration any."""
        known = self._known[client.name]
        if client.is_demonstration or client.keys:
            _from_files(client, known)
            named = known.keys if client.is_demonstration else _named(known, head)
            return tuple(named)
        async with known.lock:
            now = time.monotonic()
            due = now - known.at > _KEYS_S or (not _named(known, head) and now - known.at > _AGAIN_S)
            if due:
                known.at = now
                known.keys = _usable(await self._outward.json(client.jku, client.authority, _LARGEST_KEYS))
        return _named(known, head)


def _named(known: _Known, head: Mapping[str, Any]) -> tuple[jwk.Key, ...]:
    return tuple(key for key in known.keys if key.kid is not None and key.kid == head.get("kid"))


def _from_files(client: Client, known: _Known) -> None:
    """The keys that lie there now; a file that cannot be read holds none."""
    paths = [Path(each) for each in client.keys.split("\n")]
    mark = [(each.stat().st_mtime_ns, each.stat().st_ino) for each in paths if each.is_file()]
    if mark == known.mark:
        return
    found: list[jwk.Key] = []
    for path in paths:
        try:
            content = path.read_bytes()
            found += [_of_pem(content)] if content.startswith(b"-----") else _usable(json.decode(content))
        except (OSError, DecodeError, JoseError, ValueError):
            continue  # whoever signs with a key of it is not believed, and that is said
    known.keys, known.mark = tuple(found), mark


def _of_pem(content: bytes) -> jwk.Key:
    return jwk.ECKey.import_key(content)


def _usable(keys: Any) -> tuple[jwk.Key, ...]:
    """The keys of a set that sign with a public key; what is of another kind or use is left out."""
    listed = keys.get("keys") if isinstance(keys, Mapping) else None
    found: list[jwk.Key] = []
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, Mapping) and each.get("kty") in {"EC", "RSA"} and each.get("use", "sig") == "sig":
            try:
                found.append(jwk.import_key({name: value for name, value in each.items() if name != "d"}))
            except (JoseError, ValueError, TypeError, KeyError):
                continue  # not a key that can be used; a token that names it is not believed
    return tuple(found)


def _is_signed(token: str, key: jwk.Key, algorithm: str) -> bool:
    try:
        jwt.decode(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Head and claims, before anything of them is believed.  Raises: UnknownCallerError TOKEN_REFUSED."""
    pieces = token.split(".")
    if len(token) > _LONGEST or len(pieces) != 3:
        raise _refused("there is none, or it cannot be read")
    try:
        head, claims = (json.decode(urlsafe_b64decode(each + "=" * (-len(each) % 4))) for each in pieces[:2])
    except (ValueError, RecursionError) as error:
        raise _refused("it cannot be read") from error
    if not isinstance(head, dict) or not isinstance(claims, dict):
        raise _refused("it cannot be read")
    return head, claims


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11


def _refused(why: str) -> UnknownCallerError:
    return UnknownCallerError("TOKEN_REFUSED", f"the token is not believed: {why}")


def read_clients(path: str, *, demonstration: Path | None) -> tuple[Client, ...]:
    """The clients of a file (TOML, `[[client]]`); `demonstration`: the folder of its keys, None: no demonstration.

    Raises: InputError BAD_SETTING, the administrator's.
    """
    found = [_client(each, Path(path).parent) for each in _stated(path)] if path else []
    if len({each.iss for each in found}) < len(found) or len({each.name for each in found}) < len(found):
        raise _wrong(path, "two clients have one iss or name")
    if demonstration is not None:
        keys = "\n".join(str(demonstration / name) for name in DEMONSTRATION_KEYS)
        found.append(Client(name="demonstration", iss="", keys=keys, fhir_ids=True, is_demonstration=True))
    return tuple(found)


def _stated(path: str) -> list[Any]:
    try:
        stated = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong(path, f"cannot be read: {error}") from error
    listed = stated.get("client")
    if stated.keys() != {"client"} or not isinstance(listed, list):
        raise _wrong(path, "holds [[client]] tables and nothing else")
    return listed


def _client(stated: Any, folder: Path) -> Client:
    if not isinstance(stated, dict) or stated.keys() - _MAY_STATE:
        unknown = ", ".join(sorted(stated.keys() - _MAY_STATE)) if isinstance(stated, dict) else "client"
        raise _wrong("client", f"has no {unknown}; it has {', '.join(sorted(_MAY_STATE))}")
    said = {name: stated.get(name, "") for name in ("iss", "jku", "keys", "authority", "name")}
    if not all(isinstance(each, str) for each in said.values()) or not said["iss"]:
        raise _wrong("client", "iss, jku, keys, authority and name are texts, and iss is stated")
    if bool(said["jku"]) == bool(said["keys"]):
        raise _wrong(said["iss"], "states either jku or keys")
    lists = {name: tuple(stated.get(name, ())) for name in ("fhir", "identifiers")}
    if not all(isinstance(each, str) for values in lists.values() for each in values):
        raise _wrong(said["iss"], "fhir and identifiers are lists of texts")
    for address in (*lists["fhir"], *filter(None, [said["jku"]])):
        _https(address, said["iss"])
    return Client(
        name=said["name"] or said["iss"],
        iss=said["iss"],
        jku=said["jku"],
        keys=str(folder / said["keys"]) if said["keys"] else "",
        authority=str(folder / said["authority"]) if said["authority"] else "",
        fhir=tuple(each.rstrip("/") for each in lists["fhir"]),
        identifiers=lists["identifiers"],
        fhir_ids=stated.get("fhir_ids") is True,
    )


def _https(address: str, whose: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
        raise _wrong(whose, f"{address} is no https address")


def context_of(authority: str) -> ssl.SSLContext:
    """Who trusts this authority; empty: those of the system.  Raises: InputError BAD_SETTING."""
    try:
        return ssl.create_default_context(cafile=authority or None)
    except OSError as error:
        raise _wrong(authority, "cannot be read") from error


def _wrong(source: str, said: str) -> InputError:
    return InputError("BAD_SETTING", said, source=source)
