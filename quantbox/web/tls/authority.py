"""The local certificate authority and the leaf certificates it signs.

The authority can sign for nothing but this installation's own name and private addresses: whoever installs it on a
tablet hands no power over other sites to this program, nor to a thief of its key.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from quantbox.web.tls.addresses import PRIVATE_NETWORKS

__all__ = ["Authority", "Leaf", "create_authority", "issue_leaf", "new_local_name"]

AUTHORITY_LIFE = timedelta(days=3652)
#: Browsers refuse leaves that live longer than 398 days; one of them is for clocks that are behind ours.
LEAF_LIFE = timedelta(days=397)
CLOCK_SKEW = timedelta(days=1)
RENEW_BEFORE_END = timedelta(days=30)

_NAME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_NAME_LENGTH = 10


@dataclass(frozen=True)
class Authority:
    """The installation's certificate authority."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def load(cls, certificate: bytes, key: bytes) -> Authority:
        """Return the authority kept as DER."""
        loaded = serialization.load_der_private_key(key, password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is not of an elliptic curve")
        return cls(x509.load_der_x509_certificate(certificate), loaded)

    def certificate_bytes(self) -> bytes:
        """Return the certificate as DER, which every system installs."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def key_bytes(self) -> bytes:
        """Return the private key as DER, in plaintext: for sealing only."""
        return self.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass(frozen=True)
class Leaf:
    """A certificate the listener shows, and its key, which lives in memory alone."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    addresses: tuple[str, ...]

    @property
    def not_after(self) -> datetime:
        """When it ends."""
        return self.certificate.not_valid_after_utc

    def fits(self, authority: x509.Certificate, addresses: Sequence[str], now: datetime) -> bool:
        """Return whether another one would be no better: this is by the authority, for just these addresses, far from its end."""
        is_near_end = now >= self.not_after - RENEW_BEFORE_END and self.not_after < authority.not_valid_after_utc
        is_by_authority = self.certificate.issuer == authority.subject
        return is_by_authority and set(self.addresses) == set(addresses) and not is_near_end


def new_local_name() -> str:
    """Return a random host name in .local; it says nothing of the program, and no two installations share it."""
    return "".join(secrets.choice(_NAME_LETTERS) for _ in range(_NAME_LENGTH)) + ".local"


def create_authority(name: str, now: datetime) -> Authority:
    """Make an authority that can sign for `name` and private addresses only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "QuantBox"), x509.NameAttribute(NameOID.COMMON_NAME, f"QuantBox {name}")]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(name), *map(x509.IPAddress, PRIVATE_NETWORKS)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        # a root without purposes is trusted by Windows for signed programs and mail as well
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def issue_leaf(authority: Authority, name: str, addresses: Sequence[str], now: datetime) -> Leaf:
    """Sign a new certificate for `name` and `addresses`; it ends no later than the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    alternatives: list[x509.GeneralName] = [x509.DNSName(name), *(x509.IPAddress(ip_address(one)) for one in addresses)]
    begin = now - CLOCK_SKEW
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(min(begin + LEAF_LIFE, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            ),
            critical=False,
        )
    )
    return Leaf(builder.sign(authority.key, hashes.SHA256()), key, tuple(addresses))


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
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
