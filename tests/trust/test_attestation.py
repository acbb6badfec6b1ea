"""A quote of a TPM in software is believed for what it says; everything that was tampered with is refused by name."""

from __future__ import annotations

import hashlib
import json
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from starling.errors import InputError, TrustError
from starling.trust.attestation import Evidence, judge, read_evidence
from starling.trust.tpm import Tpm
from tests.simulators.tpm import Chip, chip

NONCE, OTHER = bytes(range(32)), bytes(reversed(range(32)))
LOADER = hashlib.sha256(b"boot loader 1.2").digest()
#: What the registers must be: zero at the start, and the digest of (what was there, what was measured) afterwards.
#: Source: TPM 2.0 Part 1, 17.2 (PCR extend).
GOLDEN = {number: bytes(32) for number in range(8)} | {4: hashlib.sha256(bytes(32) + LOADER).digest()}


@pytest.fixture(scope="module")
def started(tool: Callable[[str], str]) -> Iterator[Chip]:
    """A chip that a boot loader was measured into."""
    with tempfile.TemporaryDirectory() as folder, chip(tool, Path(folder)) as found:
        found.measure(4, LOADER)
        yield found


@pytest.fixture(scope="module")
def evidence(started: Chip) -> Evidence:
    return Tpm(started.tcti).quote(NONCE)


@pytest.fixture(scope="module")
def enrolled(started: Chip) -> Evidence:
    """What was said at the first time, for another nonce; the values are those that a person computed."""
    return replace(Tpm(started.tcti).quote(OTHER), registers=GOLDEN)


def test_a_quote_states_the_golden_values_and_is_believed(evidence: Evidence, enrolled: Evidence) -> None:
    assert evidence.registers == GOLDEN
    assert evidence.key == enrolled.key, "the key is the same each time"
    assert judge(evidence, nonce=NONCE, enrolled=enrolled).require().sound


def test_the_tools_of_the_chip_believe_it_as_well(evidence: Evidence, started: Chip, tmp_path: Path) -> None:
    for name, content in (("m", evidence.statement), ("s", evidence.signature), ("u", evidence.key)):
        (tmp_path / name).write_bytes(content)
    words = ["-u", "u", "-m", "m", "-s", "s", "-g", "sha256", "-q"]
    assert started.run("tpm2_checkquote", *words, NONCE.hex(), cwd=tmp_path).returncode == 0
    assert started.run("tpm2_checkquote", *words, OTHER.hex(), cwd=tmp_path).returncode != 0


def test_evidence_is_a_file_and_back(evidence: Evidence) -> None:
    assert read_evidence(evidence.text(), "e.json") == evidence


def refused(evidence: Evidence, enrolled: Evidence, nonce: bytes = NONCE) -> str:
    found = judge(evidence, nonce=nonce, enrolled=enrolled)
    with pytest.raises(TrustError) as caught:
        found.require()
    assert caught.value.code == "ATTESTATION_REFUSED" and found.kind in caught.value.message
    return found.kind


def test_attack_an_old_quote_is_told_again(evidence: Evidence, enrolled: Evidence) -> None:
    for nonce in (OTHER, b"", NONCE[:-1], NONCE + b"\0"):
        assert refused(evidence, enrolled, nonce) == "nonce"


def test_attack_the_boot_loader_was_replaced(tool: Callable[[str], str], enrolled: Evidence) -> None:
    """On a chip of its own, whose key was enrolled."""
    with tempfile.TemporaryDirectory() as folder, chip(tool, Path(folder)) as changed:
        changed.measure(4, LOADER)
        before = Tpm(changed.tcti).quote(OTHER)
        assert before.registers == GOLDEN
        changed.measure(4, hashlib.sha256(b"implant").digest())
        changed.measure(7, hashlib.sha256(b"Secure Boot off").digest())
        now = Tpm(changed.tcti).quote(NONCE)
        found = judge(now, nonce=NONCE, enrolled=before)
        assert (found.kind, found.registers) == ("measurements", (4, 7))
        lying = judge(replace(now, registers=GOLDEN), nonce=NONCE, enrolled=before)
        assert (lying.kind, lying.registers) == ("measurements", tuple(range(8)))
        assert refused(now, enrolled) == "key", "and it is another chip"


def test_attack_a_bit_of_the_statement_or_of_the_signature_is_changed(evidence: Evidence, enrolled: Evidence) -> None:
    for place in range(len(evidence.statement)):
        changed = bytearray(evidence.statement)
        changed[place] ^= 1
        assert refused(replace(evidence, statement=bytes(changed)), enrolled) == "signature"
    for signature in (b"", evidence.signature[:-1], evidence.signature + b"\0", bytes(72)):
        assert refused(replace(evidence, signature=signature), enrolled) == "signature"


def test_attack_somebody_signs_with_a_key_of_their_own(evidence: Evidence, enrolled: Evidence) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    forged = replace(evidence, signature=key.sign(evidence.statement, ec.ECDSA(SHA256())))
    assert refused(forged, enrolled) == "signature"
    own = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert refused(replace(forged, key=own), enrolled) == "key"


