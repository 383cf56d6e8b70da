"""What is true of matters and letters, whatever the database, the broker or the clock. Pure.

A matter belongs to the account that opened it. What is written in it never becomes part of an event: events carry ids
and a digest, the words stay in this service. Messages of refusals are for tenants, in Polish.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from pydantic import JsonValue

from libs.events.correspondence import (
    AnswerDeadlineSet,
    MatterAssigned,
    MatterClosed,
    MatterOpened,
    MatterReopened,
    MessageSent,
)
from libs.events.envelope import canonical
from services.correspondence.domain.faults import BadLetterError, lines, one_line, text_faults

MAX_TITLE_CHARACTERS: Final = 120  # one line of a list
MAX_TEXT_CHARACTERS: Final = 8_000  # some four pages; longer writings come as attachments
MAX_MESSAGES: Final = 200  # of one matter: a thread is shown whole
SALT_BYTES: Final = 16
MAX_DEADLINE_DAYS: Final = 365
UNSEEN: Final = "W międzyczasie przybyła wiadomość. Przeczytaj ją, zanim zamkniesz sprawę."
WITH_FORM: Final = "Wypełniony formularz jest w załączniku."
WITH_ATTACHMENTS: Final = "Pismo jest w załączniku."

Event: TypeAlias = MatterOpened | MessageSent | MatterAssigned | AnswerDeadlineSet | MatterClosed | MatterReopened


class MatterState(StrEnum):
    """Whose turn it is: the company's (open), the tenant's (asked; answered, when they like), nobody's (closed)."""

    OPEN = "open"
    ASKED = "asked"
    ANSWERED = "answered"
    CLOSED = "closed"


class AuthorRole(StrEnum):
    """On whose behalf a letter is written."""

    TENANT = "tenant"
    STAFF = "staff"


class MatterRefusedError(Exception):
    """The matter is not in a state for this; the message is for the person who asked."""


@dataclass(frozen=True)
class Letter:
    """What a person wrote, as it is kept: NFC, ends of lines as one character, nothing blank at the ends.

    Only the letter that opens a matter has a `title`. `attachments`: the SHA-256 of each file, in hex, in order.
    """

    text: str
    title: str | None = None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matter:
    """A matter as its events tell it."""

    matter_id: str
    account_id: str
    lease_id: str | None
    matter_type_id: str
    state: MatterState = MatterState.OPEN
    message_count: int = 0
    assignee_id: str | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class OpenMatter:
    """A tenant raises a matter of a kind's version with its first letter; `lease_id` None: about no lease."""

    matter_id: str
    matter_type_id: str
    matter_type_version: int
    lease_id: str | None
    first: "WriteMessage"


@dataclass(frozen=True)
class WriteMessage:
    """Somebody writes in a matter. The salt keeps a short text from being guessed by its digest.

    `answer_days`: how soon the company means to answer, when a tenant writes; `asks`: staff wait for an answer;
    `then`: staff close the matter with it, and it is not sent when they may not.
    """

    message_id: str
    account_id: str
    role: AuthorRole
    letter: Letter
    salt: bytes
    today: date
    answer_days: int = 14
    asks: bool = False
    then: "CloseMatter | None" = None


@dataclass(frozen=True)
class AssignMatter:
    """A member of the staff takes care of a matter."""

    assignee_id: str
    today: date


@dataclass(frozen=True)
class SetAnswerDeadline:
    """The company means to answer until a day."""

    due_on: date
    today: date


@dataclass(frozen=True)
class CloseMatter:
    """The company considers a matter settled; `seen`: how many letters whoever says so knew of, None: all of them."""

    today: date
    seen: int | None = None


@dataclass(frozen=True)
class ReopenMatter:
    """The company goes on with a closed matter."""

    today: date


Command: TypeAlias = WriteMessage | AssignMatter | SetAnswerDeadline | CloseMatter | ReopenMatter


def letter(
    *, text: str, title: str | None = None, attachments: Sequence[str] = (), otherwise: str | None = None
) -> Letter:
    """Check what a person wrote and bring it to the form in which it is kept.

    `title` None: a letter without one; `otherwise`: what stands for an empty text, when there is something else.

    Raises:
        BadLetterError: something is missing, too long, or no text.
    """
    title_kept = None if title is None else one_line(title)
    text_kept = lines(text) or (otherwise or "")
    faults = list(text_faults("text", text_kept, MAX_TEXT_CHARACTERS, ("Napisz treść wiadomości.", "Treść")))
    if title_kept is not None:
        faults[:0] = text_faults("title", title_kept, MAX_TITLE_CHARACTERS, ("Podaj temat.", "Temat"))
    if faults:
        raise BadLetterError(faults)
    return Letter(text_kept, title_kept, tuple(attachments))


