"""The language of the pages: texts through gettext, money and dates in the way Poles write them.

Polish is the language of the sources, so it needs no catalogue; others come as catalogues in `locale/`.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

LOCALE_FOLDER = Path(__file__).resolve().parents[1] / "locale"
DOMAIN = "portal"
WARSAW = ZoneInfo("Europe/Warsaw")
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"
GROUPS = (2, 4, 4, 4, 4, 4, 4)  # how an account number is written


class Language:
    """Everything a page says in one language."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.translations: NullTranslations = Translations.load(LOCALE_FOLDER, [code], DOMAIN)

    def text(self, message: str) -> str:
        """A text in this language."""
        return self.translations.gettext(message)

    def money(self, amount_grosze: int) -> str:
        """`1 234,56 zł`, without a sign: whether it is owed or overpaid is said in words."""
        zloty = Decimal(abs(amount_grosze)) / 100
        return f"{format_decimal(zloty, '#,##0.00', locale=self.code)}{NO_BREAK_SPACE}zł"

    def signed_money(self, amount_grosze: int) -> str:
        """The same with a minus before a sum that lowers a charge: for the lines of a charge only."""
        return (MINUS if amount_grosze < 0 else "") + self.money(amount_grosze)

    def number(self, decimal: str) -> str:
        """A decimal string as Poles write it: `48,5`."""
        return self._decimal(decimal, "#,##0.####")

    def price(self, decimal: str) -> str:
        """A unit price, with at least two places: `14,20`."""
        return self._decimal(decimal, "#,##0.00##")

    def _decimal(self, decimal: str, pattern: str) -> str:
        try:
            return format_decimal(Decimal(decimal), pattern, locale=self.code).replace("-", MINUS)
        except ArithmeticError:
            return decimal

    def day(self, day: date) -> str:
        """`1 lutego 2023`."""
        return format_date(day, "d MMMM y", locale=self.code).replace(" ", NO_BREAK_SPACE)

    def month(self, month: str) -> str:
        """`luty 2023`, of `2023-02`."""
        return format_date(first_day(month), "LLLL y", locale=self.code).replace(" ", NO_BREAK_SPACE)

    def moment(self, moment: datetime) -> str:
        """`1 lutego 2023, 14:05`, in Warsaw."""
        local = moment.astimezone(WARSAW)
        return f"{self.day(local.date())}, {format_datetime(local, 'HH:mm', locale=self.code)}"


def first_day(month: str) -> date:
    """The first day of `YYYY-MM`.

    Raises:
        ValueError: it is no month.
    """
    return date.fromisoformat(f"{month}-01")


def account_number(digits: str) -> str:
    """A bank account in its groups, which lines may break between; anything that is no account stays as it is."""
    if len(digits) != sum(GROUPS) or not digits.isdecimal():
        return digits
    groups, start = [], 0
    for length in GROUPS:
        groups.append(digits[start : start + length])
        start += length
    return " ".join(groups)
