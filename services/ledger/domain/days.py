"""Days: the company lives in Europe/Warsaw, and so do its due dates."""

from calendar import monthrange
from datetime import date, datetime
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")


def warsaw_day(moment: datetime) -> date:
    """The day in Warsaw at an aware `moment`."""
    return moment.astimezone(WARSAW).date()


def first_day(month: str) -> date:
    """The first day of a month given as `YYYY-MM`; raises ValueError for anything else."""
    return date.fromisoformat(f"{month}-01")


def last_day(month: str) -> date:
    """The last day of a month given as `YYYY-MM`; raises ValueError for anything else."""
    first = first_day(month)
    return first.replace(day=monthrange(first.year, first.month)[1])


def due_day_of(month: str, due_day: int) -> date:
    """The day of `month` on which a lease's rent is due; a due day past the month's end means its last day."""
    last = last_day(month)
    return last.replace(day=min(due_day, last.day))
