"""What a provider says of a person is believed when it is signed, new, of this sign-in and for this node."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jwt

from starling.errors import InputError, UnknownCallerError
from starling.node.oidc import Expected, believed, person_of, roles_of, usable
from starling.node.settings import Settings

NOW = time.time()
EXPECTED = Expected("https://id.example", "ward-3", "a nonce")
KEY = jwk.RSAKey.generate_key(2048, {"kid": "1"}, private=True)
OTHER = jwk.RSAKey.generate_key(2048, {"kid": "1"}, private=True)
KEYS = usable({"keys": [KEY.as_dict(private=False)]})
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example", "aud": "ward-3", "nonce": "a nonce", "sub": "u-7", "groups": ["pharmacy"],
    "iat": int(NOW), "exp": int(NOW) + 300,
}  # fmt: skip
SETTINGS = Settings(
    {"oidc_issuer": "https://id.example", "oidc_client": "ward-3",
     "oidc_roles": "pharmacy=pharmacist, doctors = prescriber", "site": "ward-3"}
)  # fmt: skip


def token(key: jwk.RSAKey = KEY, **changed: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refused(made: str, expected: Expected = EXPECTED) -> str:
    with pytest.raises(UnknownCallerError) as caught:
        believed(made, KEYS, expected, now=NOW)
    assert caught.value.code == "NOT_KNOWN" and "u-7" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("kind", ["RS256", "PS256", "ES256"])
def test_what_is_signed_new_and_meant_for_this_node_is_believed(kind: str) -> None:
    makers: dict[str, Any] = {
        "RS256": lambda: KEY, "PS256": lambda: KEY,
        "ES256": lambda: jwk.ECKey.generate_key("P-256", {"kid": "1"}, private=True),
    }  # fmt: skip
    key = makers[kind]()
    made = jwt.encode({"alg": kind, "kid": "1"}, CLAIMS, key, algorithms=[kind])
    assert believed(made, usable({"keys": [key.as_dict(private=False)]}), EXPECTED, now=NOW)["sub"] == "u-7"


def test_attack_a_token_without_a_signature() -> None:
    for alg in ("none", "None", "NONE", ""):
        assert "not believed" in refused(f"{part({'alg': alg, 'kid': '1'})}.{part(CLAIMS)}.")
    head, body, _ = token().split(".")
    refused(f"{head}.{body}.")


def test_attack_a_token_signed_with_another_key_of_the_same_name() -> None:
    assert "bad_signature" in refused(token(OTHER))


def test_attack_the_public_key_is_taken_for_a_secret() -> None:
    """HS256 with what everybody may read."""
    for secret in (KEY.as_pem(private=False), json.dumps(KEY.as_dict(private=False)).encode()):
        said = f"{part({'alg': 'HS256', 'kid': '1'})}.{part(CLAIMS)}"
        made = hmac.digest(secret, said.encode(), "sha256")
        assert "unsupported_algorithm" in refused(f"{said}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}")


def test_attack_a_key_that_the_token_brings_itself() -> None:
    head = {"alg": "RS256", "jwk": OTHER.as_dict(private=False), "kid": "1"}
    refused(jwt.encode(head, CLAIMS, OTHER))
    refused(jwt.encode({"alg": "RS256", "jku": "https://evil.example/keys", "kid": "2"}, CLAIMS, OTHER))


def test_attack_a_word_of_the_claims_is_changed() -> None:
    head, _, signature = token().split(".")
    refused(f"{head}.{part({**CLAIMS, 'groups': ['doctors']})}.{signature}")


@pytest.mark.parametrize(
    ("attack", "changed", "said"),
    [
        ("of another provider", {"iss": "https://evil.example"}, "iss"),
        ("of no provider", {"iss": None}, "iss"),
        ("for another client", {"aud": "another"}, "aud"),
        ("for nobody", {"aud": None}, "aud"),
        ("for several, of which we are one, from nobody", {"aud": ["ward-3", "evil"]}, "for another client"),
        ("for several, given to another", {"aud": ["ward-3", "evil"], "azp": "evil"}, "for another client"),
        ("given to another client", {"azp": "evil"}, "for another client"),
        ("of another sign-in: a nonce that is replayed", {"nonce": "an older nonce"}, "nonce"),
        ("of no sign-in: no nonce", {"nonce": None}, "nonce"),
        ("expired", {"iat": int(NOW) - 400, "exp": int(NOW) - 100}, "expired"),
        ("that never expires", {"exp": None}, "exp"),
        ("made long ago, that lasts for ever", {"iat": int(NOW) - 4_000}, "long ago"),
        ("made in the future", {"iat": int(NOW) + 4_000}, "iat"),
        ("without a date", {"iat": None}, "iat"),
        ("of nobody", {"sub": None}, "sub"),
        ("whose times are words", {"exp": "tomorrow"}, "exp"),
    ],
)  # fmt: skip
def test_attack_a_well_signed_token(attack: str, changed: dict[str, Any], said: str) -> None:
    assert said in refused(token(**changed)), attack


def test_attack_a_person_who_was_known_too_weakly() -> None:
    strong = Expected(EXPECTED.issuer, EXPECTED.client, EXPECTED.nonce, acr="two-factors")
    for acr in (None, "password", ["two-factors"]):
        assert "acr" in refused(token(acr=acr), strong)
    assert believed(token(acr="two-factors"), KEYS, strong, now=NOW)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    refused(text)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_keys_that_are_none_are_left_out(keys: Any) -> None:
    assert usable(keys).keys == []
    assert usable({"keys": [keys, {"kty": "RSA", "n": keys, "e": "AQAB"}, {"kty": "oct", "k": "c2VjcmV0"}]}).keys == []


def test_a_key_for_another_use_signs_nothing() -> None:
    assert usable({"keys": [{**KEY.as_dict(private=False), "use": "enc"}]}).keys == []


# --- who that is ------------------------------------------------------------------------------------------------------


def test_a_person_has_the_first_role_that_is_meant_for_a_group_of_theirs() -> None:
    both = person_of({**CLAIMS, "groups": ["doctors", "pharmacy"]}, SETTINGS)
    assert (both.name, both.role, both.site, both.way) == ("u-7@id.example", "pharmacist", "ward-3", "provider")
    assert person_of({**CLAIMS, "groups": "doctors"}, SETTINGS).role == "prescriber"


@pytest.mark.parametrize(
    "groups", [None, [], "", ["Pharmacy"], ["pharmacy "], {"pharmacy": 1}, [["pharmacy"]], 7, True]
)
def test_whom_no_role_is_meant_for_gets_nothing(groups: Any) -> None:
    with pytest.raises(UnknownCallerError, match="no role on this node is meant for you"):
        person_of({**CLAIMS, "groups": groups}, SETTINGS)


@pytest.mark.parametrize("name", [None, "", "  ", 7, ["u-7"], "x" * 201])
def test_who_has_no_name_is_nobody(name: Any) -> None:
    with pytest.raises(UnknownCallerError, match="does not say sub"):
        person_of({**CLAIMS, "sub": name}, SETTINGS)


def test_a_person_may_come_from_another_site() -> None:
    settings = Settings({**SETTINGS.stated(), "oidc_site_claim": "ward"})
    assert person_of({**CLAIMS, "ward": "ward-9"}, settings).site == "ward-9"
    with pytest.raises(UnknownCallerError, match="does not say ward"):
        person_of(CLAIMS, settings)


@pytest.mark.parametrize("roles", ["pharmacy", "=pharmacist", "a=king", "machines=system", "a=pharmacist,b="])
def test_roles_that_are_none_are_a_wrong_setting(roles: str) -> None:
    """A machine has a certificate: nobody signs in as one."""
    with pytest.raises(InputError, match="oidc_roles") as refused:
        roles_of(Settings({"oidc_roles": roles}))
    assert refused.value.code == "BAD_SETTING"
