"""How the panel writes numbers, times and reasons: for people, in Polish, the same everywhere."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from libs.chassis.telling import zloty

WARSAW: Final = ZoneInfo("Europe/Warsaw")
NO_BREAK: Final = "\u00a0"
NOTHING: Final = "\u2013"
UNKNOWN: Final = "brak danych"

SERVICES: Final = {
    "gateway": "portal",
    "identity": "konta i umowy",
    "ledger": "księga",
    "payments": "płatności",
    "correspondence": "korespondencja",
}
STATES: Final = {"set_aside": "odłożony", "booked": "przyjęty", "discarded": "odrzucony"}
OUTCOMES: Final = {
    "booked": "przyjęty",
    "set_aside": "nadal odłożony",
    "discarded": "odrzucony",
    "already_decided": "rozstrzygnięty już wcześniej",
    "replayed_too_often": "ponawiany zbyt wiele razy",
    "not_found": "nie ma takiego rekordu",
    "in_the_way": "zajęty przez inną operację, można spróbować ponownie",
}
DEEDS: Final = {"replay": "ponowienie", "discard": "odrzucenie"}

# Why a record was set aside, as the chassis itself can tell; readers of events bring words for their own codes.
REASONS: Final = {"unexpected_error": "nieoczekiwany błąd usługi przy czytaniu rekordu"}


def number(value: float | None) -> str:
    """Write a number with groups of three: 1 234, or one decimal: 12,5."""
    if value is None:
        return UNKNOWN
    if isinstance(value, float):
        return f"{value:,.1f}".replace(",", NO_BREAK).replace(".", ",")
    return f"{value:,}".replace(",", NO_BREAK)


def money(amount_grosze: int) -> str:
    """Write an amount as `1 234,56 zł`, never broken over two lines."""
    return zloty(amount_grosze).replace(" ", NO_BREAK)


def duration(seconds: float | None) -> str:
    """Write a span of time in its two greatest units: 3 min 20 s."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"0{NO_BREAK}s" if seconds == 0 else f"poniżej 1{NO_BREAK}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    while parts[0][0] == 0:
        parts.pop(0)
    return NO_BREAK.join(f"{count}{NO_BREAK}{unit}" for count, unit in parts[:2])


def day(on: date | str | None) -> str:
    """Write a day, or its ISO text, as people do: 02.03.2026; without one, a dash."""
    return f"{date.fromisoformat(str(on)):%d.%m.%Y}" if on else NOTHING


def moment(at: datetime) -> str:
    """Write an aware moment as the clock of Warsaw shows it."""
    return at.astimezone(WARSAW).strftime("%d.%m.%Y %H:%M:%S")


def short_moment(at: datetime) -> str:
    """Write an aware moment as the clock of Warsaw shows it, to the minute."""
    return at.astimezone(WARSAW).strftime("%d.%m.%Y %H:%M")


def service(name: str) -> str:
    """Name a service as staff call it."""
    return SERVICES.get(name, name)


def state(name: str) -> str:
    """Name the state of a set-aside record."""
    return STATES.get(name, name)


def outcome(name: str) -> str:
    """Name what came of a decision about a set-aside record."""
    return OUTCOMES.get(name, name)


def deed(name: str) -> str:
    """Name what an operator did to a set-aside record."""
    return DEEDS.get(name, name)


def spark(values: Sequence[float], width: int = 240, height: int = 40) -> str:
    """Give the points of a polyline through `values`, fitted into width times height (SVG user units)."""
    if len(values) < 2:
        return ""
    top = max(values) or 1.0
    step = width / (len(values) - 1)
    return " ".join(
        f"{place * step:.1f},{height - 1 - value / top * (height - 2):.1f}" for place, value in enumerate(values)
    )
