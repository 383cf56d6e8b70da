"""What is true of matters and letters, whatever the database, the broker or the clock. Pure.

A matter belongs to the account that opened it. What is written in it never becomes part of an event: events carry ids
and a digest, the words stay in this service. Messages of refusals are for tenants, in Polish.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from pydantic import JsonValue

from libs.events.correspondence import MatterClosed, MatterOpened, MatterReopened, MatterTypeDefined, MessageSent
from libs.events.envelope import canonical

MAX_TITLE_CHARACTERS: Final = 120  # one line of a list
MAX_TEXT_CHARACTERS: Final = 8_000  # some four pages; longer writings will come as attachments
MAX_MESSAGES: Final = 200  # of one matter: a thread is shown whole
SALT_BYTES: Final = 16
GENERAL_LETTER: Final = "general"

Event: TypeAlias = MatterOpened | MessageSent | MatterClosed | MatterReopened


class MatterState(StrEnum):
    """Whose turn it is: the company's (open), the tenant's (answered), nobody's (closed)."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class AuthorRole(StrEnum):
    """On whose behalf a letter is written."""

    TENANT = "tenant"
    STAFF = "staff"


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with one field, said to the person who filled it in."""

    field: str
    message: str


class BadLetterError(ValueError):
    """A letter cannot be taken; `faults` says why, field by field."""

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


class MatterRefusedError(Exception):
    """The matter is not in a state for this; the message is for the person who asked."""


@dataclass(frozen=True)
class MatterType:
    """A kind of matter that can be raised; `name` and `description` are read by tenants."""

    matter_type_id: str
    name: str
    description: str


FIRST_MATTER_TYPES: Final = (
    MatterType(GENERAL_LETTER, "Pismo ogólne", "Każda sprawa, której nie ma na tej liście."),
    MatterType("fault", "Zgłoszenie usterki", "Coś w mieszkaniu lub budynku wymaga naprawy. Napisz, co i gdzie."),
    MatterType("charges", "Pytanie o naliczenie lub wpłatę", "Kwota na koncie jest niejasna albo brakuje wpłaty."),
    MatterType("media", "Rozliczenie mediów", "Pytanie o rozliczenie wody lub ogrzewania albo reklamacja."),
    MatterType("persons", "Zmiana liczby osób w mieszkaniu", "Podaj nową liczbę osób i datę, od której się zmienia."),
    MatterType("waste", "Zmiana segregacji odpadów", "Podaj datę, od której odpady będą zbierane inaczej."),
    MatterType("instalments", "Prośba o rozłożenie zaległości na raty", "Napisz, ile rat i od kiedy możesz płacić."),
    MatterType(
        "certificate", "Prośba o zaświadczenie", "Na przykład o niezaleganiu z opłatami. Podaj, komu je okażesz."
    ),
)
"""The list the company begins with, in the order shown; the general letter is always there."""


@dataclass(frozen=True)
class Letter:
    """What a person wrote, as it is kept: NFC, ends of lines as one character, nothing blank at the ends.

    Only the letter that opens a matter has a `title`.
    """

    text: str
    title: str | None = None


@dataclass(frozen=True)
class Matter:
    """A matter as its events tell it."""

    matter_id: str
    account_id: str
    lease_id: str | None
    matter_type_id: str
    state: MatterState = MatterState.OPEN
    message_count: int = 0


@dataclass(frozen=True)
class OpenMatter:
    """A tenant raises a matter with its first letter; `lease_id` None: about no lease."""

    matter_id: str
    matter_type_id: str
    lease_id: str | None
    first: "WriteMessage"


@dataclass(frozen=True)
class WriteMessage:
    """Somebody writes in a matter. The salt keeps a short text from being guessed by its digest."""

    message_id: str
    account_id: str
    role: AuthorRole
    letter: Letter
    salt: bytes
    today: date


@dataclass(frozen=True)
class CloseMatter:
    """The company considers a matter settled."""

    today: date


def letter(*, text: str, title: str | None = None, with_title: bool = False) -> Letter:
    """Check what a person wrote and bring it to the form in which it is kept.

    Raises:
        BadLetterError: something is missing, too long, or no text.
    """
    title_kept = one_line(title or "") if with_title else None
    text_kept = _lines(text)
    faults: list[FieldFault] = []
    if title_kept is not None:
        faults += _faults("title", title_kept, MAX_TITLE_CHARACTERS, ("Podaj temat.", "Temat"))
    faults += _faults("text", text_kept, MAX_TEXT_CHARACTERS, ("Napisz treść wiadomości.", "Treść"))
    if faults:
        raise BadLetterError(faults)
    return Letter(text_kept, title_kept)


def one_line(text: str) -> str:
    """Return a title as it is kept: NFC, every run of blanks one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _lines(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def _faults(field: str, kept: str, most: int, words: tuple[str, str]) -> Iterable[FieldFault]:
    missing, name = words
    if not kept:
        yield FieldFault(field, missing)
    if len(kept) > most:
        yield FieldFault(field, f"{name} może mieć najwyżej {most} znaków, a ma {len(kept)}.")
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in kept):
        yield FieldFault(field, f"{name} zawiera znak, którego nie można zapisać. Przepisz ten fragment ręcznie.")


