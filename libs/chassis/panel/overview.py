"""What the panel's first page shows, gathered block by block: one that cannot be read says so and hides no other."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from libs.chassis.logs import logger
from libs.chassis.panel.desk import Desk
from libs.chassis.panel.figures import Figures, PartitionFigures, Status
from libs.chassis.postgres import Row
from libs.chassis.projection import DeskRecord

RECORDS_SHOWN = 10
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Table:
    """A section's content: texts ready to read."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A service's own figures on its panel; `read` is called every two seconds while somebody looks."""

    title: str
    read: Callable[[], Awaitable[Table]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class TopicFigures:
    """A topic's partitions and their sums; `lag` None: Kafka does not answer; `age_seconds`: the worst partition's."""

    topic: str
    partitions: tuple[PartitionFigures, ...]
    position: int
    lag: int | None
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The page's content; None where the database did not answer."""

    status: Status | None
    topics: Sequence[TopicFigures]
    reasons: Mapping[str, int] | None
    records: Sequence[DeskRecord] | None
    errors: Sequence[Row] | None
    sections: Sequence[tuple[Section, Table | None]]


async def gather(figures: Figures, desk: Desk | None, sections: Sequence[Section]) -> Overview:
    """Read everything the page shows; `desk` None: the service keeps no records aside."""
    status = await _read("figures", figures.status)
    return Overview(
        status=status,
        topics=by_topic(status.partitions) if status else (),
        reasons=await _read("reasons", desk.histogram) if desk else {},
        records=await _read("records", lambda: _latest(desk)) if desk else (),
        errors=await _read("errors", figures.errors),
        sections=[(section, await _read(section.title, section.read)) for section in sections],
    )


def by_topic(partitions: Sequence[PartitionFigures]) -> list[TopicFigures]:
    """Group figures by topic; a lag that is not known of one partition is not known of the topic."""
    grouped = groupby(sorted(partitions, key=lambda each: (each.topic, each.partition)), key=lambda each: each.topic)
    return [_sums(topic, tuple(figures)) for topic, figures in grouped]


def _sums(topic: str, partitions: tuple[PartitionFigures, ...]) -> TopicFigures:
    lags = [each.lag for each in partitions]
    ages = [each.age_seconds for each in partitions if each.age_seconds is not None]
    return TopicFigures(
        topic=topic,
        partitions=partitions,
        position=sum(each.position for each in partitions),
        lag=None if None in lags else sum(lag for lag in lags if lag is not None),
        age_seconds=max(ages) if len(ages) == len(partitions) else None,
    )


async def _latest(desk: Desk) -> Sequence[DeskRecord]:
    return await desk.page(before_id=None, state="set_aside", limit=RECORDS_SHOWN)


async def _read(name: str, read: Callable[[], Awaitable[Read]]) -> Read | None:
    try:
        return await read()
    except Exception as error:  # noqa: BLE001  # whatever one block meets must not hide the others
        logger(__name__).warning("a block of the panel could not be read", block=name, error=repr(error))
        return None
