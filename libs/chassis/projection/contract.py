"""What a service provides to be fed from Kafka."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from libs.chassis.kafka import Record
from libs.chassis.logs import brief
from libs.chassis.postgres import Connection

UNEXPECTED = "unexpected_error"  # the reason of a record that makes the projector raise
FAULT_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that could not be taken: a short reason that can be counted, and a detail for the operator."""

    record: Record
    reason: str
    detail: str


def unexpected(record: Record, error: BaseException) -> SetAside:
    """A record that makes the projector raise, with the error told as a log may tell it."""
    return SetAside(record, UNEXPECTED, brief(error)[:FAULT_CHARACTERS])


class Projector(Protocol):
    """Takes records into tables, within one transaction: of one or several partitions, those of each in its order."""

    @property
    def topics(self) -> Sequence[str]:
        """Logical names of the topics to read."""

    async def projection(self, tx: Connection) -> str:
        """The name under which positions are kept now; it changes when another book goes live."""

    async def project(self, tx: Connection, records: Sequence[Record]) -> Sequence[SetAside]:
        """Take the records; return those that are bad in themselves, and raise on a fault that may pass.

        A record that was seen before must have no second effect.
        """
