"""A small authority: certificates for the device and for those who may call it, and nothing else.

Role and site stand in the subject (OU and O), the name in CN; TLS itself verifies, this module only issues and reads.
Keys are on P-256, which browsers and every TLS library take.  Source: RFC 5280; NIST SP 800-52 for the curve.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from starling.errors import TrustError
from starling.values import dataclass

__all__ = ["Authority", "Identity", "Issued", "identity_of", "serial_text"]

#: How long an authority lasts, in days (ours: longer than the device); certificates end with it at the latest.
_AUTHORITY_DAYS: Final = 3_650
#: Clocks of others may be behind by this much (ours): a certificate is good from so long before it was issued.
SKEW: Final = timedelta(minutes=5)
#: Bytes of a field of a subject, at most: the library counts so.  Source: RFC 5280, appendix A.1, ub-common-name.
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a certificate is for.  `ends`: the moment from which on it is worth nothing, UTC.  `serial`: hex digits."""

    name: str
    role: str
    site: str
    hosts: tuple[str, ...]
    ends: datetime
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key, which is nowhere else.  `chain`: PEM, its own certificate and the authority's."""

    chain: bytes
    key: EllipticCurvePrivateKey

    def private_pem(self, password: bytes | None = None) -> bytes:
        """The key as a PEM file (PKCS 8), encrypted where there is a password."""
        return _private_pem(self.key, password)


class Authority:
    """Issues certificates.  `pem`: its own, which whoever verifies must have."""

    def __init__(self, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, name: str = "Starling node authority", *, days: int = _AUTHORITY_DAYS) -> Authority:
        """A new authority."""
        key = generate_private_key(SECP256R1())
        subject = _subject(name, "", "")
        builder = _builder(subject, subject, key.public_key(), _now() + timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        number = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return cls(builder.add_extension(number, critical=False).sign(key, SHA256()), key)

    @classmethod
    def load(cls, pem: bytes, private_pem: bytes, password: bytes | None = None) -> Authority:
        """The authority of these files.  Raises: TrustError CERTIFICATE_REFUSED when they are none, or of two."""
        certificate = _read(pem)
        try:
            key = serialization.load_pem_private_key(private_pem, password)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _refused("the authority's key cannot be read, or the password is wrong") from error
        if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise _refused("the key is not the one of this authority")
        return cls(certificate, key)

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def private_pem(self, password: bytes | None = None) -> bytes:
        """Its key as a PEM file (PKCS 8), encrypted where there is a password."""
        return _private_pem(self._key, password)

    def issue(
        self, subject: str, *, role: str, site: str, hosts: Iterable[str] = (), days: int, person: str = ""
    ) -> Issued:
        """A certificate with a new key.  With `hosts` (names or addresses) it is a server's, without a client's.

        `person`: another name of whoever has it (UID of the subject).

        Raises: TrustError CERTIFICATE_REFUSED for a subject that no certificate can hold, or no time to last.
        """
        names = tuple(hosts)
        ends = min(_now() + timedelta(days=days), self._certificate.not_valid_after_utc)
        key = generate_private_key(SECP256R1())
        builder = _builder(_subject(subject, role, site, person), self._certificate.subject, key.public_key(), ends)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
        for extension, critical in (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(signs_certificates=False), True),
            (x509.ExtendedKeyUsage([purpose]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False),
            *([(x509.SubjectAlternativeName([*map(_host, names)]), False)] if names else ()),
        ):
            builder = builder.add_extension(extension, critical=critical)
        own = builder.sign(self._key, SHA256())
        return Issued(own.public_bytes(serialization.Encoding.PEM) + self.pem, key)

    def renew(self, pem: bytes, *, days: int, hosts: Iterable[str] = ()) -> Issued:
        """A certificate for whom this one was, with a new key.  The old one is not taken back: it ends by itself.

        `hosts`: more names or addresses of a server.
        Raises: TrustError CERTIFICATE_REFUSED for one that this authority did not issue.
        """
        certificate = _read(pem)
        try:
            certificate.verify_directly_issued_by(self._certificate)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise _refused("not one of this authority") from error
        was = _identity(certificate)
        return self.issue(was.name, role=was.role, site=was.site, hosts=dict.fromkeys((*was.hosts, *hosts)), days=days)


def identity_of(pem: bytes) -> Identity:
    """Who a certificate (the first of a chain) says it is for; whether to believe it, TLS has decided.

    Raises: TrustError CERTIFICATE_REFUSED for what is no certificate, or not one with a name, a role and a site.
    """
    return _identity(_read(pem))


def _builder(
    subject: x509.Name, issuer: x509.Name, public: EllipticCurvePublicKey, ends: datetime
) -> x509.CertificateBuilder:
    begins = _now() - SKEW
    if ends <= begins:
        raise _refused("it would end before it begins")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _subject(name: str, role: str, site: str, person: str = "") -> x509.Name:
    fields = {NameOID.COMMON_NAME: name, NameOID.ORGANIZATIONAL_UNIT_NAME: role, NameOID.ORGANIZATION_NAME: site}
    fields[NameOID.USER_ID] = person
    for each in fields.values():
        if len(each.encode("utf-8", "replace")) > _LONGEST or not (each.isprintable() and each == each.strip()):
            raise _refused(f"{each!a} cannot stand in a subject: {_LONGEST} bytes at most, all of which can be shown")
    if not name:
        raise _refused("a subject has a name")
    return x509.Name([x509.NameAttribute(oid, each) for oid, each in fields.items() if each])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not name.isascii():
        raise _refused(f"{name!a} is not spelled as the name of a host")
    return x509.DNSName(name)


def _read(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise _refused("not a PEM file of a certificate") from error


def _identity(certificate: x509.Certificate) -> Identity:
    try:
        oids = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME)
        found = [[str(each.value) for each in certificate.subject.get_attributes_for_oid(oid)] for oid in oids]
        ends = certificate.not_valid_after_utc
        hosts = _hosts(certificate)
    except ValueError as error:
        raise _refused("a field of it cannot be read") from error
    if any(len(values) != 1 or not values[0] for values in found):
        raise _refused("its subject has not one name, one role and one site")
    name, role, site = (values[0] for values in found)
    return Identity(name, role, site, hosts, ends, serial_text(certificate.serial_number))


def serial_text(number: int) -> str:
    """A serial number as OpenSSL, and so TLS in Python, spells it: whole bytes in capital digits.

    >>> serial_text(0xABC)
    '0ABC'
    """
    digits = f"{number:X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each.value) for each in names if isinstance(each, x509.DNSName | x509.IPAddress))


def _private_pem(key: EllipticCurvePrivateKey, password: bytes | None) -> bytes:
    how: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def _now() -> datetime:
    return datetime.now(UTC)


def _refused(reason: str) -> TrustError:
    return TrustError("CERTIFICATE_REFUSED", f"certificate: {reason}")
