"""What is measured: bars, rounds, and what the rounds of a measure come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

LEAST_ROUNDS = 5  # fewer say nothing: the same run moves by 15 to 40 % on an idle machine


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the table: what is measured, against which limit, what it must reach and what it should.

    With a limit, the figure is divided by that of the same round, and bar and aim are such ratios; without one they
    are in the unit of the figure.
    """

    number: str
    """As in docs/performance.md: `P4`; several of one number have a word behind it: `P3 50/s`."""
    what: str
    figure_unit: str
    bar: float
    aim: float
    limit: str = ""
    """What the limit is; empty: there is none."""
    limit_unit: str = ""
    more_is_better: bool = True

    def reached(self, value: float, goal: float) -> bool:
        """Whether a value is as good as a goal."""
        return value >= goal if self.more_is_better else value <= goal


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of a measure found for one bar; `details` by name, such as `p50 ms`."""

    figure: float
    limit: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """What is compared with the bar."""
        return self.figure if self.limit is None else self.figure / self.limit


@dataclass(frozen=True, slots=True)
class Result:
    """All rounds for one bar; `failure` says why there are none, or fewer than asked for."""

    bar: Bar
    rounds: Sequence[Round]
    failure: str = ""

    @property
    def value(self) -> float:
        """The median over the rounds, each divided by its own limit."""
        return median(each.value for each in self.rounds)

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value."""
        values = [each.value for each in self.rounds]
        return min(values), max(values)

    @property
    def figure(self) -> float:
        """The median of the figures themselves."""
        return median(each.figure for each in self.rounds)

    @property
    def limit(self) -> float | None:
        """The median of the limits; None when there is none."""
        limits = [each.limit for each in self.rounds if each.limit is not None]
        return median(limits) if limits else None

    @property
    def details(self) -> dict[str, float]:
        """The medians of what else the rounds told."""
        names = dict.fromkeys(name for each in self.rounds for name in each.details)
        return {name: median(r.details[name] for r in self.rounds if name in r.details) for name in names}

    @property
    def verdict(self) -> str:
        """Whether bar and aim are met, in words."""
        if not self.rounds:
            return "not measured"
        if self.bar.reached(self.value, self.bar.aim):
            return "aim met"
        return "met" if self.bar.reached(self.value, self.bar.bar) else "NOT MET"

    def as_json(self) -> dict[str, Any]:
        """The result as `latest.json` has it."""
        bar = self.bar
        told: dict[str, Any] = {
            "number": bar.number,
            "what": bar.what,
            "limit_is": bar.limit or None,
            "units": {"figure": bar.figure_unit, "limit": bar.limit_unit or None},
            "bar": bar.bar,
            "aim": bar.aim,
            "more_is_better": bar.more_is_better,
            "verdict": self.verdict,
            "failure": self.failure or None,
            "rounds": [
                {"figure": r.figure, "limit": r.limit, "value": r.value, "details": dict(r.details)}
                for r in self.rounds
            ],
        }
        if self.rounds:
            least, greatest = self.range
            told |= {"value": self.value, "least": least, "greatest": greatest}
            told |= {"figure": self.figure, "limit": self.limit, "details": self.details}
        return told
