"""A seed's world: broker, databases, the consumer group, and what the checks want to know afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from libs.chassis.kafka import Header, Record
from libs.chassis.projection.positions import Position
from libs.events.decoding import Fact, Reason, Rejected, Skipped, decode
from services.ledger.domain import Arrival, Figures
from tests.simulation.broker import ALL_PARTITIONS, At, Broker, Sending, place_of
from tests.simulation.chance import Chance
from tests.simulation.database import Database, Transaction
from tests.simulation.plan import Plan, Read, Request
from tests.simulation.scheduler import Weather

COMPANY_SOURCES: Final = ("erp", "billing")
TODAY: Final = date(2026, 11, 23)
START: Final = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
JUMP_SECONDS: Final = 7200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a read was answered: the HTTP status, and the balance when it was 200."""

    read: Read
    status: int
    version: int = 0
    amounts: tuple[int, ...] = ()  # of the entries read, by their versions
    figures: Figures | None = None


class Group:
    """A consumer group: who reads which partition, changed by every member that comes or goes."""

    def __init__(self) -> None:
        self.generation = 0
        self.members: list[str] = []
        self.committed: dict[At, int] = {}  # a hint to correct readers, the truth to a planted bug

    def join(self, name: str) -> None:
        """Take part."""
        if name not in self.members:
            self.members.append(name)
            self.generation += 1

    def expel(self, name: str) -> None:
        """Give what a member reads to the others; it may join again."""
        if name in self.members:
            self.members.remove(name)
        self.generation += 1

    def assigned_to(self, name: str) -> list[At]:
        """The partitions of a member; every generation deals them anew."""
        if name not in self.members:
            return []
        mine, count = self.members.index(name), len(self.members)
        return [at for n, at in enumerate(ALL_PARTITIONS) if (n + self.generation) % count == mine]


@dataclass(slots=True)
class Seen:
    """What was seen from outside, for the checks."""

    acknowledged: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    halted: set[At] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)


class World:
    """Everything a seed's processes share."""

    def __init__(self, plan: Plan, trace: list[str] | None = None) -> None:
        seed = plan.seed
        self.plan = plan
        self.trace = trace
        self.chance = Chance(seed, "schedule")
        self.weather = plan.weather
        self.broker = Broker(Chance(seed, "broker"), plan.weather.gaps)
        self.ledger = Database("ledger", Chance(seed, "ledger"))
        self.payments = Database("payments", Chance(seed, "payments"))
        self.group = Group()
        self.seen = Seen()
        self.poison = plan.poison
        self._now = START
        self.ledger.watch = self._watch
        self.tick: Callable[[], int] = lambda: 0

    def note(self, text: str, *values: object) -> None:
        """A line of the trace, when there is one."""
        if self.trace is not None:
            self.trace.append(f"{self.tick():6} " + text.format(*values))

    def set_weather(self, weather: Weather) -> None:
        """Let the databases and the broker feel the weather."""
        self.weather = weather
        for database in (self.ledger, self.payments):
            database.away, database.deaf = weather.away, weather.deaf

    def clock(self) -> datetime:
        """The time of day as some process has it: it may jump, and no decision or order may rest on it."""
        self._now += timedelta(milliseconds=250)
        if self.chance.happens(self.weather.clock):
            return self._now + timedelta(seconds=self.chance.between(-JUMP_SECONDS, JUMP_SECONDS))
        return self._now

    def decode(self, record: Record) -> Fact | Skipped | Reason:
        """The real decoder's judgement of a record, asked once per content."""
        return _decoded(record.topic, record.key, record.value, record.headers)

    def send(self, sending: Sending) -> Record:
        """Let a record into the log."""
        record = self.broker.append(sending)
        if self.trace is not None:
            self.note("{} holds {}", _place(record), shown(record))
        return record

    def _watch(self, transaction: Transaction) -> None:
        """No transaction of the live projection may put a position back: what does is stale."""
        for key, position in transaction.writes.get("positions", {}).items():
            before: Position | None = self.ledger.tables["positions"].get(key)
            if before is None or before.topic_id != position.topic_id or position.next_offset >= before.next_offset:
                continue
            self.seen.violations.append(f"R11: {transaction.owner} put {key} back from {before} to {position}")


@lru_cache(1024)
def _decoded(
    topic: str, key: bytes | None, value: bytes | None, headers: tuple[Header, ...]
) -> Fact | Skipped | Reason:
    try:
        return decode(topic, key, value, company_sources=COMPANY_SOURCES, headers=headers)
    except Rejected as rejected:
        return rejected.reason  # the exception itself would keep alive every frame it passed


def arrival_of(record: Record, fact: Fact) -> Arrival:
    """A fact as the ledger's domain takes it."""
    return Arrival.of(fact, record.partition, record.offset)


def shown(record: Record) -> str:
    """A record in a line of the trace."""
    value = record.value or b""
    return f"{(record.key or b'-').decode('utf-8', 'replace')[:20]}: {value[:400].decode('utf-8', 'replace')}"


def _place(record: Record) -> str:
    return "{}/{}@{}".format(*place_of(record))
