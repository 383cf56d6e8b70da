"""The servers of one run as one value, handed from the guardian to the tests by a file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.kafka import KafkaAccess
from deploy.local.places import write_private
from deploy.local.postgres import PostgresAccess
from libs.chassis.settings import KafkaSettings


@dataclass(frozen=True)
class Servers:
    """A Kafka and a PostgreSQL, each with its administrator's name and password."""

    kafka: KafkaAccess
    postgres: PostgresAccess

    def write(self, file: Path) -> None:
        """Hand them on."""
        write_private(file, json.dumps(asdict(self)))

    @classmethod
    def read(cls, file: Path) -> "Servers":
        """Take them over."""
        told = json.loads(file.read_text(encoding="utf-8"))
        return cls(KafkaAccess(**told["kafka"]), PostgresAccess(**told["postgres"]))

    def kafka_settings(self, topic_prefix: str = "") -> KafkaSettings:
        """The Kafka as a service's settings name it."""
        return KafkaSettings.model_validate({**asdict(self.kafka), "topic_prefix": topic_prefix})
