"""What identity reads from the environment, beside what every service reads."""

import base64
import binascii
from pathlib import Path
from typing import Final, Literal

from pydantic import SecretStr

from libs.chassis.settings import StoringSettings

KEY_BYTES: Final = 32
PEM_BEGINS: Final = "-----BEGIN"


class MissingKeyError(Exception):
    """A secret that this deed needs is not set, or is no key."""


class Settings(StoringSettings):
    """Settings of identity; `IOK_IDENTITY_…` and, for those it shares, `IOK_…`."""

    port: int = 8101
    signing_key: SecretStr = SecretStr("")
    letter_key: SecretStr = SecretStr("")
    company_name: str = "Towarzystwo Budownictwa Społecznego"
    company_contact: str = ""
    trusted_profile_url: str = ""
    """login.gov.pl, without a slash at its end; empty: nobody signs in by Profil Zaufany."""
    trusted_profile_issuer: str = ""
    """Our id there, as given by its operator."""
    trusted_profile_idp_issuer: str = "login.gov.pl"
    trusted_profile_provider_name: str = ""
    """Who asks, as people read it there; empty: the company's name."""
    trusted_profile_sp_type: Literal["public", "private"] = "public"
    trusted_profile_level: Literal["low", "substantial", "high"] = "substantial"
    trusted_profile_signing_key: SecretStr = SecretStr("")
    trusted_profile_signing_certificate: str = ""
    trusted_profile_encryption_key: SecretStr = SecretStr("")
    trusted_profile_encryption_certificate: str = ""
    trusted_profile_idp_certificates: str = ""
    """Those that login.gov.pl may sign with; these five are PEM, or the path of a file with it."""

    def letter_key_bytes(self) -> bytes:
        """Give the key under which letters' passwords, PESEL and throttled subjects are hashed.

        Raises:
            MissingKeyError: it is not set, or is not 32 bytes in base64.
        """
        return key_bytes("IOK_IDENTITY_LETTER_KEY", self.letter_key.get_secret_value())

    def signing_seed(self) -> str:
        """Give the private key of the tokens, in base64.

        Raises:
            MissingKeyError: it is not set, or is not 32 bytes in base64.
        """
        written = self.signing_key.get_secret_value()
        key_bytes("IOK_IDENTITY_SIGNING_KEY", written)
        return written


def pem_bytes(variable: str, written: str) -> bytes:
    """Read a key or certificate: PEM as it is, or the file it lies in.

    Raises:
        MissingKeyError: it is missing, or its file cannot be read; the text never repeats PEM.
    """
    if written.lstrip().startswith(PEM_BEGINS):
        return written.encode()
    try:
        return Path(written).read_bytes() if written else b""
    except OSError as error:
        raise MissingKeyError(f"{variable}: {written} cannot be read: {error.strerror}") from error


def key_bytes(variable: str, written: str) -> bytes:
    """Read a key of 32 bytes written in base64.

    Raises:
        MissingKeyError: it is missing or something else; the text never repeats it.
    """
    try:
        key = base64.b64decode(written, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise MissingKeyError(f"{variable} must be {KEY_BYTES} random bytes in base64: `openssl rand -base64 32`")
    return key
