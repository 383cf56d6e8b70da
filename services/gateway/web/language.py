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
MIB = 1024 * 1024
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

    def saldo(self, balance_grosze: int) -> str:
        """A balance in words: what is owed, what is overpaid, or that all is settled."""
        if balance_grosze > 0:
            return self.text("do zapłaty %(sum)s") % {"sum": self.money(balance_grosze)}
        if balance_grosze < 0:
            return self.text("nadpłata %(sum)s") % {"sum": self.money(balance_grosze)}
        return self.text("rozliczone")

    def transfer_title(self, number: str | None, month: str | None = None) -> str:
        """What to write in a transfer: short, since the QR code takes 32 characters."""
        if not number:
            return self.text("Opłaty za lokal")
        if month is None:
            return self.text("Umowa %(number)s, opłaty") % {"number": number}
        said = f"{month[5:]}.{month[:4]}"
        return self.text("Umowa %(number)s, za %(month)s") % {"number": number, "month": said}

    def number(self, decimal: str) -> str:
        """A decimal string as Poles write it: `48,5`."""
        return self._decimal(decimal, "#,##0.####")

    def file_size(self, size_bytes: int) -> str:
        """The size of a file: `12 kB`, `1,4 MB`."""
        if size_bytes >= MIB:
            return f"{format_decimal(size_bytes / MIB, '#,##0.0', locale=self.code)}{NO_BREAK_SPACE}MB"
        return f"{-(-size_bytes // 1024)}{NO_BREAK_SPACE}kB"

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

    def short_month(self, month: str) -> str:
        """`lut 2023`, of `2023-02`; where there is no room, the year goes on the next line."""
        return format_date(first_day(month), "LLL y", locale=self.code)

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


def plain_sum(amount_grosze: int) -> str:
    """A sum as a bank's form takes it: `1234,56`."""
    return f"{amount_grosze // 100},{amount_grosze % 100:02}"


def account_number(digits: str) -> str:
    """A bank account in its groups, which lines may break between; anything that is no account stays as it is."""
    if len(digits) != sum(GROUPS) or not digits.isdecimal():
        return digits
    groups, start = [], 0
    for length in GROUPS:
        groups.append(digits[start : start + length])
        start += length
    return " ".join(groups)
