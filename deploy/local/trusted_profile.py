"""Profil Zaufany on one machine: three key pairs made at the first start, and what each side is told of them.

The demo's identity signs and decrypts with two of them, the stand-in for login.gov.pl signs with the third.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.local.places import PRIVATE, write_private

ISSUER = "iok-sandbox"
IDP_ISSUER = "login.gov.pl"
PAIRS: Mapping[str, str] = {"signing": "IOK signing", "encryption": "IOK encryption", "idp": "login.gov.pl (sandbox)"}
VALID = timedelta(days=3_650)
GIVEN = (
    "ISSUER",
    "IDP_ISSUER",
    "PROVIDER_NAME",
    "SP_TYPE",
    "LEVEL",
    "SIGNING_KEY",
    "SIGNING_CERTIFICATE",
    "ENCRYPTION_KEY",
    "ENCRYPTION_CERTIFICATE",
    "IDP_CERTIFICATES",
)
"""What an outside login.gov.pl needs besides its address (`docs/operations.md`)."""


def given(environment: Mapping[str, str]) -> dict[str, str]:
    """What the launcher's environment says of an outside login.gov.pl, for identity."""
    names = [f"IOK_TRUSTED_PROFILE_{name}" for name in GIVEN]
    return {name: environment[name] for name in names if environment.get(name)}


def of_identity(folder: Path) -> dict[str, str]:
    """What identity is told of the stand-in: our id there, our keys, its certificate."""
    return _known_to_both(folder) | {
        "IOK_TRUSTED_PROFILE_SIGNING_KEY": str(_key(folder, "signing")),
        "IOK_TRUSTED_PROFILE_ENCRYPTION_KEY": str(_key(folder, "encryption")),
        "IOK_TRUSTED_PROFILE_IDP_CERTIFICATES": str(_certificate(folder, "idp")),
    }


def of_sandbox(folder: Path) -> dict[str, str]:
    """What the stand-in is told: its own key, our id and certificates."""
    return _known_to_both(folder) | {
        "IOK_SANDBOX_TRUSTED_PROFILE_KEY": str(_key(folder, "idp")),
        "IOK_SANDBOX_TRUSTED_PROFILE_CERTIFICATE": str(_certificate(folder, "idp")),
    }


def _known_to_both(folder: Path) -> dict[str, str]:
    return {
        "IOK_TRUSTED_PROFILE_ISSUER": ISSUER,
        "IOK_TRUSTED_PROFILE_IDP_ISSUER": IDP_ISSUER,
        "IOK_TRUSTED_PROFILE_SIGNING_CERTIFICATE": str(_certificate(folder, "signing")),
        "IOK_TRUSTED_PROFILE_ENCRYPTION_CERTIFICATE": str(_certificate(folder, "encryption")),
    }


def ensure_pairs(folder: Path) -> None:
    """Make the key pairs that are not there yet; a pair stays the same as long as its folder does."""
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    for name, subject in PAIRS.items():
        if not _certificate(folder, name).exists():
            _make(folder, name, subject)


def _make(folder: Path, name: str, subject: str) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    built = x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + VALID)
    certificate = built.sign(key, SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    write_private(_key(folder, name), pem)
    write_private(_certificate(folder, name), certificate.public_bytes(Encoding.PEM).decode())


def _key(folder: Path, name: str) -> Path:
    return folder / f"{name}.key.pem"


def _certificate(folder: Path, name: str) -> Path:
    return folder / f"{name}.crt.pem"
