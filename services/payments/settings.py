"""What payments reads from the environment."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from libs.chassis.settings import StoringSettings

LIMIT_GROSZE = 10_000_000  # 100 000 zł: the most that any of Autopay's channels takes at once
SANDBOX_KEY = "sandbox-autopay-key"  # the local sandbox's, known to everybody
AUTOPAY_NAMES = (
    r"(?i)\b(autopay|blue\s*media)\b"  # as it calls itself, and did before 2021; no source for its transfers
)
DAY_IN_TITLE = r"(?P<year>20\d\d)-?(?P<month>[01]\d)-?(?P<day>[0-3]\d)"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(StoringSettings):
    """Payments' settings; `autopay_*` as agreed with Autopay, by default the local sandbox."""

    port: int = 8103
    autopay_url: str = "http://127.0.0.1:8201"
    autopay_service_id: str = Field("100001", pattern=r"^[0-9]{1,10}$")
    autopay_key: SecretStr = SecretStr(SANDBOX_KEY)
    autopay_hash: Literal["sha256", "sha512"] = "sha256"
    limit_grosze: int = Field(LIMIT_GROSZE, ge=1, le=10**11)

    # Bank statements: our accounts as `number=profile,number` (one without: by its bank's profile; none: any
    # account), a file of profiles in place of our own, the digits before a payer's id in virtual accounts (sort code
    # and client).
    our_accounts: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    bank_profiles: Path | None = None
    virtual_prefix: str = Field("", pattern=r"^[0-9]{0,12}$")
    # How Autopay's settlements are known: a pattern of its name, its accounts, a pattern of the day in the title.
    settlement_sender: str = AUTOPAY_NAMES
    settlement_accounts: Annotated[tuple[str, ...], NoDecode] = ()
    settlement_paid_day: str = DAY_IN_TITLE

    @field_validator("our_accounts", mode="before")
    @classmethod
    def _accounts_and_profiles(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs = (part.partition("=") for part in value.split(",") if part.strip())
        return {account.replace(" ", "").removeprefix("PL"): profile.strip() for account, _, profile in pairs}

    @field_validator("settlement_accounts", mode="before")
    @classmethod
    def _accounts(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.replace(" ", "").removeprefix("PL") for part in value.split(",") if part.strip())

    @field_validator("settlement_sender", "settlement_paid_day")
    @classmethod
    def _pattern(cls, value: str) -> str:
        re.compile(value)
        return value

    @model_validator(mode="after")
    def _key_is_secret(self) -> Self:
        """Refuse the sandbox's key anywhere else: with it, anybody could report a payment."""
        host = urlsplit(self.autopay_url).hostname
        if self.autopay_key.get_secret_value() == SANDBOX_KEY and host not in LOOPBACK:
            raise ValueError("IOK_AUTOPAY_KEY is missing: give the key shared with Autopay")
        return self
