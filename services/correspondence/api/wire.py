"""What the doors share: shapes of answers, cursors, refusals said in HTTP, and commands that may be sent twice."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from pydantic import AfterValidator

from libs.chassis.event_store import decided_again
from libs.chassis.http import ID, Cursor, Problem, aware_moment, cursor_of, idempotent, not_found, read_cursor
from libs.chassis.postgres import Connection, Database
from services.correspondence.api.directory import Directory
from services.correspondence.commands.documents import DocumentPrinter
from services.correspondence.commands.matter_types import MatterTypeExistsError, MatterTypes
from services.correspondence.commands.matters import Correspondence, UnknownFormError, UnknownMatterError, Written
from services.correspondence.commands.uploads import Uploads
from services.correspondence.domain.attachments import FileRefusedError, FileState
from services.correspondence.domain.faults import BadLetterError
from services.correspondence.domain.matter_types import UnknownMatterTypeError
from services.correspondence.domain.matters import AuthorRole, MatterRefusedError
from services.correspondence.read_models import matters
from services.correspondence.read_models.attachments import Attachment
from services.correspondence.read_models.matters import Overview, Place
from services.correspondence.read_models.thread import Message

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
CREATED: Final = 201
CHANGED_MEANWHILE: Final = "Ktoś zapisał ten rodzaj sprawy w międzyczasie. Otwórz go jeszcze raz i wprowadź zmiany."

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """What every door is built with."""

    database: Database
    correspondence: Correspondence
    matter_types: MatterTypes
    uploads: Uploads
    printer: DocumentPrinter
    directory: Directory


def encodable(text: str) -> str:
    """Return a text that can be written as UTF-8; JSON lets half a surrogate pair pass, and nothing behind it does.

    Raises:
        ValueError: it cannot.
    """
    text.encode()
    return text


Typed = Annotated[str, AfterValidator(encodable)]


async def matter_id_of(matter_id: str) -> str:
    """FastAPI dependency: the matter named by the path.

    Raises:
        Problem: 404, as for a matter that does not exist, when it can be no id at all.
    """
    if not ID.fullmatch(matter_id):
        raise not_found()
    return matter_id


async def place_of(cursor: Cursor = None) -> Place:
    """FastAPI dependency: where a list goes on; without a cursor, its top.

    Raises:
        Problem: 422 for a cursor that no list has given out.
    """
    return read_cursor(cursor, lambda at, matter_id: Place(aware_moment(at), matter_id)) or matters.TOP


MatterId = Annotated[str, Depends(matter_id_of)]
Behind = Annotated[Place, Depends(place_of)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


def next_cursor(page: Sequence[Overview], limit: int) -> str | None:
    """Return the cursor of the page after this one; None when this one is not full."""
    return None if len(page) < limit else cursor_of(page[-1].last_message_at, page[-1].matter_id)


def moment(at: datetime) -> str:
    """Return an aware moment as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def overview(matter: Overview, reader: AuthorRole) -> Json:
    """Return a matter as lists give it; account, assignee and deadline are told to staff alone."""
    for_staff = reader is AuthorRole.STAFF
    return {
        "matter_id": matter.matter_id,
        "number": matter.number,
        "title": matter.title,
        "matter_type_id": matter.matter_type_id,
        "matter_type": matter.matter_type,
        "lease_id": matter.lease_id,
        "status": matter.state.value,
        "opened_at": moment(matter.opened_at),
        "last_message_at": moment(matter.last_message_at),
        "last_author": matter.last_author.value,
        "message_count": matter.message_count,
        "unread": matter.unread_by_staff if for_staff else matter.unread_by_tenant,
        **(_for_staff(matter) if for_staff else {}),
    }


def _for_staff(matter: Overview) -> Json:
    due_on = matter.due_on.isoformat() if matter.due_on else None
    return {"account_id": matter.account_id, "assignee_id": matter.assignee_id, "due_on": due_on}


