"""Hearing a batch of records: what holds, and what is bad in itself, each with its record."""

from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar

from libs.events.decoding import Fact, Headers, Rejected, decode


class Sent(Protocol):
    """A record as it lies in Kafka; `topic` is the logical name."""

    @property
    def topic(self) -> str:
        """Where it lies."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value."""

    @property
    def headers(self) -> Headers:
        """Its headers."""


SentT = TypeVar("SentT", bound=Sent)


def hear(
    records: Iterable[SentT], company_sources: Collection[str]
) -> tuple[list[tuple[SentT, Fact]], list[tuple[SentT, Rejected]]]:
    """Decode records as `decode` does, in their order: facts, and what was rejected. Types unknown here are skipped."""
    facts: list[tuple[SentT, Fact]] = []
    rejected: list[tuple[SentT, Rejected]] = []
    for record in records:
        try:
            read = decode(
                record.topic, record.key, record.value, company_sources=company_sources, headers=record.headers
            )
        except Rejected as verdict:
            rejected.append((record, verdict))
        else:
            if isinstance(read, Fact):
                facts.append((record, read))
    return facts, rejected
