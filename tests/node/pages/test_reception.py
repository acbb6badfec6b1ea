"""Signing in with a provider: there and back over TLS, and everybody who comes back and was not sent."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from werkzeug.serving import make_server

from starling.errors import InputError, UnknownCallerError
from starling.node.callers import COOKIE
from starling.node.founding import found
from starling.node.pages.reception import AWAY_COOKIE
from starling.node.provider import Provider, provider_of
from starling.node.settings import Settings
from tests.node.devices import Device, serving
from tests.node.pages.test_looks import looked_at
from tests.simulators import hub
from tests.simulators import provider as simulators

ROLES = "pharmacy=pharmacist,doctors=prescriber"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[simulators.Provider, Path]]:
    folder = tmp_path_factory.mktemp("provider")
    with simulators.provider(folder) as found_:
        yield found_, folder / "provider.pem"


@pytest.fixture(scope="module")
def ward(authority: tuple[simulators.Provider, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """A node where people sign in with the provider."""
    folder = tmp_path_factory.mktemp("ward")
    (folder / "secret").write_text(simulators.SECRET + "\n", encoding="utf-8")
    settings: dict[str, str | int | bool] = {
        "oidc_issuer": authority[0].issuer, "oidc_client": simulators.CLIENT, "oidc_authority": str(authority[1]),
        "oidc_secret_file": str(folder / "secret"), "oidc_roles": ROLES, "site": "ward-3", "logins_per_minute": 6_000,
    }  # fmt: skip
    found(folder / "node", settings=settings)
    with serving(folder / "node") as device:
        yield device


@pytest.fixture
def somebody(authority: tuple[simulators.Provider, Path]) -> Iterator[simulators.Provider]:
    """The provider, whose person and whose lies are put right afterwards."""
    server, _ = authority
    before = server.person
    yield server
    server.person, server.token, server.stated = before, server.signed, {}


@pytest.fixture
def visitor() -> Iterator[Callable[[], httpx.Client]]:
    """A function that gives a new browser, without a script, that follows nothing by itself."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(httpx.Client(verify=False, timeout=30))


def sent(browser: httpx.Client, ward: Device) -> str:
    """Where the provider sends the browser back to."""
    there = browser.get(f"{ward.address}/sign-in/provider")
    assert there.status_code == 303, there.text
    return str(browser.get(there.headers["location"]).headers["location"])


def nobody(answer: httpx.Response, said: str, status: int = 401) -> None:
    assert (answer.status_code, COOKIE in answer.cookies) == (status, False)
    assert said in answer.text


def logins(ward: Device) -> list[tuple[str, str, str]]:
    """(who, outcome, reason) of the attempts, the newest first."""

    def told(event: dict[str, Any]) -> str:
        return str({each["type"]: each["valueString"] for each in event["entity"][0]["detail"]}.get("reason", ""))

    found_ = [each for each in ward.events() if each["subtype"][0]["code"] == "login"]
    return [(each["agent"][0]["who"]["identifier"]["value"], each["outcome"], told(each)) for each in found_]


