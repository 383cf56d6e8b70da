"""What payments reads from the environment."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from libs.chassis.settings import StoringSettings

LIMIT_GROSZE = 10_000_000  # 100 000 zł: the most that any of Autopay's channels takes at once
SANDBOX_KEY = "sandbox-autopay-key"  # the local sandbox's, known to everybody
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(StoringSettings):
    """Payments' settings; `autopay_*` as agreed with Autopay, by default the local sandbox."""

    port: int = 8103
    autopay_url: str = "http://127.0.0.1:8201"
    autopay_service_id: str = Field("100001", pattern=r"^[0-9]{1,10}$")
    autopay_key: SecretStr = SecretStr(SANDBOX_KEY)
    autopay_hash: Literal["sha256", "sha512"] = "sha256"
    limit_grosze: int = Field(LIMIT_GROSZE, ge=1, le=10**11)

    @model_validator(mode="after")
    def _key_is_secret(self) -> Self:
        """Refuse the sandbox's key anywhere else: with it, anybody could report a payment."""
        host = urlsplit(self.autopay_url).hostname
        if self.autopay_key.get_secret_value() == SANDBOX_KEY and host not in LOOPBACK:
            raise ValueError("IOK_AUTOPAY_KEY is missing: give the key shared with Autopay")
        return self
