"""Seeds on a real PostgreSQL, with the service's own runner, projector and SQL."""

from collections.abc import Callable, Sequence

import pytest

from libs.chassis.kafka import Record
from libs.chassis.postgres import Connection
from libs.chassis.projection import Positions, SetAside
from libs.chassis.projection.positions import Step
from libs.chassis.testing import ServiceDatabase
from services.ledger.consumer.projector import BookProjector
from tests.simulation.postgres import bench_on, simulate_on_postgres

pytestmark = pytest.mark.system

SEEDS = 200
CHUNK = 25  # seeds of one test, so that two workers share them


# Moves a position to wherever a batch ends.
BLIND_MOVE = """
insert into positions (projection, topic, topic_id, partition, next_offset) values ($1, $2, $3, $4, $5)
on conflict (projection, topic, partition) do update set next_offset = $5
"""


class ForgetsTheSetAside(BookProjector):
    """A planted bug: it commits past a bad record without keeping it."""

    async def project(self, tx: Connection, batch: Sequence[Record]) -> Sequence[SetAside]:
        await super().project(tx, batch)
        return []


class ComparesNothing(Positions):
    """A planted bug: positions are moved without a look at where they are."""

    async def move(self, tx: Connection, projection: str, step: Step) -> None:
        await tx.execute(BLIND_MOVE, projection, step.topic, step.topic_id, step.partition, step.next_offset)


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
async def test_no_rule_is_broken_on_postgresql(service_database: Callable[[str], ServiceDatabase], first: int) -> None:
    async with bench_on(service_database("ledger")) as bench:
        broken = {seed: await simulate_on_postgres(seed, bench) for seed in range(first, first + CHUNK)}
    assert {seed: rules for seed, rules in broken.items() if rules} == {}


@pytest.mark.parametrize(
    ("projector", "positions", "rule"),
    [(ForgetsTheSetAside, Positions, "R9"), (BookProjector, ComparesNothing, "R11")],
)
async def test_a_planted_bug_is_found_on_postgresql(
    service_database: Callable[[str], ServiceDatabase],
    projector: type[BookProjector],
    positions: type[Positions],
    rule: str,
) -> None:
    async with bench_on(service_database("ledger"), projector, positions) as bench:
        broken = [each for seed in range(1, 13) for each in await simulate_on_postgres(seed, bench)]
    assert any(each.startswith(f"{rule}: ") for each in broken)
