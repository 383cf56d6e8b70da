"""The keys of both sides: ours to sign and to decrypt, the certificates by which login.gov.pl is known."""

from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

CURVE: Final = "secp256r1"


class BadKeyError(ValueError):
    """A key or certificate cannot be used; the text names it and never repeats it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Two pairs on P-256 issued to us, and every certificate that login.gov.pl may sign with (two while it changes)."""

    signing_key: ec.EllipticCurvePrivateKey = field(repr=False)
    signing_certificate: x509.Certificate
    encryption_key: ec.EllipticCurvePrivateKey = field(repr=False)
    encryption_certificate: x509.Certificate
    idp_certificates: tuple[x509.Certificate, ...]


def read_key(name: str, pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a private key on P-256.

    Raises:
        BadKeyError: it is none, or locked by a password.
    """
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise BadKeyError(f"{name} is no private key in PEM without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != CURVE:
        raise BadKeyError(f"{name} is no key on the curve P-256")
    return key


def read_certificates(name: str, pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read certificates, at least one, each of a key on P-256.

    Raises:
        BadKeyError: there is none, or of another kind of key.
    """
    try:
        found = tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise BadKeyError(f"{name} is no certificate in PEM") from None
    for certificate in found:
        public = certificate.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != CURVE:
            raise BadKeyError(f"{name} is no certificate of a key on the curve P-256")
    return found


def read_pair(name: str, key_pem: bytes, certificate_pem: bytes) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Read a private key and the certificate of the same key.

    Raises:
        BadKeyError: one of them cannot be used, or they do not belong together.
    """
    key, certificate = read_key(f"{name}_KEY", key_pem), read_certificates(f"{name}_CERTIFICATE", certificate_pem)[0]
    if certificate.public_key() != key.public_key():
        raise BadKeyError(f"{name}_CERTIFICATE is not the certificate of {name}_KEY")
    return key, certificate
