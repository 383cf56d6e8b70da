"""What the gateway reads from the environment."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from libs.chassis.settings import LOCAL_HOST, ServiceSettings

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Settings(ServiceSettings):
    """What the gateway reads from the environment, beside what every service does."""

    port: int = Field(default=8000, ge=0, le=65535)
    autopay_url: str = f"http://{LOCAL_HOST}:8201"
    trusted_profile_url: str = ""  # login.gov.pl; empty: nobody signs in by Profil Zaufany
    trusted_profile_hosts: Annotated[tuple[str, ...], NoDecode] = ()  # origins it may redirect the form to, by ","
    payer_fee_grosze: int = Field(default=0, ge=0, le=100_00)  # what Autopay adds for the payer, as agreed with it
    payer_fee_percent: Decimal = Field(default=Decimal(0), ge=0, le=10)
    company_name: str = "Towarzystwo Budownictwa Społecznego"
    company_contact: str = ""
    company_email: str = ""
    company_phone: str = ""
    company_privacy_officer: str = ""  # an e-mail address
    company_transfer_name: str = ""  # the recipient of transfers; 20 characters fit into their QR code
    company_nip: str = Field("", pattern=r"^([0-9]{10})?$")  # stands in that code
    accessibility_status: Literal["zgodna", "częściowo zgodna", "niezgodna"] = "częściowo zgodna"
    accessibility_gaps: Annotated[tuple[str, ...], NoDecode] = ()  # sentences, one after another by "|"
    accessibility_person: str = ""
    accessibility_building: str = ""
    accessibility_published_on: date | None = None
    accessibility_updated_on: date | None = None
    accessibility_prepared_on: date | None = None
    accessibility_reviewed_on: date | None = None

    @field_validator("accessibility_gaps", mode="before")
    @classmethod
    def _sentences(cls, value: Any) -> Any:
        return [part.strip() for part in value.split("|") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_profile_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _https_beyond_this_machine(self) -> "Settings":
        """A session cookie crosses a network only under https."""
        address = urlsplit(self.public_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError("IOK_PUBLIC_URL is no address of a web site")
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError("IOK_PUBLIC_URL must be https: plain http is for this machine alone (loopback)")
        return self

    def trusted_profile_urls(self) -> tuple[str, ...]:
        """login.gov.pl first, then where it may lead its visitors; nothing while it is not configured."""
        return (self.trusted_profile_url, *self.trusted_profile_hosts) if self.trusted_profile_url else ()

    def services(self) -> Mapping[str, str]:
        """The addresses of the services asked."""
        return {
            "identity": self.identity_url,
            "ledger": self.ledger_url,
            "payments": self.payments_url,
            "correspondence": self.correspondence_url,
        }
