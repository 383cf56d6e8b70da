"""What a month costs: the components of a TBS's charge, their prices year by year, and lines right to the grosz.

A line's amount is quantity times unit price, gross, rounded half up to the grosz; prices rise every March.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Final

_BASE_YEAR: Final = 2024
_RAISE_MONTH: Final = 3
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the company's list: its code, words, unit, VAT rate and gross price in zł of March 2024."""

    code: str
    description: str
    unit: str
    vat_rate: str
    base_price_zl: Decimal
    yearly_raise: Decimal = Decimal("1.045")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a charge or a correction, as ChargeIssued has it."""

    component: Component
    description: str
    quantity: Decimal
    unit_price_zl: Decimal

    @property
    def amount_grosze(self) -> int:
        """Give quantity times unit price in grosze, rounded half up."""
        return int((self.quantity * self.unit_price_zl).quantize(_CENT, ROUND_HALF_UP).scaleb(2))

    def data(self) -> dict[str, str | int]:
        """Give the line of ChargeIssued."""
        return {
            "component": self.component.code,
            "description": self.description,
            "quantity": str(self.quantity),
            "unit": self.component.unit,
            "unit_price": str(self.unit_price_zl),
            "vat_rate": self.component.vat_rate,
            "amount_grosze": self.amount_grosze,
        }


def _component(code: str, description: str, unit: str, vat_rate: str, price_zl: str) -> Component:
    return Component(code, description, unit, vat_rate, Decimal(price_zl))


RENT: Final = _component("czynsz", "Czynsz najmu", "m²", "zw", "13.85")
HEATING: Final = _component("zaliczka-co", "Zaliczka na centralne ogrzewanie", "m²", "zw", "4.35")
HOT_WATER: Final = _component("ciepla-woda", "Zaliczka na podgrzanie wody", "m³", "zw", "31.40")
COLD_WATER: Final = _component("zimna-woda-scieki", "Zaliczka na zimną wodę i ścieki", "m³", "zw", "13.62")
WASTE: Final = _component("odpady-komunalne", "Odpady komunalne (segregowane)", "os.", "zw", "34.00")
WASTE_UNSORTED: Final = _component("odpady-komunalne", "Odpady komunalne (niesegregowane)", "os.", "zw", "68.00")
LIFT: Final = _component("winda", "Eksploatacja windy", "os.", "zw", "9.50")
INTERCOM: Final = _component("domofon", "Konserwacja domofonu", "szt.", "zw", "3.20")
PARKING: Final = _component("miejsce-postojowe", "Miejsce postojowe", "szt.", "23", "123.00")

SHOP_RENT: Final = _component("czynsz-uzytkowy", "Czynsz najmu lokalu usługowego", "m²", "23", "51.66")
SHOP_HEATING: Final = _component("zaliczka-co", "Zaliczka na centralne ogrzewanie", "m²", "23", "5.35")
SHOP_WATER: Final = _component("zimna-woda-scieki", "Zaliczka na zimną wodę i ścieki", "m³", "8", "14.71")
SHOP_WASTE: Final = _component("odpady-komunalne", "Odpady komunalne (pojemnik 120 l)", "szt.", "8", "96.00")
GARAGE_RENT: Final = _component("czynsz-garaz", "Czynsz najmu garażu", "m²", "23", "18.45")


@cache
def price_zl(component: Component, month: date) -> Decimal:
    """Give the gross unit price of `component` in `month`, in zł with two decimals."""
    years = month.year - _BASE_YEAR - (month.month < _RAISE_MONTH)
    return (component.base_price_zl * component.yearly_raise**years).quantize(_CENT, ROUND_HALF_UP)


def line(component: Component, quantity: Decimal, month: date, factor: Decimal = Decimal(1)) -> Line:
    """Make a line of `month`; `factor` is the house's place between cheap and dear."""
    price = (price_zl(component, month) * factor).quantize(_CENT, ROUND_HALF_UP)
    return Line(component, component.description, quantity, price)


def total_grosze(lines: tuple[Line, ...]) -> int:
    """Sum the lines, in grosze."""
    return sum(each.amount_grosze for each in lines)
