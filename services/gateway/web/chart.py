"""The chart of months: how long its bars are. The template draws it; the same numbers stand in a table beside it.

Names and sums are text of the page, not of the drawing: they grow with the reader's text size and wrap on a telephone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.gateway.clients.models import MonthTurnover

LONGEST: Final = 100.0  # a bar's length is per cent of the longest


@dataclass(frozen=True)
class Bar:
    """A bar and its sum; the length is 0 to 100."""

    kind: str
    length: float
    grosze: int


@dataclass(frozen=True)
class Row:
    """A month's bars."""

    month: str
    bars: tuple[Bar, Bar]


def chart_of(months: Sequence[MonthTurnover]) -> list[Row]:
    """Bars for what was charged and paid in each month, as given; a sum below zero has no bar, only its number."""
    most = max((sum_ for row in months for sum_ in (row.charged_grosze, row.paid_grosze)), default=0)

    def bar(kind: str, grosze: int) -> Bar:
        return Bar(kind, round(LONGEST * max(grosze, 0) / most, 1) if most > 0 else 0.0, grosze)

    return [Row(row.month, (bar("charged", row.charged_grosze), bar("paid", row.paid_grosze))) for row in months]
