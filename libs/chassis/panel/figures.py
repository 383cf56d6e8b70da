"""The figures of a service: how far it has read, what waits in its outbox, what it could not take.

Positions come from PostgreSQL and ends from Kafka, so any process of the service can tell them. What does not answer is
missing from the figures instead of failing them.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from confluent_kafka import KafkaException

from libs.chassis.faults import LAST
from libs.chassis.kafka import LogEnds
from libs.chassis.logs import logger
from libs.chassis.outbox import BACKLOG
from libs.chassis.panel.desk import Desk
from libs.chassis.postgres import Connection, Database, Row
from libs.chassis.projection import Projector

ENDS_TIMEOUT_SECONDS = 2.0  # the panel must answer while Kafka is away
ENDS_KEPT_SECONDS = 1.0  # several panels open at once ask Kafka once
ERRORS_SHOWN = 20
SAMPLES_KEPT = 60
RATE_WINDOW_SECONDS = 15.0

# Where a projection stands, and when it last was at the end of each partition.
STANDING = """
select coalesce(p.topic, c.topic) as topic, coalesce(p.partition, c.partition) as partition,
    coalesce(p.next_offset, 0) as position, extract(epoch from now() - c.at)::float8 as seconds_since_end
from (select * from positions where projection = $1) p
full join (select * from caught_up where projection = $1) c on c.topic = p.topic and c.partition = p.partition
"""

# How many events the service has recorded itself: the last number given out, which costs nothing to find.
RECORDED = "select coalesce(max(position), 0) from events"

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class PartitionFigures:
    """One partition. `end` and `lag` are None while Kafka does not answer.

    `age_seconds`: for how long the reader has not been at the end; 0 when it is there, None when it never was.
    """

    topic: str
    partition: int
    position: int
    end: int | None
    lag: int | None
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """What `/ops/status` gives."""

    partitions: tuple[PartitionFigures, ...] = ()
    outbox_backlog: int = 0
    outbox_age_seconds: float = 0.0
    set_aside: int = 0
    dead_letters: int = 0

    def body(self) -> dict[str, Any]:
        """Give the JSON object of the interface."""
        names = ("topic", "partition", "position", "end", "lag", "age_seconds")
        return {
            "partitions": [{name: getattr(each, name) for name in names} for each in self.partitions],
            "outbox": {"backlog": self.outbox_backlog, "age_seconds": self.outbox_age_seconds},
            "set_aside": self.set_aside,
            "dead_letters": self.dead_letters,
        }


class Rate:
    """A count that grows, turned into a rate; it is sampled whenever somebody looks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES_KEPT)

    def add(self, total: int) -> None:
        """Note the count as it is now; two looks in the same half second are one."""
        now = self._clock()
        if not self._samples or now - self._samples[-1][0] >= 0.5:
            self._samples.append((now, total))

    def per_second(self) -> float:
        """Give the rate over the last seconds; 0 until there are two looks."""
        if len(self._samples) < 2:
            return 0.0
        now, total = self._samples[-1]
        before = next((sample for sample in self._samples if now - sample[0] <= RATE_WINDOW_SECONDS), self._samples[0])
        then, total_then = before if before[0] < now else self._samples[-2]
        return max(0.0, (total - total_then) / (now - then))

    def history(self) -> list[float]:
        """Give the rates between looks, oldest first."""
        samples = list(self._samples)
        return [max(0.0, (total - before) / (now - then)) for (then, before), (now, total) in pairwise(samples)]


class Ends:
    """The ends of the partitions as Kafka tells them; None while it does not answer."""

    def __init__(self, log: LogEnds, topics: Sequence[str]) -> None:
        self._log = log
        self._topics = topics
        self._kept: dict[Place, int] | None = None
        self._kept_until = 0.0
        self._asking: asyncio.Task[dict[Place, int]] | None = None

    async def read(self) -> dict[Place, int] | None:
        """Give (topic, partition) -> end offset."""
        if not self._topics:
            return {}
        if time.monotonic() < self._kept_until:
            return self._kept
        asking = self._asking = self._asking or asyncio.create_task(self._log.read(self._topics))
        await asyncio.wait({asking}, timeout=ENDS_TIMEOUT_SECONDS)
        if not asking.done():
            return None  # one question at a time: the next look waits for the same answer
        if self._asking is asking:
            self._asking = None
            self._kept = _answer(asking)
            self._kept_until = time.monotonic() + ENDS_KEPT_SECONDS
        return self._kept


def _answer(asking: asyncio.Task[dict[Place, int]]) -> dict[Place, int] | None:
    try:
        return asking.result()
    except KafkaException as error:
        logger(__name__).warning("Kafka does not tell where its partitions end", error=repr(error))
        return None


class Figures:
    """Reads the figures of one service; what a service does not have stays empty."""

    def __init__(self, database: Database | None, projector: Projector | None, desk: Desk | None, ends: Ends) -> None:
        self._database = database
        self._projector = projector
        self._desk = desk
        self._ends = ends
        self.projected = Rate()
        self.recorded = Rate()

    async def status(self) -> Status:
        """Read the figures.

        Raises:
            asyncpg and connection errors (`postgres.UNAVAILABLE`): the database does not answer.
        """
        if self._database is None or self._desk is None:
            return Status()
        ends = await self._ends.read()
        async with self._database.transaction(readonly=True) as tx:
            standing = await self._standing(tx)
            outbox = await tx.fetchrow(BACKLOG)
            self.recorded.add(await tx.fetchval(RECORDED))
        self.projected.add(sum(row["position"] for row in standing))
        set_aside, dead_letters = await self._desk.counts()
        return Status(
            partitions=_partitions(standing, ends),
            outbox_backlog=outbox["backlog"] if outbox else 0,
            outbox_age_seconds=round(float(outbox["age_seconds"]), 3) if outbox else 0.0,
            set_aside=set_aside,
            dead_letters=dead_letters,
        )

    async def errors(self) -> Sequence[Row]:
        """Give the last warnings and errors of the service's processes, newest first."""
        if self._database is None:
            return ()
        async with self._database.connection() as connection:
            found: Sequence[Row] = await connection.fetch(LAST, ERRORS_SHOWN)
        return found

    async def _standing(self, tx: Connection) -> Sequence[Row]:
        if self._projector is None:
            return ()
        found: Sequence[Row] = await tx.fetch(STANDING, await self._projector.projection(tx))
        return found


def _partitions(standing: Sequence[Row], ends: dict[Place, int] | None) -> tuple[PartitionFigures, ...]:
    """Join what PostgreSQL and Kafka know; a partition that nothing was read from stands at 0."""
    known = {(row["topic"], row["partition"]): row for row in standing}
    return tuple(
        _partition(place, known.get(place), None if ends is None else ends.get(place))
        for place in sorted(known.keys() | (ends or {}).keys())
    )


def _partition(place: Place, row: Row | None, end: int | None) -> PartitionFigures:
    position = row["position"] if row else 0
    lag = None if end is None else max(0, end - position)
    since_end = row["seconds_since_end"] if row else None
    age_seconds = 0.0 if lag == 0 else None if since_end is None else round(max(0.0, since_end), 3)
    return PartitionFigures(*place, position, end, lag, age_seconds)