def attachment(one: Attachment) -> Json:
    """Return what is told of a file; `status`: `ready`, `checking` (by the virus scanner) or `removed` (by it)."""
    words = {FileState.CLEAN: "ready", FileState.QUARANTINED: "checking", FileState.INFECTED: "removed"}
    return {
        "attachment_id": one.attachment_id,
        "name": one.name,
        "media_type": one.media_type,
        "size_bytes": one.size_bytes,
        "status": words[one.state],
    }


def thread(matter: Overview, messages: Sequence[Message], reader: AuthorRole) -> Json:
    """Return a matter with its letters, oldest first; who of the staff wrote is told to staff alone.

    `read_by_other_side`: whether the side that did not write the letter has opened the matter since, or has answered
    it; closing a matter is not reading it.
    """
    for_staff = reader is AuthorRole.STAFF
    read = _read_by_other_side(matter, messages, reader)
    letters = [
        {
            "message_id": message.message_id,
            "author": message.author.value,
            "sent_at": moment(message.sent_at),
            "text": message.text,
            "asks": message.asks,
            "read_by_other_side": number <= read,
            "attachments": [attachment(one) for one in message.attachments],
            **({"account_id": message.account_id} if for_staff else {}),
        }
        for number, message in enumerate(messages, start=1)
    ]
    return {**overview(matter, reader), "messages": letters}


def _read_by_other_side(matter: Overview, messages: Sequence[Message], reader: AuthorRole) -> int:
    """How many letters, from the first, the other side knows: who answers has read, wherever it was."""
    opened = matter.read_by_tenant if reader is AuthorRole.STAFF else matter.read_by_staff
    answered = max((number for number, one in enumerate(messages, start=1) if one.author is not reader), default=0)
    return max(opened, answered)


def written(matter_id: str, sent: Written) -> Json:
    """Return what a sent letter is answered with: no word of it, for answers are kept."""
    return {
        "matter_id": matter_id,
        "message_id": sent.message_id,
        "status": sent.state.value,
        "sent_at": moment(sent.sent_at),
    }


@contextmanager
def said_in_http() -> Iterator[None]:
    """Say the domain's refusals in HTTP.

    Raises:
        Problem: 422 for a letter, file or kind that cannot be taken, 409 for a matter that cannot go on or a kind that
            moved on, 404 for no matter.
    """
    try:
        yield
    except BadLetterError as error:
        faults = [{"field": fault.field, "message": fault.message} for fault in error.faults]
        raise Problem(422, "Popraw wiadomość", errors=faults) from error
    except UnknownMatterTypeError as error:
        fault = {"field": "matter_type_id", "message": "Wybierz rodzaj sprawy z listy."}
        raise Problem(422, "Popraw wiadomość", errors=[fault]) from error
    except FileRefusedError as error:
        raise Problem(422, "Nie przyjęto pliku", errors=[{"field": "attachments", "message": str(error)}]) from error
    except MatterRefusedError as error:
        raise Problem(409, "Nie można tego zrobić", detail=str(error)) from error
    except MatterTypeExistsError as error:
        raise Problem(409, "Ta wersja już istnieje", detail=CHANGED_MEANWHILE) from error
    except (UnknownMatterError, UnknownFormError) as error:
        raise not_found() from error


async def once(
    door: Door, scope: str, key: str, request: Mapping[str, Any], act: Callable[[Connection], Awaitable[Json]]
) -> tuple[int, Json]:
    """Carry out a creating command once per key; returns the status and body to answer, the same for a repetition.

    Raises:
        Problem: as `idempotent` and `said_in_http`.
    """

    async def attempt() -> tuple[int, Json]:
        async with idempotent(door.database, scope, key, request) as slot:
            if slot.replay is not None:
                return slot.replay.status, slot.replay.body
            body = await act(slot.tx)
            await slot.store(CREATED, body)
            return CREATED, body

    with said_in_http():
        return await decided_again(attempt)
