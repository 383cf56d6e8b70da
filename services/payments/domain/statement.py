"""A bank statement as read from any format: checked whole, and its entries told apart from those taken before.

Amounts are grosze, and positive: the movement says which way the money went.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

CURRENCY = "PLN"
MAX_FILE_BYTES = 8 * 1024 * 1024  # a day of a company with a hundred thousand tenants
MAX_ENTRIES = 50_000  # of one file: it is taken in one transaction
MAX_AMOUNT_GROSZE = 10**11  # as events have it
ID_CHARACTERS = 32
NO_BREAK = "\u00a0"


class StatementRefusedError(Exception):
    """The file is not taken, and nothing of it was; `line` is that of the file, from 1, or None where none is to blame.

    The reason is for staff, and never holds a name, a title or an account of a payer.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"wiersz {line}: {reason}")
        self.reason = reason
        self.line = line


class WrongProfileError(StatementRefusedError):
    """No bank's profile is known for the file, or another's: naming one may be enough."""


class Movement(StrEnum):
    """Which way the money of an entry went. A reversal takes an earlier entry back, and is nobody's payment."""

    CREDIT = "C"
    DEBIT = "D"
    CREDIT_REVERSED = "RC"
    DEBIT_REVERSED = "RD"

    @property
    def sign(self) -> int:
        """1 for money in, -1 for money out."""
        return 1 if self in (Movement.CREDIT, Movement.DEBIT_REVERSED) else -1


@dataclass(frozen=True, slots=True)
class Details:
    """What a bank tells about an entry; texts are personal data, and stay in this service.

    `accounts` are those that the bank itself names beside the text, `payer_ids` the ids of mass payments it tells.
    """

    title: str = ""
    payer_name: str = ""
    payer_account: str = ""
    accounts: tuple[str, ...] = ()
    payer_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement; `reference` is the bank's own, "" where it tells none; `line` is where it stands."""

    line: int
    movement: Movement
    amount_grosze: int
    booked_on: date
    reference: str
    details: Details = field(default=Details(), repr=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of one of our accounts. `number` and `page` are None where the bank does not count them."""

    account: str
    number: int | None
    page: int | None
    opening_grosze: int
    closing_grosze: int
    closed_on: date
    entries: tuple[Entry, ...]
    line: int = 1
    left_out: int = 0  # entries that the bank has not booked yet

    @property
    def label(self) -> str:
        """What people call it: `12/2026`, or the day where it has no number."""
        return f"{self.number}/{self.closed_on.year}" if self.number is not None else self.closed_on.isoformat()


def grosze_of(text: str, line: int | None = None) -> int:
    """An amount of a statement, with a comma or a point, as grosze.

    Raises:
        StatementRefusedError: it is none, or has parts of a grosz, or more than events can tell.
    """
    try:
        grosze = Decimal(text.strip().replace(",", ".")) * 100
        whole = int(grosze)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise StatementRefusedError("kwota jest nieczytelna", line) from error
    if whole != grosze or abs(whole) > MAX_AMOUNT_GROSZE:
        raise StatementRefusedError("kwota ma ułamki grosza albo jest poza zakresem", line)
    return whole


def check(statement: Statement) -> None:
    """Refuse a statement whose entries do not lead from its opening to its closing balance.

    Raises:
        StatementRefusedError: with the difference.
    """
    for entry in statement.entries:
        if entry.amount_grosze <= 0:
            raise StatementRefusedError("kwota nie jest dodatnia", entry.line)
    moved = sum(entry.movement.sign * entry.amount_grosze for entry in statement.entries)
    difference = statement.closing_grosze - statement.opening_grosze - moved
    if difference != 0:
        reason = (
            f"wyciąg {statement.label} nie zgadza się: saldo początkowe {zlote(statement.opening_grosze)}, "
            f"obroty {zlote(moved)}, saldo końcowe {zlote(statement.closing_grosze)} "
            f"(różnica {zlote(difference)})"
        )
        raise StatementRefusedError(reason, statement.line)


def zlote(grosze: int) -> str:
    """Grosze as people write them: `-1 234,56 zł`."""
    whole, rest = divmod(abs(grosze), 100)
    grouped = f"{whole:,}".replace(",", NO_BREAK)
    return f"{'-' if grosze < 0 else ''}{grouped},{rest:02}{NO_BREAK}zł"


def transfer_ids(statement: Statement) -> list[str]:
    """An id for each entry, the same whenever this statement is read, in whatever file.

    An entry is known by account, year, statement number, bank reference, movement and amount. Equal ones in one
    statement are told apart by their count, so each of them is one transfer.
    """
    seen: Counter[str] = Counter()
    ids: list[str] = []
    for entry in statement.entries:
        number = f"{statement.closed_on.year}/{statement.number}/{statement.page}"
        if statement.number is None:
            number = statement.closed_on.isoformat()
        known_by = f"{statement.account}|{number}|{entry.reference}|{entry.movement}|{entry.amount_grosze}"
        seen[known_by] += 1
        ids.append(hashlib.sha256(f"{known_by}|{seen[known_by]}".encode()).hexdigest()[:ID_CHARACTERS])
    return ids


@dataclass(frozen=True, slots=True)
class Previous:
    """The latest statement of an account that was taken before, or earlier in the same file."""

    year: int
    number: int
    closing_grosze: int


def continuity_warnings(statement: Statement, previous: Previous | None) -> list[str]:
    """What does not join on to the statement before: numbers left out, or a balance that starts elsewhere."""
    if previous is None or statement.number is None or statement.page not in (None, 0, 1):
        return []
    year = statement.closed_on.year
    if (year, statement.number) <= (previous.year, previous.number):
        return [f"wyciąg {statement.label} jest starszy niż już wczytany {previous.number}/{previous.year}"]
    expected = previous.number + 1 if year == previous.year else 1
    if statement.number > expected:
        missing = f"{expected}" if statement.number == expected + 1 else f"{expected}-{statement.number - 1}"
        return [f"przed wyciągiem {statement.label} brakuje wyciągów nr {missing}"]
    if statement.opening_grosze != previous.closing_grosze:
        opening, closing = zlote(statement.opening_grosze), zlote(previous.closing_grosze)
        return [f"wyciąg {statement.label} zaczyna się od {opening}, a poprzedni skończył się na {closing}"]
    return []
