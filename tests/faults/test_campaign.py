"""Killing any process with -9, cutting it off, stopping or pausing it under load loses nothing and needs no hand.

The short form of `make faults`, with the same load and the same oracle.
"""

import asyncio
import random

import httpx
import pytest

from tests.faults import table
from tests.faults.campaign import Campaign, Outcome, Programme
from tests.faults.load import Pace
from tests.faults.network import Network
from tests.faults.plan import short_plan
from tests.faults.standing import Standing
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.faults, pytest.mark.system, pytest.mark.xdist_group("running"), pytest.mark.timeout(400)]

PACE = Pace(payments=5, charges=12, reads=10, letters=0.5, bad=2, leases=8, probes=4)
BREATH_SECONDS = (0.1, 0.4)
LEAST_REPEATED_SHARE = 0.05
PATIENCE_SECONDS = 300.0  # the faults take some 50 s where nobody else is at work


@pytest.fixture(scope="module")
def outcome(running: RunningSystem, network: Network) -> Outcome:
    seed = random.SystemRandom().randrange(1_000_000)
    programme = Programme(seed, short_plan(seed), PATIENCE_SECONDS, PACE, rebuilds=1, breath_seconds=BREATH_SECONDS)
    return asyncio.run(Campaign(Standing(running, network), programme).run())


@pytest.mark.parametrize("promise", ["R1", "R2", "R3", "R4", "R9"])
def test_the_oracle_finds_nothing_wrong(outcome: Outcome, promise: str) -> None:
    assert outcome.judged[promise] == [], f"seed {outcome.programme.seed}"


def test_every_fault_was_done_and_the_system_came_back_without_a_hand(outcome: Outcome, running: RunningSystem) -> None:
    assert outcome.unrecovered == [], f"seed {outcome.programme.seed}"
    assert set(outcome.recovery) == {fault.name for fault in outcome.programme.faults}
    assert outcome.settle_failure == ""
    ready = {name: httpx.get(f"{told['url']}/readyz").status_code for name, told in running.run["services"].items()}
    assert set(ready.values()) == {200}, ready


def test_the_load_came_through_with_repeated_deliveries_and_bad_records(outcome: Outcome) -> None:
    history = outcome.history
    assert all((history.starts, history.notices, history.issued, history.letters, history.reads, history.bad))
    assert history.repeated >= LEAST_REPEATED_SHARE * history.delivered


def test_a_book_built_under_this_load_is_the_same(outcome: Outcome) -> None:
    assert outcome.trials.rebuilds == [True]


def test_the_table_names_every_promise(outcome: Outcome) -> None:
    assert {row.promise for row in table.rows(outcome)} == {f"R{number}" for number in range(1, 18)}