def test_a_person_signs_in_and_is_who_the_provider_says(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    browser = visitor()
    answer = browser.get(sent(browser, ward))
    assert answer.status_code == 200
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{COOKIE}="))
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    page = browser.get(f"{ward.address}/worklist")
    assert page.status_code == 200
    assert "u-7@127.0.0.1" in page.text and "Pharmacist" in page.text
    assert logins(ward)[0] == ("u-7@127.0.0.1", "0", "")
    asked = somebody.asked[-1]
    assert (asked["code_challenge_method"], asked["prompt"]) == ("S256", "login")
    assert len({asked[name] for name in ("state", "nonce", "code_challenge")}) == 3


def test_in_a_browser_it_is_one_press(ward: Device, somebody: simulators.Provider, browser: Chromium) -> None:
    """The strict cookie goes along although the way led over another site."""
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(f"{ward.address}/sign-in")
        page.get_by_role("link", name="Sign in with").click()
        page.wait_for_url("**/worklist")
        assert "u-7@127.0.0.1" in page.get_by_role("banner").inner_text()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")


def test_the_page_to_sign_in_looks_as_it_should(ward: Device, browser: Chromium) -> None:
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(f"{ward.address}/sign-in")
        looked_at(page, "sign-in-provider")
        page.goto(f"{ward.address}/sign-in/back?state=x&code=y")
        looked_at(page, "sign-in-refused")


def test_whom_no_role_is_meant_for_gets_nothing(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    somebody.person = {"sub": "u-8", "groups": ["visitors"]}
    browser = visitor()
    nobody(browser.get(sent(browser, ward)), "No role on this node is meant for you")
    assert browser.get(f"{ward.address}/worklist").status_code == 303
    who, outcome, reason = logins(ward)[0]
    assert (who, outcome) == ("stranger", "4") and "no role" in reason


def test_attack_somebody_elses_way_back_signs_a_victim_in_as_them(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    """Login forgery: the state is real, but the browser is another."""
    back = sent(visitor(), ward)
    nobody(visitor().get(back), "begun in another browser")
    victim = visitor()
    sent(victim, ward)
    nobody(victim.get(back), "not begun here")  # and a state is asked for once


def test_attack_a_way_back_is_gone_twice(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    browser = visitor()
    back = sent(browser, ward)
    assert browser.get(back).status_code == 200
    nobody(browser.get(back), "not begun here")


@pytest.mark.parametrize("state", ["", "x" * 43, "\N{GREEK SMALL LETTER ALPHA}"])
def test_attack_a_state_that_was_made_up(ward: Device, visitor: Callable[[], httpx.Client], state: str) -> None:
    browser = visitor()
    browser.get(f"{ward.address}/sign-in/provider")
    nobody(browser.get(f"{ward.address}/sign-in/back", params={"state": state, "code": "c"}), "not begun here")


def test_attack_a_page_of_another_site_uses_up_the_attempts(
    bare: Callable[..., Path], visitor: Callable[[], httpx.Client]
) -> None:
    folder = bare(oidc_issuer="https://127.0.0.1:9", oidc_client="x", oidc_roles=ROLES)
    with serving(folder) as device:
        other, elsewhere = visitor(), {"sec-fetch-site": "cross-site"}
        for path in ("/sign-in/provider", "/sign-in/back?state=x&code=y"):
            for _ in range(device.node.settings.logins_per_minute + 1):
                assert other.get(f"{device.address}{path}", headers=elsewhere).status_code in {401, 429}
        assert visitor().get(f"{device.address}/sign-in/provider").status_code == 503  # it is tried: nobody answers


def test_attack_a_code_of_another_sign_in_is_put_in(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    """PKCE: the code was stolen, the verifier was not."""
    stolen = parse_qs(urlsplit(sent(visitor(), ward)).query)["code"][0]
    thief = visitor()
    state = parse_qs(urlsplit(sent(thief, ward)).query)["state"][0]
    answer = thief.get(f"{ward.address}/sign-in/back", params={"state": state, "code": stolen})
    nobody(answer, "gives nothing for this sign-in")


def test_attack_another_provider_answers(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    """Mix-up: RFC 9207."""
    browser = visitor()
    query = {name: value[0] for name, value in parse_qs(urlsplit(sent(browser, ward)).query).items()}
    answer = browser.get(f"{ward.address}/sign-in/back", params={**query, "iss": "https://evil.example"})
    nobody(answer, "Another provider answered")


def test_attack_something_is_said_twice(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    browser = visitor()
    nobody(browser.get(sent(browser, ward) + "&code=another"), "Something is said twice", 400)


def test_attack_the_provider_replays_the_nonce_of_an_earlier_sign_in(
    ward: Device, somebody: simulators.Provider, visitor: Callable[[], httpx.Client]
) -> None:
    kept: list[str] = []

    def replayed(claims: dict[str, Any]) -> str:
        kept.append(somebody.signed(claims))
        return kept[0]

    somebody.token = replayed
    first, second = visitor(), visitor()
    assert first.get(sent(first, ward)).status_code == 200
    nobody(second.get(sent(second, ward)), "nonce")


def test_a_person_who_does_not_sign_in_is_nobody(ward: Device, visitor: Callable[[], httpx.Client]) -> None:
    browser = visitor()
    there = browser.get(f"{ward.address}/sign-in/provider").headers["location"]
    state = parse_qs(urlsplit(there).query)["state"][0]
    answer = browser.get(f"{ward.address}/sign-in/back", params={"state": state, "error": "access_denied"})
    nobody(answer, "did not sign you in")
    assert AWAY_COOKIE not in browser.cookies


def test_without_a_provider_nothing_is_offered_or_answered(device: Device) -> None:
    with device.client() as stranger:
        assert "Sign in with" not in stranger.get("/sign-in").text
        assert {stranger.get(f"/sign-in/{end}").status_code for end in ("provider", "back")} == {404}


@pytest.mark.parametrize(
    "stated",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://127.0.0.1/token"}, {"jwks_uri": None}],
)
def test_a_provider_that_states_itself_otherwise_is_not_spoken_to(
    ward: Device, somebody: simulators.Provider, stated: dict[str, Any]
) -> None:
    somebody.stated = stated
    strange = Provider(ward.node.settings)
    with pytest.raises(Exception, match=r"does not state itself|names no https") as refused:
        strange.begin("ward-3")
    assert getattr(refused.value, "code", "") == "NO_PROVIDER"


def test_a_provider_that_does_not_answer_is_one_line_and_accounts_still_work(
    tmp_path: Path, visitor: Callable[[], httpx.Client]
) -> None:
    settings: dict[str, str | int | bool] = {
        "oidc_issuer": "https://127.0.0.1:9",
        "oidc_client": "x",
        "oidc_roles": ROLES,
    }
    made = found(tmp_path / "node", settings=settings)
    with serving(tmp_path / "node") as device:
        answer = visitor().get(f"{device.address}/sign-in/provider")
        nobody(answer, "127.0.0.1:9: does not answer", 503)
        assert 'name="password"' in answer.text and made.administrator.password


def test_who_stays_away_for_too_long_and_who_is_one_too_many_begin_again(ward: Device) -> None:
    now = [0.0]
    patient = Provider(ward.node.settings, clock=lambda: now[0])
    begun = [patient.begin("ward-3") for _ in range(1_001)]
    states = [parse_qs(urlsplit(where).query)["state"][0] for where, _ in begun]
    with pytest.raises(UnknownCallerError, match="too long ago"):
        patient.finish({"state": states[0], "code": "c"}, begun[0][1])  # the first had to make way
    with pytest.raises(UnknownCallerError, match="did not sign you in"):
        patient.finish({"state": states[1]}, begun[1][1])
    now[0] = 601.0
    with pytest.raises(UnknownCallerError, match="too long ago"):
        patient.finish({"state": states[2], "code": "c"}, begun[2][1])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"oidc_issuer": "http://id.example"}, "oidc_issuer is an https address"),
        ({"oidc_issuer": "https://id.example/?x"}, "oidc_issuer is an https address"),
        ({"oidc_client": ""}, "belong to oidc_issuer"),
        ({"oidc_roles": ""}, "belong to oidc_issuer"),
        ({"oidc_roles": "a=king"}, "oidc_roles"),
        ({"oidc_secret_file": "/nowhere"}, "oidc_secret_file cannot be read"),
        ({"oidc_authority": "/nowhere"}, "oidc_authority cannot be read"),
    ],
)
def test_a_provider_that_cannot_be_is_a_wrong_setting(changed: dict[str, str | int | bool], said: str) -> None:
    stated: dict[str, str | int | bool] = {"oidc_issuer": "https://id.example", "oidc_client": "x", "oidc_roles": ROLES}
    with pytest.raises(InputError, match=said) as refused:
        provider_of(Settings({**stated, **changed}))
    assert refused.value.code == "BAD_SETTING"


@pytest.fixture
def another_makers(tmp_path: Path) -> Iterator[Path]:
    """A folder with the settings of a node that knows oidc-provider-mock, built on the server side of Authlib."""
    hub.certificate(tmp_path / "mock.pem")
    (tmp_path / "secret").write_text("any", encoding="utf-8")
    with warnings.catch_warnings():
        import_module("authlib.deprecate")  # which has its warnings shown, whoever said otherwise
        warnings.simplefilter("ignore")
        mock = import_module("oidc_provider_mock")
        app = mock.app(user_claims=[mock.User(sub="alice", claims={"groups": ["doctors"]})], require_nonce=True)
        server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=(str(tmp_path / "mock.pem"),) * 2)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            settings: dict[str, str | int | bool] = {
                "oidc_issuer": f"https://127.0.0.1:{server.server_port}", "oidc_client": "ward",
                "oidc_authority": str(tmp_path / "mock.pem"), "oidc_roles": ROLES,
                "oidc_secret_file": str(tmp_path / "secret"),
            }  # fmt: skip
            found(tmp_path / "node", settings=settings)
            yield tmp_path / "node"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def test_another_makers_provider_is_understood(another_makers: Path, visitor: Callable[[], httpx.Client]) -> None:
    with serving(another_makers) as device:
        browser = visitor()
        there = browser.get(f"{device.address}/sign-in/provider").headers["location"]
        back = browser.post(there, data={"sub": "alice"}).headers["location"]
        assert browser.get(back).status_code == 200
        assert "alice@127.0.0.1" in browser.get(f"{device.address}/worklist").text
