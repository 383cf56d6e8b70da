"""Settings of a service: the environment over the local stack's file over defaults that work on one machine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOCAL_HOST = "127.0.0.1"


class KafkaSettings(BaseModel):
    """How to reach Kafka, for every client library alike."""

    bootstrap: str
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
    username: str
    password: SecretStr
    ca: str
    topic_prefix: str
    group_instance: str = ""
    """Who reads, by a name that outlives the process: started again, it has its partitions back at once."""

    def physical(self, topic: str) -> str:
        """The name of a topic at the broker: tests keep apart by a prefix, events and digests never see it."""
        return self.topic_prefix + topic

    def logical(self, topic: str) -> str:
        """The name of a topic as events and digests know it."""
        return topic.removeprefix(self.topic_prefix)


class ServiceSettings(BaseSettings):
    """What every service reads from the environment (all names begin with `IOK_`)."""

    model_config = SettingsConfigDict(env_prefix="IOK_", extra="ignore", frozen=True, env_ignore_empty=True)

    kafka_bootstrap: str = f"{LOCAL_HOST}:9092"
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_ca: str = ""
    kafka_topic_prefix: str = ""
    kafka_group_instance: str = ""
    company_sources: Annotated[frozenset[str], NoDecode] = frozenset({"erp"})
    public_url: str = f"http://{LOCAL_HOST}:8000"
    identity_url: str = f"http://{LOCAL_HOST}:8101"
    ledger_url: str = f"http://{LOCAL_HOST}:8102"
    payments_url: str = f"http://{LOCAL_HOST}:8103"
    correspondence_url: str = f"http://{LOCAL_HOST}:8104"
    panel_urls: Annotated[Mapping[str, str], NoDecode] = {}
    token_public_keys: Annotated[tuple[str, ...], NoDecode] = ()
    panel_password_hash: SecretStr = SecretStr("")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    bind_host: str = LOCAL_HOST

    @field_validator("company_sources", "token_public_keys", mode="before")
    @classmethod
    def _comma_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("panel_urls", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        if isinstance(value, str):
            named = [part.partition("=") for part in value.split(",") if part.strip()]
            return {name.strip(): address.strip().rstrip("/") for name, _, address in named}
        return value

    def panels(self) -> dict[str, str]:
        """Where the staff's browsers find the services' panels: as `IOK_PANEL_URLS` says, else where services are."""
        own = {
            "identity": self.identity_url,
            "ledger": self.ledger_url,
            "payments": self.payments_url,
            "correspondence": self.correspondence_url,
        }
        return {name: address.rstrip("/") for name, address in {**own, **self.panel_urls}.items()}

    @property
    def kafka(self) -> KafkaSettings:
        """The Kafka part, as one value."""
        return KafkaSettings(
            bootstrap=self.kafka_bootstrap,
            security=self.kafka_security,
            mechanism=self.kafka_mechanism,
            username=self.kafka_username,
            password=self.kafka_password,
            ca=self.kafka_ca,
            topic_prefix=self.kafka_topic_prefix,
            group_instance=self.kafka_group_instance,
        )


class StoringSettings(ServiceSettings):
    """Settings of a service with a database; a service names its own variables by `database_settings`."""

    database_url: SecretStr = SecretStr("")
    owner_database_url: SecretStr = SecretStr("")
    port: int = Field(default=0, ge=0, le=65535)
    database_pool_connections: int = Field(default=10, ge=2, le=100)


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)

# Names that carry the service in their middle: IOK_LEDGER_DATABASE_URL is `database_url` of the ledger.
OWN_NAMES = ("database_url", "owner_database_url", "port")


def var_folder() -> Path:
    """The folder of all that running leaves behind (`IOK_VAR`, by default `var` beside the README)."""
    return Path(os.environ.get("IOK_VAR", "") or Path(__file__).resolve().parents[2] / "var")


def environment_of(service: str) -> dict[str, str]:
    """The variables a service sees: the local stack's file `run/<service>.env` below the process's own environment."""
    merged: dict[str, str] = {}
    file = var_folder() / "run" / f"{service}.env"
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            name, found, value = line.partition("=")
            if found and not name.startswith("#"):
                merged[name.strip()] = value
    return merged | {name: value for name, value in os.environ.items() if name.startswith("IOK_") and value}


def load(settings: type[SettingsT], service: str) -> SettingsT:
    """Read a service's settings.

    A variable `IOK_<SERVICE>_<NAME>` fills the field `name` of the class when it has one, and so does `IOK_<NAME>`.

    Raises:
        pydantic.ValidationError: naming each variable that is missing or wrong.
    """
    environment = environment_of(service)
    values: dict[str, str] = {}
    for field in settings.model_fields:
        for name in (f"IOK_{field.upper()}", f"IOK_{service.upper()}_{field.upper()}"):
            if environment.get(name) and not (field in OWN_NAMES and name == f"IOK_{field.upper()}"):
                values[field] = environment[name]
    return settings(**values)  # type: ignore[arg-type]  # pydantic turns the texts into the fields' types
