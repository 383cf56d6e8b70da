"""Settings of the stand-in for login.gov.pl, all from the environment (prefix ``IOK_``)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the stand-in is told: its key, the service it knows, where test persons are found.

    Keys and certificates are paths of PEM files. A malformed value raises ``pydantic.ValidationError`` at start.
    """

    model_config = SettingsConfigDict(env_prefix="IOK_", env_ignore_empty=True, extra="ignore", frozen=True)

    public_url: str = "http://127.0.0.1:8000"
    var: Path = Path("var")
    log_level: str = "INFO"

    trusted_profile_issuer: str = "iok-sandbox"
    trusted_profile_idp_issuer: str = "login.gov.pl"
    trusted_profile_signing_certificate: Path = Path("signing.crt.pem")
    """The service's own, by which its messages are known."""
    trusted_profile_encryption_certificate: Path = Path("encryption.crt.pem")

    sandbox_trusted_profile_port: int = Field(8202, ge=0, le=65535)
    sandbox_trusted_profile_key: Path = Path("idp.key.pem")
    sandbox_trusted_profile_certificate: Path = Path("idp.crt.pem")

    @property
    def consumer_url(self) -> str:
        """Where people are sent back to."""
        return self.public_url.rstrip("/") + "/profil-zaufany/acs"

    @property
    def people_folder(self) -> Path:
        """The demo company's export, from which test persons are taken."""
        return self.var / "demo" / "export"
