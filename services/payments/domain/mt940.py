"""Statements in MT940, as Polish banks write them. Fields of a message are read by the `mt-940` library.

It is given clean messages only: what an entry must be is checked here first, because the library cannot tell the line
of a fault, writes what it cannot read into the log, and takes what stands behind the closing balance for an entry's.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import mt940

from services.payments.domain.accounts import grouped, nrb_of
from services.payments.domain.bank_profiles import Profile, Reading
from services.payments.domain.dialects import details_of, fits
from services.payments.domain.statement import (
    CURRENCY,
    MAX_ENTRIES,
    Entry,
    Movement,
    Statement,
    StatementRefusedError,
    WrongProfileError,
    grosze_of,
)

MAX_STATEMENTS = 1_000  # of one file: one per account and page
NO_REFERENCE = "NONREF"
_DETAILS = "transaction_details"

# The library's own corrections, and the details as they came: each bank's dialect is read here.
_OPTIONS = mt940.Options.all()
_PROCESSORS: dict[str, list[Any]] = {"post_transaction_details": []}

_ACCOUNT = re.compile(rb"^:25:(.*?)\r?$", re.MULTILINE)
_ENTRY = re.compile(
    r":61:[0-9]{6}(?:[0-9]{4})?(?P<movement>RC|RD|C|D)[A-Z]?(?P<amount>[0-9]{1,12},[0-9]{0,2})[A-Z][A-Z0-9]{3}.*"
)
_BALANCE = re.compile(r":(?P<tag>60F|60M|62F|62M):[CD][0-9]{6}(?P<currency>[A-Z]{3})[0-9]{1,12},[0-9]{0,2}")
_NUMBER = re.compile(r"(?P<number>[0-9]{1,5})(?:/(?P<page>[0-9]{1,5}))?")


@dataclass(slots=True)
class _Message:
    """One message of the file, from its `:20:` to its closing balance; lines count from 1."""

    line: int
    lines: list[str]
    entry_lines: list[int]
    closed: bool = False


def read(data: bytes, reading: Reading) -> list[Statement]:
    """Every statement of a file, in its order.

    Raises:
        StatementRefusedError: the file cannot be read whole.
    """
    accounts = [nrb_of(found.decode("ascii", "replace")) for found in _ACCOUNT.findall(data)]
    profile = _profile(accounts, reading)
    try:
        text = data.decode(profile.encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise WrongProfileError(f"plik nie jest zapisany w {profile.encoding} ({profile.name})", line) from error
    messages = _messages(text)
    clean = io.StringIO("\n".join(line for message in messages for line in message.lines))
    try:
        parsed = mt940.parse_statements(clean, processors=_PROCESSORS, options=_OPTIONS)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise StatementRefusedError(f"plik nie jest czytelny jako MT940 ({type(error).__name__})") from error
    if len(parsed) != len(messages):
        raise StatementRefusedError("liczba wyciągów w pliku jest niejasna")
    _require_dialect(parsed, profile)
    return [_statement(found, message, profile) for found, message in zip(parsed, messages, strict=True)]


def _profile(accounts: list[str | None], reading: Reading) -> Profile:
    """By what the whole file is read: one bank wrote it."""
    if not accounts:
        raise StatementRefusedError("to nie jest wyciąg MT940: nie ma w nim pola :25: z numerem rachunku")
    profiles = {id(profile): profile for account in accounts if (profile := reading.profile_of(account or ""))}
    if len(profiles) != 1:
        raise WrongProfileError(
            "nie wiadomo, według którego profilu banku czytać ten plik: wskaż profil albo dopisz rachunek do ustawień"
        )
    return next(iter(profiles.values()))


def _require_dialect(parsed: Sequence[Any], profile: Profile) -> None:
    """Refuse a file of which no details are written as the profile says: it is another bank's."""
    told = [details for found in parsed for each in found.transactions if (details := each.data.get(_DETAILS))]
    if told and not any(fits(str(details), profile) for details in told):
        raise WrongProfileError(f"opisy pozycji nie są zapisane tak, jak pisze {profile.name}: wskaż inny profil")


def _messages(text: str) -> list[_Message]:
    """The messages of a file: what stands before, between and behind them is headers of the bank's."""
    messages: list[_Message] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.rstrip("\r")
        if line.startswith(":20:"):
            messages.append(_Message(number, [line], []))
        elif messages and not messages[-1].closed:
            _take(messages[-1], number, line)
        elif line.startswith(":61:"):
            raise StatementRefusedError("pozycja stoi poza wyciągiem", number)
    if not 1 <= len(messages) <= MAX_STATEMENTS:
        raise StatementRefusedError(f"w pliku jest {len(messages)} wyciągów (:20:)")
    if sum(len(message.entry_lines) for message in messages) > MAX_ENTRIES:
        raise StatementRefusedError(f"w pliku jest ponad {MAX_ENTRIES} pozycji")
    return messages


def _take(message: _Message, number: int, line: str) -> None:
    if line.startswith(":61:"):
        if _ENTRY.fullmatch(line) is None:
            raise StatementRefusedError("pozycja wyciągu (:61:) jest nieczytelna", number)
        message.entry_lines.append(number)
    if line.startswith((":60", ":62")):
        balance = _BALANCE.match(line)
        if balance is None:
            raise StatementRefusedError("saldo jest nieczytelne", number)
        if balance["currency"] != CURRENCY:
            raise StatementRefusedError(f"wyciąg jest w walucie {balance['currency']}, a nie {CURRENCY}", number)
        message.closed = balance["tag"].startswith("62")
    message.lines.append(line)


def _statement(found: Any, message: _Message, profile: Profile) -> Statement:
    if len(found.transactions) != len(message.entry_lines):
        raise StatementRefusedError("liczba pozycji wyciągu jest niejasna", message.line)
    data = found.data
    account = nrb_of(str(data.get("account_identification") or ""))
    if account is None:
        raise StatementRefusedError("numer rachunku (:25:) nie jest poprawny", message.line)
    opening = data.get("final_opening_balance") or data.get("intermediate_opening_balance")
    closing = data.get("final_closing_balance") or data.get("intermediate_closing_balance")
    if opening is None or closing is None:
        raise StatementRefusedError(f"wyciąg rachunku {grouped(account)} nie ma salda", message.line)
    number = _NUMBER.match(str(data.get("statement_number") or ""))
    page = str(data.get("sequence_number") or "")
    return Statement(
        account=account,
        number=int(number["number"]) or None if number else None,
        page=int(page) if page.isdecimal() else None,
        opening_grosze=grosze_of(str(opening.amount.amount), message.line),
        closing_grosze=grosze_of(str(closing.amount.amount), message.line),
        closed_on=_day(closing.date),
        entries=tuple(
            _entry(each.data, line, profile) for each, line in zip(found.transactions, message.entry_lines, strict=True)
        ),
        line=message.line,
    )


def _entry(data: dict[str, Any], line: int, profile: Profile) -> Entry:
    reference = str(data.get("bank_reference") or "").strip() or str(data.get("customer_reference") or "").strip()
    return Entry(
        line=line,
        movement=Movement(data["status"]),
        amount_grosze=abs(grosze_of(str(data["amount"].amount), line)),
        booked_on=_day(data.get("guessed_entry_date") or data["date"]),
        reference="" if reference == NO_REFERENCE else reference,
        details=details_of(str(data.get(_DETAILS) or ""), profile),
    )


def _day(day: date) -> date:
    """A plain date: the library's own kind compares, but is not one to everybody."""
    return date(day.year, day.month, day.day)