def content_digest(message_id: str, kept: Letter, salt: bytes) -> str:
    """Return the digest an event carries: SHA-256 over the canonical JSON of id, salt (hex), text and title, in hex.

    A letter with attachments has their digests in it too.
    """
    content: dict[str, JsonValue] = {
        "message_id": message_id,
        "salt": salt.hex(),
        "text": kept.text,
        "title": kept.title,
    }
    if kept.attachments:
        content["attachments"] = list(kept.attachments)
    return hashlib.sha256(canonical(content)).hexdigest()


def open_matter(command: OpenMatter) -> list[Event]:
    """Raise a matter: it is opened, and its first letter is sent. Whose lease it is has been asked before."""
    opened = MatterOpened(
        matter_id=command.matter_id,
        account_id=command.first.account_id,
        lease_id=command.lease_id,
        matter_type_id=command.matter_type_id,
        matter_type_version=command.matter_type_version,
        opened_on=command.first.today,
        due_on=_due(command.first),
    )
    return [opened, _sent(command.matter_id, command.first)]


def decide(matter: Matter, command: Command) -> list[Event]:
    """What a command makes of a matter; what is so already changes nothing, writing in a closed one opens it again.

    Raises:
        MatterRefusedError: the thread is full, the deadline is no day to come, or a letter came that nobody has seen.
    """
    closed = matter.state is MatterState.CLOSED
    match command:
        case WriteMessage():
            return _write(matter, command)
        case AssignMatter():
            assigned = MatterAssigned(
                matter_id=matter.matter_id, assignee_id=command.assignee_id, assigned_on=command.today
            )
            return [] if matter.assignee_id == command.assignee_id else [assigned]
        case SetAnswerDeadline():
            return _set_deadline(matter, command)
        case CloseMatter():
            return [] if closed else _close(matter, command)
        case ReopenMatter():
            return [MatterReopened(matter_id=matter.matter_id, reopened_on=command.today)] if closed else []
    assert_never(command)


def _close(matter: Matter, command: CloseMatter) -> list[Event]:
    if command.seen is not None and command.seen < matter.message_count:
        raise MatterRefusedError(UNSEEN)
    return [MatterClosed(matter_id=matter.matter_id, closed_on=command.today)]


def _set_deadline(matter: Matter, command: SetAnswerDeadline) -> list[Event]:
    if not command.today <= command.due_on <= command.today + timedelta(days=MAX_DEADLINE_DAYS):
        raise MatterRefusedError(f"Termin to dzień od dziś, najdalej za {MAX_DEADLINE_DAYS} dni.")
    if matter.due_on == command.due_on:
        return []
    return [AnswerDeadlineSet(matter_id=matter.matter_id, due_on=command.due_on)]


def _write(matter: Matter, command: WriteMessage) -> list[Event]:
    if matter.message_count >= MAX_MESSAGES:
        raise MatterRefusedError(f"W tej sprawie jest już {MAX_MESSAGES} wiadomości. Załóż nową sprawę.")
    closed = [] if command.then is None else _close(matter, command.then)
    events: list[Event] = [_sent(matter.matter_id, command), *closed]
    if matter.state is MatterState.CLOSED:
        events.insert(0, MatterReopened(matter_id=matter.matter_id, reopened_on=command.today))
    if command.role is AuthorRole.TENANT and matter.state is not MatterState.OPEN:
        events.insert(0, AnswerDeadlineSet(matter_id=matter.matter_id, due_on=_due(command)))
    return events


def _due(command: WriteMessage) -> date:
    return command.today + timedelta(days=command.answer_days)


def _sent(matter_id: str, command: WriteMessage) -> MessageSent:
    return MessageSent(
        matter_id=matter_id,
        message_id=command.message_id,
        account_id=command.account_id,
        author_role=command.role.value,
        sent_on=command.today,
        content_digest=content_digest(command.message_id, command.letter, command.salt),
        attachment_count=len(command.letter.attachments) or None,
        asks=command.asks or None,
    )


def begin(event: MatterOpened) -> Matter:
    """Return a matter as it begins."""
    return Matter(event.matter_id, event.account_id, event.lease_id, event.matter_type_id, due_on=event.due_on)


def state_after(event: Event) -> MatterState | None:
    """Whose turn it is after an event, whatever came before it; None: as it was."""
    match event:
        case MatterOpened() | MatterReopened():
            return MatterState.OPEN
        case MessageSent():
            if AuthorRole(event.author_role) is AuthorRole.TENANT:
                return MatterState.OPEN
            return MatterState.ASKED if event.asks else MatterState.ANSWERED
        case MatterClosed():
            return MatterState.CLOSED
        case MatterAssigned() | AnswerDeadlineSet():
            return None
    assert_never(event)


def evolve(matter: Matter, event: Event) -> Matter:
    """Return the matter after one more of its events."""
    return replace(
        matter,
        state=state_after(event) or matter.state,
        message_count=matter.message_count + isinstance(event, MessageSent),
        assignee_id=event.assignee_id if isinstance(event, MatterAssigned) else matter.assignee_id,
        due_on=event.due_on if isinstance(event, AnswerDeadlineSet) else matter.due_on,
    )


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
