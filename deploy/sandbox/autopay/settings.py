"""Settings of the Autopay stand-in, all from the environment (prefix ``IOK_``)."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the stand-in is told: our service's number and key, where to notify, what to charge.

    Times are seconds, money is grosze. A malformed value raises ``pydantic.ValidationError`` at start.
    """

    model_config = SettingsConfigDict(env_prefix="IOK_", env_ignore_empty=True, extra="ignore", frozen=True)

    autopay_service_id: str = Field("100001", pattern=r"^[0-9]{1,10}$")
    autopay_key: SecretStr = SecretStr("sandbox-autopay-key")
    public_url: str = "http://127.0.0.1:8000"
    var: Path = Path("var")
    log_level: str = "INFO"

    sandbox_autopay_port: int = Field(8201, ge=0, le=65535)
    sandbox_autopay_itn_url: str | None = None
    sandbox_autopay_return_url: str | None = None
    sandbox_autopay_fee_grosze: int = Field(0, ge=0, le=100_000)
    """Added to what the payer pays."""
    sandbox_autopay_fee_in_amount: bool = True
    """True: the notification has amount with the fee and startAmount without it. False: amount without it, no more."""
    sandbox_autopay_itn_delay_seconds: float = Field(0.5, ge=0, le=3600)
    sandbox_autopay_itn_timeout_seconds: float = Field(10, gt=0, le=120)
    sandbox_autopay_retry_seconds: str = "1,2,4,8,15,30,60,180,600"
    """Gaps between the tries of one notification; the last one repeats."""
    sandbox_autopay_block_paid: bool = False
    """True: an order paid already is refused; False: the payer may pay it twice, as happens in the field."""

    @field_validator("sandbox_autopay_retry_seconds")
    @classmethod
    def _gaps_are_numbers(cls, value: str) -> str:
        if not value.strip() or any(float(gap) <= 0 for gap in value.split(",")):
            raise ValueError("give positive numbers of seconds with commas between them, as 1,2,4")
        return value

    @property
    def itn_url(self) -> str:
        """Where notifications go."""
        return self.sandbox_autopay_itn_url or self.public_url.rstrip("/") + "/autopay/itn"

    @property
    def return_url(self) -> str:
        """Where the payer's browser goes back to."""
        return self.sandbox_autopay_return_url or self.public_url.rstrip("/") + "/autopay/return"

    @property
    def retry_gaps_seconds(self) -> tuple[float, ...]:
        """Gaps between tries, in seconds."""
        return tuple(float(gap) for gap in self.sandbox_autopay_retry_seconds.split(","))

    @property
    def database(self) -> Path:
        """The SQLite file that makes transactions and unsent notifications outlive a restart."""
        return self.var / "sandbox" / "autopay.sqlite3"
