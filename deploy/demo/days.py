"""Days and months of the Polish calendar: due days that fall on a working day, month arithmetic, today in Warsaw."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

WARSAW: Final = ZoneInfo("Europe/Warsaw")
_FIXED_HOLIDAYS: Final = (
    (1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 24), (12, 25), (12, 26),
)  # fmt: skip


def today() -> date:
    """Give the day in Europe/Warsaw."""
    return datetime.now(UTC).astimezone(WARSAW).date()


def first_of_this_month() -> date:
    """Give the first day of the current month of Europe/Warsaw: the demo company's default today."""
    return today().replace(day=1)


def add_months(day: date, months: int) -> date:
    """Give the first day of the month `months` after (or before) the month of `day`."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def months_between(first: date, last: date) -> Iterator[date]:
    """Yield the first day of each month from the month of `first` to the month of `last`."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = add_months(month, 1)


def due_date(month: date, due_day: int) -> date:
    """Give the day in `month` by which its charge is due: `due_day` (31: the last), or the next working day."""
    last = add_months(month, 1) - timedelta(days=1)
    return working_day(month.replace(day=min(due_day, last.day)))


def working_day(day: date) -> date:
    """Give `day`, or the next one that is neither Saturday nor a holiday (art. 115 k.c.)."""
    while day.weekday() >= 5 or day in _holidays(day.year):
        day += timedelta(days=1)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    easter = _easter(year)
    moving = (easter, *(easter + timedelta(days=days) for days in (1, 49, 60)))
    return frozenset((*moving, *(date(year, month, day) for month, day in _FIXED_HOLIDAYS)))


def _easter(year: int) -> date:
    """Give Easter Sunday by Gauss's rule for 1900 to 2099, exceptions of 1954, 1981, 2049 and 2076 included."""
    moon = (19 * (year % 19) + 24) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
    offset = moon + sunday
    if (moon == 29 and sunday == 6) or (moon == 28 and sunday == 6 and year % 19 > 10):
        offset -= 7
    return date(year, 3, 22) + timedelta(days=offset)