def content_digest(message_id: str, kept: Letter, salt: bytes) -> str:
    """Return the digest an event carries: SHA-256 over the canonical JSON of id, salt (hex), text and title, in hex."""
    content: JsonValue = {"message_id": message_id, "salt": salt.hex(), "text": kept.text, "title": kept.title}
    return hashlib.sha256(canonical(content)).hexdigest()


def define(matter_type: MatterType) -> MatterTypeDefined:
    """Tell that a kind of matter can be raised; its words stay here."""
    content: JsonValue = {"description": matter_type.description, "name": matter_type.name}
    digest = hashlib.sha256(canonical(content)).hexdigest()
    return MatterTypeDefined(matter_type_id=matter_type.matter_type_id, content_digest=digest)


def open_matter(command: OpenMatter) -> list[Event]:
    """Raise a matter: it is opened, and its first letter is sent. Whose lease it is has been asked before."""
    opened = MatterOpened(
        matter_id=command.matter_id,
        account_id=command.first.account_id,
        lease_id=command.lease_id,
        matter_type_id=command.matter_type_id,
        opened_on=command.first.today,
    )
    return [opened, _sent(command.matter_id, command.first)]


def decide(matter: Matter, command: WriteMessage | CloseMatter) -> list[Event]:
    """What a command makes of a matter; writing in a closed one opens it again, closing it again changes nothing.

    Raises:
        MatterRefusedError: the thread is full.
    """
    match command:
        case WriteMessage():
            return _write(matter, command)
        case CloseMatter():
            closed = matter.state is MatterState.CLOSED
            return [] if closed else [MatterClosed(matter_id=matter.matter_id, closed_on=command.today)]
    assert_never(command)


def _write(matter: Matter, command: WriteMessage) -> list[Event]:
    if matter.message_count >= MAX_MESSAGES:
        raise MatterRefusedError(f"W tej sprawie jest już {MAX_MESSAGES} wiadomości. Załóż nową sprawę.")
    sent = _sent(matter.matter_id, command)
    if matter.state is MatterState.CLOSED:
        return [MatterReopened(matter_id=matter.matter_id, reopened_on=command.today), sent]
    return [sent]


def _sent(matter_id: str, command: WriteMessage) -> MessageSent:
    return MessageSent(
        matter_id=matter_id,
        message_id=command.message_id,
        account_id=command.account_id,
        author_role=command.role.value,
        sent_on=command.today,
        content_digest=content_digest(command.message_id, command.letter, command.salt),
    )


def begin(event: MatterOpened) -> Matter:
    """Return a matter as it begins."""
    return Matter(event.matter_id, event.account_id, event.lease_id, event.matter_type_id)


def state_after(event: Event) -> MatterState:
    """Whose turn it is after an event, whatever came before it."""
    match event:
        case MatterOpened() | MatterReopened():
            return MatterState.OPEN
        case MessageSent():
            answered = AuthorRole(event.author_role) is AuthorRole.STAFF
            return MatterState.ANSWERED if answered else MatterState.OPEN
        case MatterClosed():
            return MatterState.CLOSED
    assert_never(event)


def evolve(matter: Matter, event: Event) -> Matter:
    """Return the matter after one more of its events."""
    messages = matter.message_count + isinstance(event, MessageSent)
    return replace(matter, state=state_after(event), message_count=messages)


def fold(events: Iterable[Event]) -> Matter | None:
    """Return a matter from its events, oldest first; None when it was never opened."""
    matter: Matter | None = None
    for event in events:
        if isinstance(event, MatterOpened):
            matter = begin(event)
        elif matter is not None:
            matter = evolve(matter, event)
    return matter


def matter_number(year: int, ordinal: int) -> str:
    """Return the number that people quote, such as `K/2026/000123`."""
    return f"K/{year}/{ordinal:06d}"