def test_attack_the_key_of_the_chip_is_asked_to_sign_what_was_made_up(started: Chip, tmp_path: Path) -> None:
    """It is restricted: it signs what the chip states, and no digest that it is given."""
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
    made = ["-C", "e", "-G", "ecc256:ecdsa-sha256:null", "-a", attributes, "-c", "key"]
    assert started.run("tpm2_createprimary", *made, cwd=tmp_path).returncode == 0
    (tmp_path / "digest").write_bytes(hashlib.sha256(b"\xffTCG made up").digest())
    signed = started.run("tpm2_sign", "-c", "key", "-g", "sha256", "-d", "-o", "s", "digest", cwd=tmp_path)
    started.run("tpm2_flushcontext", "-t")
    assert signed.returncode != 0 and not (tmp_path / "s").exists()


def test_attack_another_statement_of_the_same_chip_is_no_quote(
    started: Chip, evidence: Evidence, enrolled: Evidence, tmp_path: Path
) -> None:
    """Its time, with the right nonce and a good signature."""
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
    made = ["-C", "e", "-G", "ecc256:ecdsa-sha256:null", "-a", attributes, "-c", "key"]
    assert started.run("tpm2_createprimary", *made, cwd=tmp_path).returncode == 0
    words = ["-c", "key", "-g", "sha256", "-q", NONCE.hex(), "-o", "s", "-f", "plain", "--attestation=m"]
    told = started.run("tpm2_gettime", *words, cwd=tmp_path)
    started.run("tpm2_flushcontext", "-t")
    assert told.returncode == 0, told.stderr
    statement, signature = (tmp_path / "m").read_bytes(), (tmp_path / "s").read_bytes()
    assert refused(replace(evidence, statement=statement, signature=signature), enrolled) == "form"


def test_attack_fewer_registers_are_quoted_than_were_enrolled(started: Chip, enrolled: Evidence) -> None:
    assert refused(Tpm(started.tcti, [0, 1, 2]).quote(NONCE), enrolled) == "registers"


def signed(statement: bytes, enrolled: Evidence) -> tuple[Evidence, Evidence]:
    """A statement under a good signature, and whoever enrolled that key."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = Evidence("tpm2", statement, key.sign(statement, ec.ECDSA(SHA256())), pem, GOLDEN)
    return made, replace(enrolled, key=pem)


def judged(statement: bytes, enrolled: Evidence) -> str:
    made, keeper = signed(statement, enrolled)
    return judge(made, nonce=NONCE, enrolled=keeper).kind


def test_a_statement_that_is_not_exactly_a_quote_is_none(evidence: Evidence, enrolled: Evidence) -> None:
    """Under a good signature, so that its form alone decides."""
    good = evidence.statement
    assert judged(good, enrolled) == ""
    bank = good.index(bytes.fromhex("00000001000b03ff0000"))
    wrong = {
        "another magic": b"\0" + good[1:], "another kind": good[:5] + b"\x19" + good[6:], "longer": good + b"\0",
        "two banks": good[:bank] + struct.pack(">I", 2) + good[bank + 4 :],
        "SHA-1": good[: bank + 4] + b"\0\x04" + good[bank + 6 :], "empty": b"",
    } | {f"cut at {place}": good[:place] for place in range(len(good))}  # fmt: skip
    found = {name: judged(statement, enrolled) for name, statement in wrong.items()}
    assert {name: kind for name, kind in found.items() if kind != "form"} == {}


@given(st.binary(max_size=200))
def test_no_statement_breaks_the_judge(statement: bytes) -> None:
    assert judged(statement, Evidence("tpm2", b"", b"", b"", GOLDEN)) == "form"


@pytest.mark.parametrize("key", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_key_that_is_none_signs_nothing(evidence: Evidence, enrolled: Evidence, key: bytes) -> None:
    assert refused(replace(evidence, key=key), replace(enrolled, key=key)) == "signature"


@pytest.mark.parametrize(
    "change",
    [{"schema": "starling.attestation/2"}, {"registers": {}}, {"registers": {"0": "00"}}, {"registers": {"x": "00"}},
     {"statement": "!"}, {"key": "\N{GREEK SMALL LETTER ALPHA}"}, {"kind": None, "registers": []}],
)  # fmt: skip
def test_a_file_that_holds_no_evidence_is_one_line(evidence: Evidence, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"e\.json: holds no boot measurements") as refused:
        read_evidence(json.dumps(json.loads(evidence.text()) | change), "e.json")
    assert refused.value.code == "BAD_ATTESTATION"


def test_without_a_chip_without_its_tools_or_with_a_wrong_nonce_nothing_is_quoted(
    monkeypatch: pytest.MonkeyPatch, started: Chip, tmp_path: Path
) -> None:
    for chip_, nonce, said in (
        (Tpm(f"swtpm:path={tmp_path / 'none'}"), NONCE, "tpm2_createprimary"),
        (Tpm(started.tcti), b"", "1 to 32 bytes"),
        (Tpm(started.tcti), bytes(33), "1 to 32 bytes"),
        (Tpm(started.tcti, [0, 99]), NONCE, "tpm2_quote"),
    ):
        with pytest.raises(TrustError, match=said) as refused:
            chip_.quote(nonce)
        assert refused.value.code == "NO_QUOTE"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TrustError, match="is not installed"):
        Tpm(started.tcti).quote(NONCE)
