"""Makes a failing plan smaller, as long as it goes on failing by the same rule, and tells what happens in it."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from tests.simulation.machinery import Machinery
from tests.simulation.plan import PARTS, Plan, without
from tests.simulation.run import Outcome, simulate
from tests.simulation.scheduler import Weather

MAX_RUNS: Final = 400
MAX_LINES: Final = 80
# Lines of little use to whoever looks for a cause.
NOISE: Final = ("is assigned", "starts afresh", "is asked again")


def rule_of(outcome: Outcome) -> str:
    """The rule that was broken first, such as `R1`."""
    return outcome.violations[0].split(":")[0] if outcome.violations else ""


def shrink(plan: Plan, machinery: Machinery, rule: str) -> Plan:
    """A plan as small as a few hundred runs can make it that still breaks the same rule first."""
    runs = 0
    size = max(len(getattr(plan, part)) for part in PARTS)
    while size and runs < MAX_RUNS:
        for candidate in _smaller(plan, size):
            runs += 1
            if rule_of(simulate(candidate, machinery)) == rule:
                plan = candidate
                break
            if runs >= MAX_RUNS:
                break
        else:
            size //= 2
    return plan


def _smaller(plan: Plan, size: int) -> Iterator[Plan]:
    """Plans without some items in a row, or without one kind of fault."""
    for part in PARTS:
        count = len(getattr(plan, part))
        for first in range(0, count, size):
            yield without(plan, part, first, first + size)
    if size > 1:
        return
    for fault in fields(Weather):
        if getattr(plan.weather, fault.name):
            yield plan.calmer(fault.name)


def told(plan: Plan, machinery: Machinery) -> list[str]:
    """What happens in a plan, line by line, and what it comes to; of a long story the end."""
    outcome = simulate(plan, machinery, traced=True)
    lines = [line for line in outcome.trace if not any(word in line for word in NOISE)]
    left_out = len(lines) - MAX_LINES
    head = [f"({left_out} lines before these)"] if left_out > 0 else []
    return [f"{plan.weather}", *head, *lines[-MAX_LINES:], *outcome.violations]
