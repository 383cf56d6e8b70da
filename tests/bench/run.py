"""One run: servers of its own, the measures one after the other, each within its time, whatever befalls the others."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench.figures import Result, Round
from tests.bench.workshop import Measure, Size, Workshop
from tests.stack.run import Run, servers_of_run
from tests.stack.servers import Servers

FAILURE_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a run."""

    measures: Sequence[Measure]
    sizes: tuple[Size, ...]
    rounds: int
    home: Path
    tell: Callable[[str], None]


def run(order: Order) -> list[Result]:
    """Carry an order out on a Kafka and a PostgreSQL of its own, which end with this process, however it ends."""
    servers = Run()
    try:
        order.tell("starting Kafka and PostgreSQL")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_measured(order, servers_of_run()))
    finally:
        servers.end()


async def _measured(order: Order, servers: Servers) -> list[Result]:
    results: list[Result] = []
    for measure in order.measures:
        results += await _one(order, servers, measure)
    return results


async def _one(order: Order, servers: Servers, measure: Measure) -> list[Result]:
    """A measure's results; what goes wrong with it is told in them and stops nothing else."""
    name = ", ".join(bar.number for bar in measure.bars)
    rounds: list[dict[str, Round]] = []
    failure, began = "", time.monotonic()
    try:
        async with asyncio.timeout(measure.seconds), AsyncExitStack() as ends:
            order.tell(f"{name}: preparing")
            shop = Workshop(servers, order.home, order.sizes, order.rounds, order.tell, ends)
            run_round = await measure.prepare(shop)
            for n in range(1, order.rounds + 1):
                rounds.append(dict(await run_round()))
                order.tell(f"{name}: round {n} of {order.rounds}: {_told(rounds[-1])}")
    except Exception as error:  # noqa: BLE001  # one broken measure must not cost the others
        late = isinstance(error, TimeoutError) and time.monotonic() - began >= measure.seconds
        failure = f"not done within {measure.seconds:.0f} s" if late else repr(error)[:FAILURE_CHARACTERS]
        order.tell(f"{name}: {failure}")
    order.tell(f"{name}: {time.monotonic() - began:.0f} s")
    return [Result(bar, [each[bar.number] for each in rounds if bar.number in each], failure) for bar in measure.bars]


def _told(found: dict[str, Round]) -> str:
    return ", ".join(f"{number} {each.value:.3g}" for number, each in found.items())
