"""What a device started with, told by hardware that it cannot lie to: the interface, and what makes a quote believed.

A quote is signed by a key that never leaves its chip and signs nothing else.  It states the registers that firmware,
boot loader and kernel were measured into, and a nonce of whoever asks, so that an old one cannot be told again.
Whoever asks compares with what the device said when it was enrolled.  Pure functions; `starling.trust.tpm` quotes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import struct
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from starling.errors import InputError, TrustError
from starling.values import dataclass

__all__ = ["Attestation", "Evidence", "Judgement", "judge", "read_evidence"]

#: Firmware, its settings, boot loader, its settings, and the state of Secure Boot.
#: Source: TCG PC Client Platform Firmware Profile, 2.3.4: PCR 0 to 7.
BOOT_REGISTERS: Final = (0, 1, 2, 3, 4, 5, 6, 7)
#: Bytes of a nonce: as many as a TPM takes where SHA-256 is its longest digest.  Source: TPM 2.0 Part 2, 10.4.3.
LONGEST_NONCE: Final = 32
_SCHEMA: Final = "starling.attestation/1"
#: Source: TPM 2.0 Part 2, 6.2 (TPM_GENERATED_VALUE), 6.9 (TPM_ST_ATTEST_QUOTE), 6.3 (TPM_ALG_SHA256).
_GENERATED, _QUOTE, _SHA256 = 0xFF544347, 0x8018, 0x000B
#: clock, resetCount, restartCount, safe, firmwareVersion.  Source: TPM 2.0 Part 2, 10.11.1 and 10.12.8.
_CLOCK_BYTES: Final = 8 + 4 + 4 + 1 + 8

Kind = Literal["", "key", "signature", "form", "nonce", "registers", "measurements"]
_SAID: Final[Mapping[str, str]] = {
    "": "the device started with what it was enrolled with",
    "key": "another key than the one that was enrolled",
    "signature": "the enrolled key did not sign this",
    "form": "what was signed is no quote of a TPM",
    "nonce": "made for another nonce: an old quote, or one for somebody else",
    "registers": "quotes other registers than were enrolled",
    "measurements": "the device started with something else than it was enrolled with",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a device says of its start.

    `kind`: of hardware, `tpm2`.  `statement`: what was signed (TPMS_ATTEST).  `signature`: DER.  `key`: public, PEM.
    `registers`: number -> value, SHA-256 bank; what the statement holds is their digest alone.
    """

    kind: str
    statement: bytes
    signature: bytes
    key: bytes
    registers: Mapping[int, bytes]

    def plain(self) -> dict[str, Any]:
        """As it is written and reported."""
        return {
            "schema": _SCHEMA,
            "kind": self.kind,
            "statement": base64.b64encode(self.statement).decode("ascii"),
            "signature": base64.b64encode(self.signature).decode("ascii"),
            "key": self.key.decode("ascii"),
            "registers": {str(number): value.hex() for number, value in sorted(self.registers.items())},
        }

    def text(self) -> str:
        """A file of it."""
        return json.dumps(self.plain(), indent=1) + "\n"


class Attestation(Protocol):
    """Hardware that quotes what a device started with."""

    def quote(self, nonce: bytes) -> Evidence:
        """A new quote for this nonce (1 to 32 bytes).  Raises: TrustError NO_QUOTE, the security officer's."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """`kind`: why a quote is not believed, empty when it is.  `registers`: those that differ, where that is known."""

    kind: Kind
    registers: tuple[int, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it is believed."""
        return not self.kind

    def text(self) -> str:
        """One line for a person."""
        where = f" (register {', '.join(map(str, self.registers))})" if self.registers else ""
        return f"{self.kind}: {_SAID[self.kind]}{where}" if self.kind else _SAID[""]

    def require(self) -> Judgement:
        """The judgement, which is sound.  Raises: TrustError ATTESTATION_REFUSED with the line."""
        if self.kind:
            raise TrustError("ATTESTATION_REFUSED", f"boot measurements: {self.text()}")
        return self


