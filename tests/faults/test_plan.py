"""A plan is a function of its seed, and reaches every kind of fault."""

import random

from tests.faults.plan import ESSENTIAL, PROCESSES, catalogue, plan, short_plan


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(7, 300) == plan(7, 300) != plan(8, 300)


def test_ten_minutes_hold_at_least_sixty_faults_of_twenty_five_kinds_and_all_essential_ones() -> None:
    faults = plan(1, 600)
    assert len(faults) >= 60
    assert len({fault.name for fault in faults}) >= 25
    assert set(ESSENTIAL) <= {(fault.kind, fault.target) for fault in faults}


def test_every_process_is_killed_stopped_and_paused_in_some_plan() -> None:
    kinds = {(fault.kind, fault.target) for fault in catalogue(random.Random(1))}
    assert {(kind, process) for kind in ("kill", "stop", "pause") for process in PROCESSES} <= kinds


def test_the_short_plan_kills_each_process() -> None:
    assert {fault.target for fault in short_plan(3) if fault.kind == "kill"} == set(PROCESSES)
