"""P1 and P10: a new book from offset 0 against COPY of its rows, at every size asked for, and how that grows."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.bench.books import LIMIT, Shelf, build, drop, limit, shelf
from tests.bench.figures import Bar, Round
from tests.bench.workshop import Measure, RunRound, Workshop

MIB: Final = 1024
LOOK_SECONDS: Final = 0.05
GROWTH_ROUNDS: Final = 2  # the others measure P1's size alone: the largest takes a minute a round

REBUILD = Bar("P1", "a new book from offset 0, indexed and whole", "events/s", 0.6, 0.8, limit=LIMIT)
GROWTH = Bar(
    "P10", "P1's ratio at the largest size to that of 100,000 events (1 where that is the largest)", "", 0.8, 0.95
)
MEMORY = Bar("P10 memory", "a rebuild's own process, largest size", "MiB", 300, 200, more_is_better=False)


async def prepare(shop: Workshop) -> RunRound:
    """Fill the topics of a ledger for every size."""
    shelves = {size: await shelf(shop, size) for size in shop.sizes}
    growth_rounds = iter(range(GROWTH_ROUNDS))

    async def one() -> Mapping[str, Round]:
        if next(growth_rounds, None) is None:
            return {REBUILD.number: await _built(shop, shelves[shop.size])}
        found = {size: await _built(shop, on) for size, on in shelves.items()}
        largest = max(found, key=lambda size: size.events)
        grown = found[largest].value / found[shop.size].value
        by_size = {
            f"{size.leases:,} leases, {shelves[size].events:,} events": each.value for size, each in found.items()
        }
        peak = await _peak_mib(shop, shelves[largest])
        return {
            REBUILD.number: found[shop.size],
            GROWTH.number: Round(grown, None, by_size),
            MEMORY.number: Round(peak),
        }

    return one


async def _built(shop: Workshop, on: Shelf) -> Round:
    """Build a book of all that is in the topics, against COPY of its rows; it is dropped again."""
    number, phases = await build(on)
    took = {table: seconds for table, seconds in (await limit(on, number)).items() if seconds >= 0.001}
    details = {f"{phase} s": seconds for phase, seconds in phases.items()}
    details |= {f"limit {table} s": seconds for table, seconds in took.items()}
    found = Round(on.events / phases["all"], on.events / sum(took.values()), details)
    shop.tell(f"P1: {on.events:,} events: {found.figure:,.0f}/s, ratio {found.value:.2f}")
    await drop(on, number)
    return found


async def _peak_mib(shop: Workshop, on: Shelf) -> float:
    """The greatest resident memory of `rebuild --verify-only --anew` as a process of its own, by Linux."""
    environment = on.schema.environment() | on.topics.environment()
    command = ("services.ledger", "rebuild", "--verify-only", "--anew")
    process = await shop.process("rebuild", *command, environment=environment)
    peak = 0.0
    while process.returncode is None:
        peak = max(peak, _resident_peak_mib(process.pid))
        try:
            await asyncio.wait_for(process.wait(), LOOK_SECONDS)
        except TimeoutError:
            continue
    if process.returncode:
        raise RuntimeError(f"the rebuild ended with {process.returncode}: see rebuild.log")
    return peak


def _resident_peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return max((int(line.split()[1]) / MIB for line in lines if line.startswith("VmHWM")), default=0.0)


MEASURE = Measure(
    (REBUILD, GROWTH, MEMORY),
    prepare,
    7_200,
    "Months of charges of four lines, online payments and transfers of all leases lie in twelve partitions a topic. "
    "The figure is from the first record asked for to the last index; connecting to Kafka is not in it. Growth and "
    "memory are of the first two rounds.",
)