@dataclass(frozen=True, slots=True)
class _Quote:
    """What a TPMS_ATTEST of a quote states."""

    nonce: bytes
    registers: tuple[int, ...]
    digest: bytes


def judge(evidence: Evidence, *, nonce: bytes, enrolled: Evidence) -> Judgement:
    """Whether a device started as it did when it was enrolled; the first thing that is wrong.

    Nothing of the statement is read before its signature fits the key that was enrolled.
    """
    if evidence.key != enrolled.key or evidence.kind != enrolled.kind:
        return Judgement("key")
    if not _is_signed(evidence, enrolled.key):
        return Judgement("signature")
    quote = _read(evidence.statement)
    if quote is None:
        return Judgement("form")
    if not hmac.compare_digest(quote.nonce, nonce):
        return Judgement("nonce")
    if quote.registers != tuple(sorted(enrolled.registers)):
        return Judgement("registers")
    if quote.digest == _digest(enrolled.registers):
        return Judgement("")
    told = evidence.registers if _digest(evidence.registers) == quote.digest else {}
    differing = (each for each in quote.registers if told.get(each) != enrolled.registers[each])
    return Judgement("measurements", tuple(differing))


def read_evidence(text: str, source: str) -> Evidence:
    """The evidence in a file.  Raises: InputError BAD_ATTESTATION, the sender's."""
    try:
        read = json.loads(text)
        registers = {int(number): bytes.fromhex(value) for number, value in read["registers"].items()}
        statement, signature = (base64.b64decode(read[name], validate=True) for name in ("statement", "signature"))
        if read["schema"] != _SCHEMA or not registers or any(len(value) != 32 for value in registers.values()):
            raise ValueError("not of this version, or no registers of 32 bytes")
        return Evidence(str(read["kind"]), statement, signature, str(read["key"]).encode("ascii"), registers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise InputError("BAD_ATTESTATION", "holds no boot measurements of a device", source=source) from error


def _is_signed(evidence: Evidence, key_pem: bytes) -> bool:
    try:
        key = load_pem_public_key(key_pem)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return False
        key.verify(evidence.signature, evidence.statement, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _digest(registers: Mapping[int, bytes]) -> bytes:
    """Source: TPM 2.0 Part 3, 18.4.1: the digest of the selected registers, in ascending order."""
    return hashlib.sha256(b"".join(registers[number] for number in sorted(registers))).digest()


def _read(statement: bytes) -> _Quote | None:
    """What a TPMS_ATTEST states; None when it is not exactly a quote of one bank of SHA-256.

    Source: TPM 2.0 Part 2, 10.12.8 (TPMS_ATTEST), 10.12.1 (TPMS_QUOTE_INFO), 10.9.7 (TPML_PCR_SELECTION).
    """
    try:
        magic, kind = struct.unpack_from(">IH", statement)
        _, rest = _sized(statement[6:])
        nonce, rest = _sized(rest)
        count, bank, octets = struct.unpack_from(">IHB", rest, _CLOCK_BYTES)
        rest = rest[_CLOCK_BYTES + 7 :]
        digest, end = _sized(rest[octets:])
    except struct.error:
        return None
    if (magic, kind, count, bank, end) != (_GENERATED, _QUOTE, 1, _SHA256, b""):
        return None
    bits = int.from_bytes(rest[:octets], "little")
    return _Quote(nonce, tuple(each for each in range(octets * 8) if bits >> each & 1), digest)


def _sized(data: bytes) -> tuple[bytes, bytes]:
    """(what a size of two bytes before it says, the rest).  Raises: struct.error when there is less."""
    (size,) = struct.unpack_from(">H", data)
    (value,) = struct.unpack_from(f"{size}s", data, 2)
    return value, data[2 + size :]
