"""An EHR's FHIR server, spoken to as a backend service: known by a key, one server alone, bounded in time and size.

The server is that of the settings.  Where it says its token endpoint itself, that is on the same host, or is not asked;
no redirection is followed, so that no token and no result ever go elsewhere.
Source: SMART App Launch 2.2.0, Backend Services and Asymmetric Client Authentication; RFC 7523; RFC 6749, 4.4.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from threading import Timer
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from joserfc import jwk, jwt
from joserfc.errors import JoseError
from msgspec import DecodeError, json

from starling.node.outbox import Undelivered
from starling.node.settings import Settings, believing, wrong_setting

FHIR: Final = "application/fhir+json"
_FORM: Final = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: s that an assertion is good (at most 300 by SMART); a token is not used this long before it ends, and for this long
#: where its end is not said (ours); bytes of any answer, and bits of a key (ours)
_GOOD_S, _MARGIN_S, _UNSAID_S, _LARGEST, _LEAST_BITS = 240, 30.0, 60.0, 8 << 20, 2048
#: Source: RFC 6750, 2.1.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")

Answer = tuple[int, Any]


class Ehr:
    """The FHIR server of the settings.  Used by one thread at a time."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises: InputError BAD_SETTING, the administrator's."""
        self.base = _address(settings.exchange_ehr, "exchange.ehr").rstrip("/")
        self._token_address = settings.exchange_ehr_token and _address(
            settings.exchange_ehr_token, "exchange.ehr_token"
        )
        if not settings.exchange_ehr_client or not settings.exchange_ehr_identifiers:
            raise wrong_setting("exchange.ehr_client and exchange.ehr_identifiers belong to exchange.ehr")
        self._settings = settings
        self._algorithm, self._key = _key(settings.exchange_ehr_key)
        self._context = believing(settings.exchange_ehr_authority, "exchange.ehr_authority")
        self._clock = clock
        self._token, self._until = "", 0.0

    def ask(self, path: str, body: bytes, kind: str) -> Answer:
        """(status, JSON) of what is posted.  Raises: Undelivered, in words that tell of nobody."""
        headers = {"authorization": f"Bearer {self._authorised()}", "content-type": kind, "accept": FHIR}
        answer = self._asked("POST", f"{self.base}{path}", body, headers)
        if answer[0] == 401:
            self._token = ""  # withdrawn meanwhile: the next attempt asks for another
        return answer

    def _authorised(self) -> str:
        """The access token, kept while it is good."""
        if self._token and self._clock() < self._until:
            return self._token
        address = self._token_address or self._discovered()
        form = {
            "grant_type": "client_credentials", "scope": self._settings.exchange_ehr_scope,
            "client_assertion_type": _ASSERTION, "client_assertion": self._asserted(address),
        }  # fmt: skip
        status, said = self._asked("POST", address, urlencode(form).encode(), _FORM)
        token = said.get("access_token") if status == 200 and isinstance(said, dict) else None
        if (
            not isinstance(token, str)
            or not _TOKEN.fullmatch(token)
            or str(said.get("token_type")).casefold() != "bearer"
        ):
            raise Undelivered(f"it gives no token (answered {status})")
        ends = said.get("expires_in")
        self._until = self._clock() + (ends if isinstance(ends, int) else _UNSAID_S) - _MARGIN_S
        self._token = token
        return token

    def _discovered(self) -> str:
        """The token endpoint that the server names, on its own host."""
        where = f"{self.base}/.well-known/smart-configuration"
        status, said = self._asked("GET", where, b"", {"accept": "application/json"})
        named = said.get("token_endpoint") if status == 200 and isinstance(said, dict) else None
        if not isinstance(named, str):
            raise Undelivered(f"it names no token endpoint (answered {status})")
        if not _is_same_host(named, self.base):
            raise Undelivered("it names a token endpoint of another host: exchange.ehr_token allows one")
        self._token_address = named
        return named

    def _asked(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """(status, JSON; None for what is none).  Raises: Undelivered on what does not end, and on a redirection."""
        parts, seconds = urlsplit(address), float(self._settings.exchange_ehr_seconds)
        connection = HTTPSConnection(parts.hostname or "", parts.port, context=self._context, timeout=seconds)
        try:
            connection.connect()
            with _for(seconds, connection.sock):
                query = f"?{parts.query}" if parts.query else ""
                connection.request(method, f"{parts.path or '/'}{query}", body or None, dict(headers))
                response = connection.getresponse()
                held = response.read(_LARGEST + 1)
        except (OSError, HTTPException, ValueError) as error:
            raise Undelivered(f"it does not answer ({type(error).__name__})") from error
        finally:
            connection.close()
        if len(held) > _LARGEST:
            raise Undelivered("its answer is too large")
        if 300 <= response.status < 400:
            raise Undelivered("it sends this node elsewhere, which is not followed")
        return response.status, _json(held)

    def _asserted(self, audience: str) -> str:
        """A token that says who this node is, to one endpoint, once."""
        client, now = self._settings.exchange_ehr_client, int(time.time())
        head = {"alg": self._algorithm, "typ": "JWT", "kid": self._key.kid or self._key.thumbprint()}
        claims = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + _GOOD_S, "jti": str(uuid4())}
        return jwt.encode(head, claims, self._key, algorithms=[self._algorithm])


@contextmanager
def _for(seconds: float, connected: socket.socket) -> Iterator[None]:
    """A connection ends after so many seconds, whatever comes and however slowly.  Raises: TimeoutError."""
    ends = time.monotonic() + seconds
    watch = Timer(seconds, _end, [connected])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
    if time.monotonic() >= ends:  # what was read may be half of what was said
        raise TimeoutError


def _end(connected: socket.socket) -> None:
    """Nothing more is read; below TLS, which belongs to the thread that reads."""
    with suppress(OSError):  # it has ended already
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _json(held: bytes) -> Any:
    try:
        return json.decode(held)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _is_same_host(one: str, other: str) -> bool:
    try:
        here, there = urlsplit(one), urlsplit(other)
        places = [(each.scheme, each.hostname, each.port or 443) for each in (here, there)]
    except ValueError:
        return False
    return places[0] == places[1] and places[0][0] == "https" and here.username is None and not here.fragment


def _key(named: str) -> tuple[str, jwk.Key]:
    """(algorithm, key) of a file, PEM or JWK.  Raises: InputError BAD_SETTING."""
    said = "exchange.ehr_key is a file of a private key: EC P-384, or RSA of 2048 bits or more"
    try:
        content = Path(named).read_bytes()
        key = _of_pem(content) if content.lstrip().startswith(b"-----") else jwk.import_key(json.decode(content))
    except (OSError, DecodeError, JoseError, ValueError, TypeError, KeyError) as error:
        raise wrong_setting(said) from error
    if isinstance(key, jwk.ECKey) and key.is_private and key.curve_name == "P-384":
        return "ES384", key
    if isinstance(key, jwk.RSAKey) and key.is_private and key.raw_value.key_size >= _LEAST_BITS:
        return "RS384", key
    raise wrong_setting(said)


def _of_pem(content: bytes) -> jwk.Key:
    try:
        return jwk.ECKey.import_key(content)
    except (JoseError, ValueError, TypeError):
        return jwk.RSAKey.import_key(content)


def _address(address: str, setting: str) -> str:
    try:
        parts = urlsplit(address)
        is_right = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        is_right, parts = False, urlsplit("")
    if not is_right or parts.query or parts.fragment:
        raise wrong_setting(f"{setting} is an https address without a query")
    return address
