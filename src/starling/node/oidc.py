"""What a provider of OpenID Connect says of a person, and when it is believed: pure functions on its ID token.

Source: OpenID Connect Core 1.0, 3.1.3.7 (ID Token Validation); RFC 8725 (algorithms are ours to choose).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from starling.errors import UnknownCallerError
from starling.node.settings import Settings, wrong_setting
from starling.node.values import ROLES, Principal, Role
from starling.values import dataclass

#: signatures with a public key; never `none`, never one with a secret, which the public key could be taken for
ALGORITHMS: Final = ("RS256", "PS256", "ES256")
#: clocks may differ by this; a token is used at once, so one made longer ago is not of this sign-in (s, ours)
_LEEWAY_S, _OLDEST_S = 60, 600
_KINDS: Final = frozenset({"RSA", "EC"})
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must state.  `acr`: how strongly the person was known to be themselves; empty: not asked."""

    issuer: str
    client: str
    nonce: str
    acr: str = ""


def usable(keys: Any) -> jwk.KeySet:
    """The keys of a provider that can sign; what is of another kind or use is left out."""
    listed = keys.get("keys") if isinstance(keys, Mapping) else None
    found = []
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, Mapping) and each.get("kty") in _KINDS and each.get("use", "sig") == "sig":
            try:
                found.append(jwk.import_key({name: value for name, value in each.items() if name != "d"}))
            except (JoseError, ValueError, TypeError, KeyError):
                continue  # not a key that can be used; a token that names it is not believed
    return jwk.KeySet(found)


def believed(token: str, keys: jwk.KeySet, expected: Expected, *, now: float) -> Mapping[str, Any]:
    """The claims of an ID token.  `now`: s since 1970.  Raises: UnknownCallerError NOT_KNOWN with the reason."""
    try:
        claims = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
        _registry(expected, now).validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise UnknownCallerError("NOT_KNOWN", f"what the provider says is not believed ({_reason(error)})") from error
    if claims["nonce"] != expected.nonce or (expected.acr and claims["acr"] != expected.acr):  # a list is no answer
        raise UnknownCallerError("NOT_KNOWN", "what the provider says is not believed (invalid_claim acr or nonce)")
    issued, several = claims["iat"], isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if not now - _OLDEST_S <= issued:
        raise UnknownCallerError("NOT_KNOWN", "what the provider says is not believed (it was said long ago)")
    if claims.get("azp", expected.client) != expected.client or (several and "azp" not in claims):
        raise UnknownCallerError("NOT_KNOWN", "what the provider says is not believed (it is for another client)")
    return claims


def _registry(expected: Expected, now: float) -> jwt.JWTClaimsRegistry:
    asked: dict[str, Any] = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client},
        "nonce": {"essential": True, "value": expected.nonce},
        "sub": {"essential": True},
        "exp": {"essential": True},
        "iat": {"essential": True},
    }
    if expected.acr:
        asked["acr"] = {"essential": True, "value": expected.acr}
    return jwt.JWTClaimsRegistry(now=int(now), leeway=_LEEWAY_S, **asked)


def _reason(error: Exception) -> str:
    """The kind of an error, and the claim that it is about; nothing of what the token says."""
    claim = getattr(error, "claim", "")
    return f"{getattr(error, 'error', type(error).__name__)}{' ' if claim else ''}{claim}"


def person_of(claims: Mapping[str, Any], settings: Settings) -> Principal:
    """Who that is on this node: the first role of the settings that a claim of theirs names.

    Named with the provider, so that nobody is taken for an account or a certificate of the node.
    Raises: UnknownCallerError NOT_KNOWN, for whom no role is meant; InputError BAD_SETTING, the administrator's.
    """
    theirs = _words(claims.get(settings.oidc_role_claim))
    role = next((role for named, role in roles_of(settings) if named in theirs), None)
    if role is None:
        raise UnknownCallerError("NOT_KNOWN", "no role on this node is meant for you: ask the administrator")
    name = _text(claims, settings.oidc_name_claim)
    site = _text(claims, settings.oidc_site_claim) if settings.oidc_site_claim else settings.site
    person = _text(claims, settings.oidc_person_claim) if settings.oidc_person_claim else ""
    name = f"{name}@{urlsplit(settings.oidc_issuer).hostname}"
    return Principal(name=name, role=role, site=site, way="provider", person=person)


def roles_of(settings: Settings) -> tuple[tuple[str, Role], ...]:
    """(what the claim says, role on this node).  Raises: InputError BAD_SETTING, the administrator's."""
    found: list[tuple[str, Role]] = []
    for pair in filter(None, (each.strip() for each in settings.oidc_roles.split(","))):
        named, _, role = (each.strip() for each in pair.rpartition("="))
        known = next((each for each in ROLES if each == role and each != "system"), None)
        if not named or known is None:
            raise wrong_setting(f"oidc_roles: {pair!r} is not GROUP=ROLE of a person")
        found.append((named, known))
    return tuple(found)


def _words(value: Any) -> frozenset[str]:
    """A claim that holds one text or a list of them."""
    listed: Iterable[Any] = value if isinstance(value, list) else [value]
    return frozenset(each for each in listed if isinstance(each, str))


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME:
        raise UnknownCallerError("NOT_KNOWN", f"the provider does not say {name}")
    return value
