"""A month's charge beside the month before: what of it changed, and by how much."""

from dataclasses import dataclass
from decimal import Decimal

from services.gateway.clients.models import Charge, ChargeLine, MonthCharges

EXEMPT = "zw"


@dataclass(frozen=True)
class Change:
    """A component of the charge that is not what it was; 0 before: it is new, 0 now: it is gone. Grosze."""

    description: str
    before_grosze: int
    now_grosze: int


@dataclass(frozen=True)
class VatRate:
    """What is charged at one rate of VAT, and the tax within it, in grosze. `rate`: per cent, or "zw"."""

    rate: str
    gross_grosze: int
    vat_grosze: int


def changes(before: MonthCharges, now: MonthCharges) -> list[Change]:
    """The components, corrections counted, whose sums differ; in the order of the newer charge, then what is gone."""
    old, new = _components(before), _components(now)
    return [
        Change((new.get(key) or old[key])[0], old.get(key, ("", 0))[1], new.get(key, ("", 0))[1])
        for key in [*new, *(key for key in old if key not in new)]
        if old.get(key, ("", 0))[1] != new.get(key, ("", 0))[1]
    ]


def _components(month: MonthCharges) -> dict[str, tuple[str, int]]:
    sums: dict[str, tuple[str, int]] = {}
    for line in _lines(month.charges):
        description, grosze = sums.get(line.component, (line.description, 0))
        sums[line.component] = (description, grosze + line.amount_grosze)
    return sums


def vat_rates(month: MonthCharges) -> list[VatRate]:
    """The month by rate of VAT, the highest first; empty when nothing is taxed, as the rent of a dwelling.

    The tax within a gross sum is gross x rate / (100 + rate), rounded half up once for each rate.
    """
    sums: dict[str, int] = {}
    for line in _lines(month.charges):
        sums[line.vat_rate] = sums.get(line.vat_rate, 0) + line.amount_grosze
    if set(sums) <= {EXEMPT}:
        return []
    return [VatRate(rate, sums[rate], vat_within(sums[rate], rate)) for rate in sorted(sums, key=_height, reverse=True)]


def vat_within(gross_grosze: int, rate: str) -> int:
    """The VAT within a gross sum, in grosze."""
    percent = _height(rate)
    if percent <= 0:
        return 0
    sign = -1 if gross_grosze < 0 else 1
    return sign * int((abs(gross_grosze) * percent * 2 + 100 + percent) // (2 * (100 + percent)))


def _height(rate: str) -> Decimal:
    return Decimal(rate) if rate.isdecimal() else Decimal(-1)


def _lines(charges: list[Charge]) -> list[ChargeLine]:
    return [
        line
        for charge in charges
        for lines in (charge.lines, *(one.lines for one in charge.corrections))
        for line in lines
    ]
