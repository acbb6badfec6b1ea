"""TLS believes what the authority issued, for as long and for what it was issued, and nothing else."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import TrustError
from starling.trust.certificates import Authority, Issued, identity_of

AUTHORITY = Authority.create()
SERVER = AUTHORITY.issue("device", role="system", site="ward", hosts=("localhost", "127.0.0.1"), days=30)
CLIENT = AUTHORITY.issue("prescriber-1", role="prescriber", site="ward", days=30)
Shake = Callable[..., dict[str, Any]]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(TrustError) as caught:
        act()
    assert caught.value.code == "CERTIFICATE_REFUSED"
    return caught.value.message


@pytest.fixture
def shake(tmp_path: Path) -> Shake:
    """A function that shakes hands in memory, and gives the client's certificate as the server knows it."""

    def side(purpose: int, own: Issued | None, trusted: Authority) -> ssl.SSLContext:
        context = ssl.SSLContext(purpose)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=trusted.pem.decode())
        if own is not None:
            (tmp_path / "pem").write_bytes(own.private_pem() + own.chain)
            context.load_cert_chain(tmp_path / "pem")
        return context

    def meet(client: Issued | None = CLIENT, server: Issued = SERVER, **more: Any) -> dict[str, Any]:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        servers = side(ssl.PROTOCOL_TLS_SERVER, server, more.get("trusted_by_server", AUTHORITY))
        clients = side(ssl.PROTOCOL_TLS_CLIENT, client, more.get("trusted_by_client", AUTHORITY))
        one = clients.wrap_bio(to_client, to_server, server_hostname=more.get("host", "127.0.0.1"))
        other = servers.wrap_bio(to_server, to_client, server_side=True)
        for each in (one, other, one, other):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
        found = other.getpeercert()
        assert found is not None
        return found

    return meet


def test_both_sides_believe_each_other_and_know_name_role_and_site(shake: Shake) -> None:
    subject = dict(pair for part in shake()["subject"] for pair in part)
    assert (subject["commonName"], subject["organizationalUnitName"]) == ("prescriber-1", "prescriber")
    assert subject["organizationName"] == "ward"
    assert shake(host="localhost")["subject"]


def test_attack_no_certificate(shake: Shake) -> None:
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shake(None)


def test_attack_a_certificate_of_another_authority_of_the_same_name(shake: Shake) -> None:
    stranger = Authority.create().issue("prescriber-1", role="prescriber", site="ward", days=30)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(stranger)


def test_attack_a_server_of_another_authority_or_for_another_host(shake: Shake) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(trusted_by_client=Authority.create())
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake(host="elsewhere.example")


def test_attack_an_expired_certificate(shake: Shake) -> None:
    late = expired()
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake(late)


def expired() -> Issued:
    """As issued 40 days ago for 30."""
    was = x509.load_pem_x509_certificate(CLIENT.chain)
    key = AUTHORITY._key
    builder = x509.CertificateBuilder(was.issuer, was.subject, was.public_key(), 7)
    now = datetime.now(UTC)
    builder = builder.not_valid_before(now - timedelta(days=40)).not_valid_after(now - timedelta(days=10))
    for extension in was.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    pem = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    return Issued(pem + AUTHORITY.pem, CLIENT.key)


def test_attack_a_servers_certificate_used_as_a_clients_and_the_other_way_round(shake: Shake) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        shake(SERVER)
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        shake(server=CLIENT)


def test_attack_a_client_issues_certificates_itself(shake: Shake) -> None:
    own = x509.load_pem_x509_certificate(CLIENT.chain)
    forged = Authority(own, CLIENT.key).issue("root-1", role="administrator", site="ward", days=30)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(Issued(forged.chain + AUTHORITY.pem, forged.key))


def test_a_certificate_is_renewed_for_the_same_and_by_its_own_authority_only(shake: Shake) -> None:
    again = AUTHORITY.renew(SERVER.chain, days=60)
    before, after = identity_of(SERVER.chain), identity_of(again.chain)
    assert (after.name, after.role, after.site, after.hosts) == (before.name, before.role, before.site, before.hosts)
    assert after.ends > before.ends and after.hosts == ("localhost", "127.0.0.1")
    assert again.key.public_key() != SERVER.key.public_key() and shake(server=again)
    assert "not one of this authority" in refused(lambda: Authority.create().renew(SERVER.chain, days=60))


def test_no_certificate_outlives_its_authority() -> None:
    short = Authority.create(days=10)
    issued = short.issue("a", role="system", site="ward", days=1_000)
    assert identity_of(issued.chain).ends < datetime.now(UTC) + timedelta(days=11)
    assert "end before" in refused(lambda: short.issue("a", role="system", site="ward", days=-1))


def test_an_authority_is_kept_and_loaded(shake: Shake) -> None:
    loaded = Authority.load(AUTHORITY.pem, AUTHORITY.private_pem(b"secret"), b"secret")
    assert shake(loaded.issue("late", role="auditor", site="ward", days=1))
    for private, password in (
        (AUTHORITY.private_pem(b"secret"), b"wrong"),
        (AUTHORITY.private_pem(b"secret"), None),
        (Authority.create().private_pem(), None),
        (b"nonsense", None),
    ):
        refused(lambda private=private, password=password: Authority.load(AUTHORITY.pem, private, password))  # type: ignore[misc]


@pytest.mark.parametrize("name", ["", "x" * 65, " space", "line\nbreak", "nul\0", "bell\x07"])
def test_a_name_that_no_subject_holds_is_refused(name: str) -> None:
    refused(lambda: AUTHORITY.issue(name, role="system", site="ward", days=1))
    if name:
        refused(lambda: AUTHORITY.issue("a", role=name, site="ward", days=1))


def test_a_host_is_named_as_in_the_network() -> None:
    assert "host" in refused(
        lambda: AUTHORITY.issue("a", role="system", site="ward", hosts=("bücher.example",), days=1)
    )
    found = identity_of(AUTHORITY.issue("a", role="system", site="ward", hosts=("::1", "a.example"), days=1).chain)
    assert found.hosts == ("::1", "a.example")


def test_a_certificate_without_name_role_and_site_is_nobodys() -> None:
    assert "one name, one role and one site" in refused(lambda: identity_of(AUTHORITY.pem))
    assert "one name, one role and one site" in refused(
        lambda: identity_of(AUTHORITY.issue("a", role="", site="ward", days=1).chain)
    )


_FIELDS = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=64).filter(
    lambda text: text.isprintable() and text == text.strip() and len(text.encode()) <= 64
)


@given(_FIELDS, _FIELDS, _FIELDS)
def test_whatever_can_be_shown_comes_back_as_it_was(name: str, role: str, site: str) -> None:
    found = identity_of(AUTHORITY.issue(name, role=role, site=site, days=1).chain)
    assert (found.name, found.role, found.site, found.hosts) == (name, role, site, ())


@given(st.data())
def test_no_changed_certificate_is_more_than_refused(data: st.DataObject) -> None:
    """Damage is one kind of error; whether a certificate that can be read is to be believed, TLS decides."""
    raw = CLIENT.chain
    place = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:place] + data.draw(st.binary(max_size=3)) + raw[place + data.draw(st.integers(0, 3)) :]
    try:
        assert identity_of(changed).name
    except TrustError as error:
        assert error.code == "CERTIFICATE_REFUSED"
    with pytest.raises(TrustError):
        identity_of(data.draw(st.binary(max_size=200)))
