"""People sign in with a provider of OpenID Connect: authorisation code, PKCE, state and nonce; nothing else is spoken.

A browser that goes there is remembered here for a while, under the `state` that it must bring back together with the
cookie that it was given.  A state is used once.  The ID token comes from the provider itself, over TLS.
Source: OpenID Connect Core 1.0, 3.1; Discovery 1.0, 4; RFC 7636 (PKCE, S256); RFC 9207 (`iss`); RFC 9700.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from starling.errors import TrustError, UnknownCallerError
from starling.node.oidc import Expected, believed, person_of, roles_of, usable
from starling.node.settings import Settings, believing, wrong_setting
from starling.node.values import Principal
from starling.values import dataclass

#: where the provider sends people back to
BACK: Final = "/sign-in/back"
#: A person has this long with the provider (s); so many may be on their way at a time; a provider has this long to
#: answer (s), and says no more than this (bytes).  All ours.
_AWAY_S, _MOST_AWAY, _PATIENCE_S, _LARGEST = 600.0, 1_000, 10.0, 1 << 20
_DISCOVERY: Final = "/.well-known/openid-configuration"
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody who is with the provider.  `browser`: what their cookie holds; `until`: by the clock of the node."""

    browser: str
    nonce: str
    verifier: str
    back: str
    until: float


class Provider:
    """The provider that the settings name."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises: InputError BAD_SETTING, the administrator's."""
        self.settings = settings
        self.name = _https(settings.oidc_issuer, "oidc_issuer").netloc
        if not settings.oidc_client or not roles_of(settings):
            raise wrong_setting("oidc_client and oidc_roles belong to oidc_issuer")
        self._secret = _secret(settings.oidc_secret_file)
        self._context = believing(settings.oidc_authority, "oidc_authority")
        self._clock = clock
        self._away: dict[str, Away] = {}
        self._stated: Mapping[str, str] = {}
        self._lock = Lock()

    def begin(self, host: str) -> tuple[str, str]:
        """(where to send the browser, what its cookie is to hold).  Raises: TrustError NO_PROVIDER."""
        endpoint = self._described()["authorization_endpoint"]
        state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        away = Away(browser, nonce, verifier, f"https://{host}{BACK}", self._clock() + _AWAY_S)
        with self._lock:
            kept = {key: each for key, each in self._away.items() if each.until > self._clock()}
            for key in [*kept][: max(0, len(kept) + 1 - _MOST_AWAY)]:
                del kept[key]  # the longest away
            self._away = {**kept, state: away}
        asked = {
            "response_type": "code", "client_id": self.settings.oidc_client, "redirect_uri": away.back,
            "scope": self.settings.oidc_scope, "state": state, "nonce": nonce, "code_challenge": challenge(verifier),
            "code_challenge_method": "S256", "prompt": "login",
        }  # fmt: skip
        asked |= {"acr_values": self.settings.oidc_acr} if self.settings.oidc_acr else {}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", browser

    def finish(self, told: Mapping[str, str], browser: str) -> Principal:
        """Who came back.  `told`: what the provider put into the address; `browser`: what the cookie holds.

        Raises: UnknownCallerError NOT_KNOWN; TrustError NO_PROVIDER.
        """
        with self._lock:
            away = self._away.pop(told.get("state", ""), None)
        if away is None or away.until <= self._clock():
            raise UnknownCallerError("NOT_KNOWN", "this sign-in was not begun here, or too long ago: begin again")
        if not hmac.compare_digest(away.browser.encode(), browser.encode()):
            raise UnknownCallerError("NOT_KNOWN", "this sign-in was begun in another browser: begin again")
        if told.get("iss", self.settings.oidc_issuer) != self.settings.oidc_issuer:
            raise UnknownCallerError("NOT_KNOWN", "another provider answered")
        if "error" in told or not told.get("code"):
            raise UnknownCallerError("NOT_KNOWN", "the provider did not sign you in")
        token = self._exchanged(told["code"], away)
        expected = Expected(self.settings.oidc_issuer, self.settings.oidc_client, away.nonce, self.settings.oidc_acr)
        # each time: a key that was withdrawn counts no more
        _, keys = self._asked("GET", self._described()["jwks_uri"])
        return person_of(believed(token, usable(keys), expected, now=time.time()), self.settings)

    def _exchanged(self, code: str, away: Away) -> str:
        """The ID token for a code."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": away.verifier}
        form["redirect_uri"] = away.back
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if self._secret:
            pair = f"{quote(self.settings.oidc_client, safe='')}:{quote(self._secret, safe='')}"  # RFC 6749, 2.3.1
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self.settings.oidc_client
        status, given = self._asked("POST", self._described()["token_endpoint"], urlencode(form), headers)
        token = given.get("id_token") if status == 200 else None
        if not isinstance(token, str):
            raise UnknownCallerError("NOT_KNOWN", "the provider gives nothing for this sign-in: begin again")
        return token

    def _described(self) -> Mapping[str, str]:
        """What the provider states of itself; asked for until it was told once."""
        if not self._stated:
            status, given = self._asked("GET", f"{self.settings.oidc_issuer.rstrip('/')}{_DISCOVERY}")
            if status != 200 or given.get("issuer") != self.settings.oidc_issuer:
                raise TrustError("NO_PROVIDER", f"{self.name}: does not state itself as oidc_issuer does")
            if not all(str(given.get(each)).startswith("https://") for each in _NEEDED):
                raise TrustError("NO_PROVIDER", f"{self.name}: names no https address for {' or '.join(_NEEDED)}")
            self._stated = {each: given[each] for each in _NEEDED}
        return self._stated

    def _asked(self, method: str, address: str, body: str = "", headers: Mapping[str, str] | None = None) -> Any:
        """(status, JSON).  No redirection is followed.  Raises: TrustError NO_PROVIDER."""
        parts = urlsplit(address)
        connection = HTTPSConnection(parts.hostname or "", parts.port, context=self._context, timeout=_PATIENCE_S)
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        try:
            connection.request(method, path, body or None, {"accept": "application/json", **(headers or {})})
            response = connection.getresponse()
            given = json.loads(response.read(_LARGEST))
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            raise TrustError("NO_PROVIDER", f"{self.name}: does not answer ({type(error).__name__})") from error
        finally:
            connection.close()
        return response.status, given if isinstance(given, dict) else {}


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name, if they do.  Raises: InputError BAD_SETTING, the administrator's."""
    return Provider(settings) if settings.oidc_issuer else None


def challenge(verifier: str) -> str:
    """Source: RFC 7636, 4.2: S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _https(address: str, setting: str) -> Any:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise wrong_setting(f"{setting} is an https address")
    return parts


def _secret(named: str) -> str:
    try:
        return Path(named).read_text(encoding="utf-8").strip() if named else ""
    except (OSError, UnicodeDecodeError) as error:
        raise wrong_setting("oidc_secret_file cannot be read") from error
