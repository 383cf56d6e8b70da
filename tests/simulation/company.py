"""Company systems: they write what is right, and make every mistake there is, each with a producer of its own kind."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from libs.events.tests.bad_records import BadRecord, bad_records
from libs.events.topics import PARTITIONS
from services.ledger.tests.facts import TOPICS_BY_EVENT
from tests.simulation.broker import SKIPPED, Sending, adler_partition, crc_partition
from tests.simulation.chance import Chance

AGAIN: Final = 0.15  # how often a record is sent again
OTHERWISE: Final = 0.09  # how often its id is used for another content
STOLEN: Final = 0.09  # how often its business id is used by another event
BAD: Final = 0.6  # bad records per lease and company, each as often as not
UNKNOWN: Final = 0.3
UNKNOWN_TYPES: Final = ("iok.RoofRepaired.v1", "erp.Ping", "iok.")


class Company:
    """One company system: `name` is its CloudEvents source."""

    def __init__(self, name: str, chance: Chance) -> None:
        self.name = name
        self._chance = chance
        self._partitioner = chance.one_of(("crc", "adler", "any"))
        self._counts = chance.happens(0.5)  # whether it numbers its events
        self._versions: dict[tuple[str, str], int] = {}
        self._sent: list[Sending] = []

    def sendings(self) -> list[Sending]:
        """What it sends, in its order."""
        return self._sent

    def say(self, name: str, data: dict[str, Any], subject: str) -> None:
        """Send an event; now and then again, with its id used otherwise, or with its business id used again."""
        topic = TOPICS_BY_EVENT[name]
        fields = self._fields(name, data, subject, topic)
        self._send(topic, subject, fields)
        chance = self._chance
        if chance.happens(AGAIN):
            self._send(topic, subject, fields)
        if chance.happens(AGAIN):
            self._send(topic, subject, _spelt_otherwise(fields, chance))
        if chance.happens(OTHERWISE):
            self._send(topic, subject, {**fields, "data": {**data, "note": "other"}})
        if chance.happens(STOLEN):
            self._send(topic, subject, self._fields(name, data, subject, topic))

    def say_once(self, name: str, data: dict[str, Any], subject: str) -> bytes:
        """Send an event without any mistake; returns its bytes."""
        topic = TOPICS_BY_EVENT[name]
        return self._send(topic, subject, self._fields(name, data, subject, topic))

    def err(self, lease: str, topics: Sequence[str]) -> None:
        """Send what is bad in itself, and what nobody here knows."""
        chance = self._chance
        while chance.happens(BAD):
            bad = chance.one_of(_bad_pool(lease))
            partition = self._partition(bad.key or b"")
            self._sent.append(Sending(bad.topic, bad.key, bad.value, partition, bad.headers, bad.reason.value))
        if chance.happens(UNKNOWN):
            topic = chance.one_of(topics)
            fields = self._fields("X", {"what": 1}, lease, topic) | {"type": chance.one_of(UNKNOWN_TYPES)}
            value = msgspec.json.encode(fields)
            self._sent.append(Sending(topic, lease.encode(), value, self._partition(lease.encode()), label=SKIPPED))

    def _send(self, topic: str, subject: str, fields: dict[str, Any]) -> bytes:
        value = msgspec.json.encode(fields)
        key = subject.encode()
        self._sent.append(Sending(topic, key, value, self._partition(key)))
        return value

    def _partition(self, key: bytes) -> int:
        if self._partitioner == "any":
            return self._chance.below(PARTITIONS)
        return crc_partition(key) if self._partitioner == "crc" else adler_partition(key)

    def _fields(self, name: str, data: dict[str, Any], subject: str, topic: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "specversion": "1.0",
            "id": self._chance.uuid(),
            "type": f"iok.{name}.v1",
            "source": self.name,
            "time": f"2026-11-{self._chance.between(10, 28)}T12:00:00Z",
            "subject": subject,
            "data": data,
        }
        if self._counts:
            step = 1 if self._chance.happens(0.9) else self._chance.between(0, 3)
            version = max(1, self._versions.get((topic, subject), 0) + step)
            self._versions[(topic, subject)] = version
            fields["streamversion"] = version
        return fields


def _spelt_otherwise(fields: dict[str, Any], chance: Chance) -> dict[str, Any]:
    """The same event in other words: what identifies it and what it says stay the same."""
    spelt = {name: fields[name] for name in chance.shuffled(list(fields))}
    return spelt | {"id": fields["id"].upper(), "time": "2026-11-23T13:00:00+00:00", "comment": "again"}


@lru_cache(8)
def _bad_pool(lease: str) -> tuple[BadRecord, ...]:
    return bad_records(lease)
