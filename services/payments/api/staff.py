"""What the panel's pages about bank money share: what they are built with, words, and masks for lists."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Protocol

from fastapi import Query

from libs.chassis.auth import Principal
from libs.chassis.http import ID, not_found
from libs.chassis.panel import PanelSession
from libs.chassis.postgres import Database
from libs.chassis.searching import MAX_SEARCH_CHARACTERS
from services.payments.commands.statements import StatementImporter
from services.payments.commands.transfers import TransferDesk
from services.payments.domain.accounts import grouped
from services.payments.domain.autopay import WARSAW
from services.payments.domain.bank_profiles import Profiles
from services.payments.domain.matching import By, Unclear
from services.payments.domain.statement import StatementRefusedError, grosze_of, zlote
from services.payments.domain.transfer import Deed, TransferStatus
from services.payments.read_models.transfers import Place, Search

ROWS = 50
DECIDING_ROLES = ("operator", "accountant")
MIN_NOTE_CHARACTERS = 3
MAX_NOTE_CHARACTERS = 500
MASKED_LETTERS = 1
SHOWN_DIGITS = 4
NOTHING = "\u2013"

NO_NOTE = "Napisz powód: od 3 do 500 znaków."
NO_DAY = "Podaj dzień, nie późniejszy niż dzisiaj."

After = Annotated[str | None, Query(pattern=f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}_{ID.pattern}$")]

STATUSES: Mapping[TransferStatus, str] = {
    TransferStatus.TO_CLARIFY: "do wyjaśnienia",
    TransferStatus.CREDITED: "zaliczony na umowę",
    TransferStatus.RETURNED: "odesłany",
    TransferStatus.SETTLED: "rozliczenie Autopay",
}
REASONS: Mapping[str, str] = {
    Unclear.NO_NUMBER: "nie ma w nim numeru rachunku ani identyfikatora",
    Unclear.UNKNOWN_NUMBER: "numer nie należy do żadnej umowy",
    Unclear.AMBIGUOUS: "numer pasuje do więcej niż jednej umowy",
    Unclear.TAKEN_OFF: "zdjęty z umowy przez pracownika",
    By.PAYER_ID: "po identyfikatorze wpłacającego z banku",
    By.ACCOUNT: "po rachunku wirtualnym, na który wpłynął",
    By.TEXT: "po numerze rachunku w tytule",
    By.OPERATOR: "przez pracownika",
}
DEEDS: Mapping[str, str] = {
    Deed.CREDITED: "zaliczono na umowę",
    Deed.UNCREDITED: "zdjęto z umowy",
    Deed.RETURNED: "odesłano",
    "report_credited": "zaliczono zgłoszenie",
    "report_dismissed": "odrzucono zgłoszenie",
}


@dataclass(frozen=True, slots=True)
class MoneyDoor:
    """What the pages are built with."""

    database: Database
    importer: StatementImporter
    desk: TransferDesk
    profiles: Profiles


class Booked(Protocol):
    """A transfer, or what is made of one, in a list by the day it was booked."""

    @property
    def booked_on(self) -> date:
        """That day."""

    @property
    def transfer_id(self) -> str:
        """Its id."""


class FormError(Exception):
    """A form cannot be carried out as sent: which field, and what to tell."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


def words() -> dict[str, Any]:
    """What every page of these may use: names of states and reasons, and how money, days and accounts are written."""
    return {
        "statuses": STATUSES,
        "reasons": REASONS,
        "deeds": DEEDS,
        "zl": zlote,
        "nrb": grouped,
        "initials": initials,
        "ending": ending,
        "may_decide": may_decide,
    }


def following(page: Sequence[Booked]) -> str | None:
    """The cursor behind a page of transfers; None when it is not full."""
    return f"{page[-1].booked_on}_{page[-1].transfer_id}" if len(page) == ROWS else None


def place_of(cursor: str | None) -> Place | None:
    """The place that a cursor of a list of transfers names; None: the top.

    Raises:
        Problem: 404 for a day that there is not.
    """
    if cursor is None:
        return None
    day, _, transfer_id = cursor.partition("_")
    try:
        return Place(date.fromisoformat(day), transfer_id)
    except ValueError as error:
        raise not_found() from error


def may_decide(session: PanelSession) -> bool:
    """Whether somebody at the panel may move money; `require_decider` asks again when they do."""
    return any(role in session.principal.roles for role in DECIDING_ROLES)


def require_decider(session: PanelSession) -> Principal:
    """Who moves money.

    Raises:
        Problem: 403 for everybody else.
    """
    session.principal.require_role(*DECIDING_ROLES)
    return session.principal


def initials(name: str) -> str:
    """A name as lists show it: the first letters of its first two words."""
    return " ".join(f"{word[:MASKED_LETTERS]}•••" for word in name.split()[:2]) or NOTHING


def ending(account: str) -> str:
    """An account as lists show it: its last four digits."""
    return f"…{account[-SHOWN_DIGITS:]}" if account else NOTHING


def search_of(text: str) -> Search:
    """What is looked for: a text is an amount too when it can be one, and digits of an account."""
    wanted = text.strip()[:MAX_SEARCH_CHARACTERS]
    if not wanted:
        return Search()
    try:
        amount = grosze_of(re.sub(r"\s|zł", "", wanted))
    except StatementRefusedError:
        amount = None
    digits = re.sub(r"[\s-]", "", wanted).removeprefix("PL")
    return Search(wanted, amount, digits if digits.isdecimal() else "")


def note_of(text: str, *, required: bool) -> str | None:
    """The reason of a decision as written; None where it may be left out and was.

    Raises:
        FormError: it is missing, too short or too long.
    """
    note = text.strip()
    if (required or note) and not MIN_NOTE_CHARACTERS <= len(note) <= MAX_NOTE_CHARACTERS:
        raise FormError("note", NO_NOTE)
    return note or None


def today() -> date:
    """The day in Warsaw."""
    return datetime.now(UTC).astimezone(WARSAW).date()


def day_of(text: str, field: str) -> date:
    """A day of a form, of today or before.

    Raises:
        FormError: it is none, or is still to come.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise FormError(field, NO_DAY) from error
    if day > today():
        raise FormError(field, NO_DAY)
    return day
