"""The chart of months: where its bars lie. The template draws it; the same numbers stand in a table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.clients.models import MonthTurnover

WIDTH = 300  # as wide as the narrowest screen leaves: text keeps its size there
LABEL = 66  # room for „wrz 2026”
SUM = 74  # room for „12 345,67 zł”
ROW = 44
BAR = 15
TOP = 6


@dataclass(frozen=True)
class Bar:
    """A bar and its sum; lengths in units of the drawing."""

    kind: str
    top: int
    length: float
    grosze: int


@dataclass(frozen=True)
class Row:
    """A month's bars."""

    month: str
    top: int
    bars: tuple[Bar, Bar]


@dataclass(frozen=True)
class Chart:
    """The whole drawing, the newest month on top."""

    width: int
    height: int
    left: int
    bar: int
    rows: list[Row]


def chart_of(months: Sequence[MonthTurnover]) -> Chart:
    """Bars for what was charged and paid in each month; a sum below zero has no bar, only its number."""
    most = max((sum_ for row in months for sum_ in (row.charged_grosze, row.paid_grosze)), default=0)
    room = WIDTH - LABEL - SUM
    rows = []
    for number, row in enumerate(months):
        top = TOP + number * ROW
        sums = (("charged", row.charged_grosze), ("paid", row.paid_grosze))
        bars = [
            Bar(kind, top + place * (BAR + 2), round(room * max(grosze, 0) / most, 1) if most > 0 else 0.0, grosze)
            for place, (kind, grosze) in enumerate(sums)
        ]
        rows.append(Row(row.month, top, (bars[0], bars[1])))
    return Chart(WIDTH, TOP + len(rows) * ROW, LABEL, BAR, rows)
