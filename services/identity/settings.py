"""What identity reads from the environment, beside what every service reads."""

import base64
import binascii
from typing import Final

from pydantic import SecretStr

from libs.chassis.settings import StoringSettings

KEY_BYTES: Final = 32


class MissingKeyError(Exception):
    """A secret that this deed needs is not set, or is no key."""


class Settings(StoringSettings):
    """Settings of identity; `IOK_IDENTITY_…` and, for those it shares, `IOK_…`."""

    port: int = 8101
    signing_key: SecretStr = SecretStr("")
    letter_key: SecretStr = SecretStr("")
    company_name: str = "Towarzystwo Budownictwa Społecznego"
    company_contact: str = ""

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
