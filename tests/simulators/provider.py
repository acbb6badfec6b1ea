"""A provider of OpenID Connect over TLS that keeps to the letter of the protocol, and lies where a test has it lie.

It signs people in without asking; a code is for one client, one address and one verifier, and good once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwk, jwt

from tests.simulators.hub import certificate
from tests.simulators.serving import over_tls, served

CLIENT, SECRET = "ward-3", "a secret/of:the client"


class Provider(ThreadingHTTPServer):
    """`person`: who signs in, by their claims.  `token`: claims -> what is given for a code.  `stated`: of itself."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"https://127.0.0.1:{self.server_address[1]}"
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "1", "use": "sig"}, private=True)
        self.person: dict[str, Any] = {"sub": "u-7", "groups": ["staff", "pharmacy"]}
        self.token: Callable[[dict[str, Any]], str] = self.signed
        self.stated: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}

    def signed(self, claims: dict[str, Any]) -> str:
        """As it should be."""
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)

    def claims(self, nonce: str) -> dict[str, Any]:
        """What an ID token says."""
        now = int(time.time())
        return {"iss": self.issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300, **self.person}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            told = {"issuer": self.server.issuer, **{name: f"{self.server.issuer}/{end}" for name, end in ends.items()}}
            self._json(200, {**told, **self.server.stated})
        elif path == "/keys":
            self._json(200, {"keys": [self.server.key.as_dict(private=False)]})
        elif path == "/authorize":
            self._authorize(asked)
        else:
            self.send_error(404)

    def _authorize(self, asked: dict[str, str]) -> None:
        self.server.asked.append(asked)
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256", "prompt": "login"}
        if {name: asked.get(name) for name in wanted} != wanted or "openid" not in asked["scope"].split():
            self.send_error(400)
            return
        code = secrets.token_urlsafe(16)
        self.server.codes[code] = asked
        self.send_response(302)
        told = {"code": code, "state": asked["state"], "iss": self.server.issuer}
        self.send_header("location", f"{asked['redirect_uri']}?{urlencode(told)}")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        asked = self.server.codes.pop(form.get("code", ""), None)
        scheme, _, pair = self.headers.get("authorization", "").partition(" ")
        client = [unquote(part) for part in base64.b64decode(pair).decode().split(":")] if scheme == "Basic" else []
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or client != [CLIENT, SECRET]
            or form.get("redirect_uri") != asked["redirect_uri"]
            or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            self._json(400, {"error": "invalid_grant"})
            return
        token = self.server.token(self.server.claims(asked["nonce"]))
        self._json(200, {"id_token": token, "access_token": "x", "token_type": "Bearer"})

    def _json(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def provider(folder: Path) -> Iterator[Provider]:
    """One that answers; `folder / "provider.pem"` is its authority."""
    path = folder / "provider.pem"
    certificate(path)
    server = Provider()
    over_tls(server, path)
    with served(server):
        yield server
