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

REBUILD = Bar("P1", "a new book from offset 0, indexed and whole", "events/s", 0.6, 0.8, limit=LIMIT)
GROWTH = Bar(
    "P10", "P1's ratio at the largest size to that of 100,000 events (1 where that is the largest)", "", 0.8, 0.95
)
MEMORY = Bar("P10 memory", "a rebuild's own process, largest size", "MiB", 300, 200, more_is_better=False)


async def prepare(shop: Workshop) -> RunRound:
    """Fill the topics of a ledger for every size."""
    shelves = [await shelf(shop, size) for size in shop.sizes]

    async def one() -> Mapping[str, Round]:
        ratios: dict[int, Round] = {}
        for on in shelves:
            number, phases = await build(on)
            took = {table: seconds for table, seconds in (await limit(on, number)).items() if seconds >= 0.001}
            details = {f"{phase} s": seconds for phase, seconds in phases.items()}
            details |= {f"limit {table} s": seconds for table, seconds in took.items()}
            ratios[on.events] = Round(on.events / phases["all"], on.events / sum(took.values()), details)
            shop.tell(
                f"P1: {on.events:,} events: {ratios[on.events].figure:,.0f}/s, ratio {ratios[on.events].value:.2f}"
            )
            await drop(on, number)
        least = min((events for events in ratios if events >= 90_000), default=min(ratios))
        most = max(ratios)
        grown = Round(
            ratios[most].value / ratios[least].value, None, {f"{n:,} events": r.value for n, r in ratios.items()}
        )
        peak = await _peak_mib(shop, shelves[-1])
        return {REBUILD.number: ratios[least], GROWTH.number: grown, MEMORY.number: Round(peak)}

    return one


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
    3_000,
    "Months of charges of four lines, online payments and transfers of all leases lie in twelve partitions a topic. "
    "The figure is from the first record asked for to the last index; connecting to Kafka is not in it.",
)
