"""The simulation breaks no rule, and finds every planted bug: a check counts once it has been seen failing."""

import subprocess
import sys
from dataclasses import replace

import pytest

from deploy.local.places import ROOT
from tests.simulation.__main__ import main
from tests.simulation.bugs import BUGS
from tests.simulation.making import plan_of
from tests.simulation.plan import PARTS, Plan
from tests.simulation.run import simulate
from tests.simulation.scheduler import FAIR
from tests.simulation.shrink import rule_of, shrink

SEEDS = 160  # of the fast test; `make simulate` runs many more
SAME = "print([(o.steps, o.records, o.state_hash) for o in map(simulate, map(plan_of, range(7, 12)))])"
OTHER_HASHES = {"PYTHONHASHSEED": "4711"}


def failing(plan: Plan, crash_at: int = 0) -> list[str]:
    return [f"seed {plan.seed}: {each}" for each in simulate(plan, crash_at=crash_at).violations]


def items(plan: Plan) -> int:
    return sum(len(getattr(plan, part)) for part in PARTS)


@pytest.mark.parametrize("first", range(1, SEEDS + 1, 40))
def test_no_rule_is_broken_in_any_weather(first: int) -> None:
    assert [each for seed in range(first, first + 40) for each in failing(plan_of(seed))] == []


def test_no_rule_is_broken_when_a_topic_is_made_again_or_a_transaction_reported_for_several_orders() -> None:
    plans = [plan_of(seed, always_remade=True, always_shared=True) for seed in range(1, 41)]
    assert [each for plan in plans for each in failing(plan)] == []


def test_a_crash_before_any_one_of_all_steps_breaks_no_rule() -> None:
    plan = smallest_of_everything()
    steps = simulate(plan).steps
    assert steps > 100
    assert [each for step in range(1, steps + 1) for each in failing(plan, crash_at=step)] == []


def smallest_of_everything() -> Plan:
    """In fair weather, the first seed with all kinds of work and little of each."""
    plans = (replace(plan_of(seed), weather=FAIR) for seed in range(1, 2_000))
    return next(
        plan
        for plan in plans
        if {type(request).__name__ for request in plan.requests} >= {"OrderLease", "OrderCharge", "StartPay"}
        and items(plan) <= 12
        and plan.sendings
    )


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    bug = BUGS[name]
    plans = (bug.plan(seed) for seed in range(1, bug.seeds + 1))
    assert any(simulate(plan, bug.machinery).violations for plan in plans), f"not found in {bug.seeds} seeds: {name}"


def test_there_are_at_least_12_planted_bugs() -> None:
    assert len(BUGS) >= 12


def test_a_seed_comes_to_the_same_in_every_process() -> None:
    program = f"from tests.simulation.making import plan_of; from tests.simulation.run import simulate; {SAME}"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=OTHER_HASHES, capture_output=True, text=True, check=True
    )
    here = [simulate(plan_of(seed)) for seed in range(7, 12)]
    assert run.stdout.strip() == str([(one.steps, one.records, one.state_hash) for one in here])


def test_a_failing_plan_is_made_smaller_and_still_breaks_the_same_rule() -> None:
    bug = BUGS["stale-batches"].machinery
    plan = next(plan for plan in map(plan_of, range(1, 60)) if simulate(plan, bug).violations)
    rule = rule_of(simulate(plan, bug))
    small = shrink(plan, bug, rule)
    assert rule_of(simulate(small, bug)) == rule
    assert items(small) * 3 < items(plan)


def test_a_failing_seed_prints_itself_its_story_and_how_to_replay_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "5", "--jobs", "1", "--bug", "not-set-aside"]) == 0
    printed = capsys.readouterr().out
    assert "R9: " in printed
    assert "the shortest story" in printed
    assert "python -m tests.simulation --first 1 --seeds 1 --trace --bug not-set-aside" in printed


def test_seeds_that_all_pass_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "60", "--first", "300", "--jobs", "2"]) == 0
    assert "60 seeds from 300" in capsys.readouterr().out
