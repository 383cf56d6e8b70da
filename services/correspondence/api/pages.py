"""The staff's inbox as pages of the service's panel, without JavaScript: lists, a thread, a reply, every change."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from libs.chassis.event_store import utc_now
from libs.chassis.http import Problem
from libs.chassis.http.problems import unavailable
from libs.chassis.panel import Panel, PanelSession, StaffForm, see_other
from libs.chassis.postgres import UNAVAILABLE
from services.correspondence.api.attachments import file_answer
from services.correspondence.api.inbox import (
    INBOX_ROLES,
    Act,
    Change,
    Reply,
    assignee_of,
    change,
    opened_thread,
    send_reply,
)
from services.correspondence.api.many import COUNT, carry_out
from services.correspondence.api.shelf import (
    HOME,
    STATE_WORDS,
    Asked,
    Look,
    address,
    deadline,
    people_of,
    sent_of,
    shelf,
)
from services.correspondence.api.wire import Door, MatterId, said_in_http
from services.correspondence.commands.matters import today
from services.correspondence.domain.attachments import MAX_FILE_BYTES, MAX_FILES, too_large
from services.correspondence.domain.matters import MAX_TEXT_CHARACTERS
from services.correspondence.read_models import attachments
from services.correspondence.read_models.attachments import Attachment

KEY_BYTES: Final = 16  # of the key that makes a form sent twice count once
KEY: Final = re.compile(r"[0-9a-f]{32}")
REFUSALS: Final = (409, 422)  # what is shown beside the form; anything else is no matter of what was typed
NO_LIST: Final = "Listy nie można teraz pokazać. Otwórz ją ponownie za chwilę."
BAD_DEADLINE: Final = "Podaj termin jako datę."

# What is told on the page of a matter after it was done.
DONE: Final = {
    "answered": "Odpowiedź wysłano. Najemca zobaczy ją w swojej korespondencji.",
    "asked": "Pytanie wysłano. Sprawa czeka na odpowiedź najemcy.",
    "answered_closed": "Odpowiedź wysłano, sprawę zamknięto.",
    "close": "Sprawę zamknięto.",
    "reopen": "Sprawę otwarto ponownie.",
    "assign": "Zapisano, kto prowadzi sprawę.",
    "deadline": "Zmieniono termin odpowiedzi.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What was not done: the HTTP status, what was wrong, what had been typed, and the files taken so far."""

    status: int
    faults: Sequence[str]
    text: str = ""
    files: Sequence[Attachment] = ()


def allowed(session: PanelSession) -> PanelSession:
    """Let named clerks and operators pass: letters are personal, and a break-glass session is nobody in particular.

    Raises:
        Problem: 403 for other staff and for a break-glass session.
    """
    if session.break_glass:
        raise Problem(403, "Brak uprawnień", detail="Korespondencja wymaga zalogowania się własnym kontem.")
    session.principal.require_role(*INBOX_ROLES)
    return session


def staff_of(panel: Panel) -> Callable[[PanelSession], Awaitable[PanelSession]]:
    """Return the FastAPI dependency that lets pass whom `allowed` does."""

    async def staff(session: Annotated[PanelSession, Depends(panel.staff)]) -> PanelSession:
        return allowed(session)

    return staff


def staff_form_of(panel: Panel) -> Callable[[StaffForm], Awaitable[StaffForm]]:
    """Return the FastAPI dependency of a form sent by whom `allowed` lets pass."""

    async def staff_form(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> StaffForm:
        return allowed(form[0]), form[1]

    return staff_form


def router(door: Door, panel: Panel) -> APIRouter:
    """Return the pages below /panel/inbox."""
    routes = APIRouter(prefix="/panel/inbox")
    _add_lists(routes, door, panel)
    _add_threads(routes, door, panel)
    _add_forms(routes, door, panel)
    return routes


def _add_lists(routes: APIRouter, door: Door, panel: Panel) -> None:
    staff, staff_form = staff_of(panel), staff_form_of(panel)

    @routes.get("")
    async def inbox_page(
        session: Annotated[PanelSession, Depends(staff)], asked: Annotated[Asked, Query()]
    ) -> HTMLResponse:
        """Show a page of the inbox."""
        return await shelf(door, panel, session, Look(asked.filter(), asked.cursor, asked.before))

    @routes.post("")
    async def search(form: Annotated[StaffForm, Depends(staff_form)]) -> Response:
        """Look for what was typed: by a form, so that no name is left in an address; without words, lead to one."""
        look = sent_of(form[1])
        if not look.chosen.search:
            return see_other(address(look.query()))
        return await shelf(door, panel, form[0], look)

    @routes.post("/chosen")
    async def chosen(form: Annotated[StaffForm, Depends(staff_form)]) -> Response:
        """Tick every matter of a page, or do with the ticked ones what was asked, and show the list again."""
        session, fields = form
        look = sent_of(fields)
        if fields.get("deed") == "tick":
            return await shelf(door, panel, session, replace(look, ticked=True))
        outcome = await carry_out(door, session, fields)
        try:
            return await shelf(door, panel, session, look, outcome)
        except UNAVAILABLE as error:
            raise unavailable(f"{outcome.words} {NO_LIST}") from error

    @routes.get("/chosen", dependencies=[Depends(staff)])
    async def no_longer_chosen() -> Response:
        """Lead whoever comes back to the address of that form."""
        return see_other(HOME)


def _add_threads(routes: APIRouter, door: Door, panel: Panel) -> None:
    staff = staff_of(panel)

    @routes.get("/{matter_id}")
    async def thread_page(
        session: Annotated[PanelSession, Depends(staff)], matter_id: MatterId, done: str = ""
    ) -> HTMLResponse:
        """Show a matter with its letters and the form of a reply, and what has just been done."""
        return await _thread_page(door, panel, session, matter_id, told=DONE.get(done, ""))

    @routes.get("/{matter_id}/attachments/{attachment_id}", dependencies=[Depends(staff)])
    async def download(matter_id: MatterId, attachment_id: str) -> Response:
        """Give a file of a matter."""
        async with door.database.connection() as connection:
            found = await attachments.one_of_matter(connection, matter_id, attachment_id)
        return await file_answer(door, found)


def _add_forms(routes: APIRouter, door: Door, panel: Panel) -> None:
    staff_form = staff_form_of(panel)

    @routes.post("/{matter_id}/reply")
    async def reply(request: Request, matter_id: MatterId, form: Annotated[StaffForm, Depends(staff_form)]) -> Response:
        """Send a reply; one that cannot be sent shows the form again with what is wrong, files and all."""
        session, fields = form
        account_id, text = session.principal.account_id, fields.get("text", "")
        given = fields.get("key", "")
        key = given if KEY.fullmatch(given) else secrets.token_hex(KEY_BYTES)
        kept, faults = await _files(door, request, account_id, key)
        body = Reply(
            text=text,
            attachment_ids=[one.attachment_id for one in kept],
            asks=fields.get("then") == "ask",
            close=fields.get("then") == "close",
            seen=_seen(fields),
        )
        if faults:
            return await _thread_page(door, panel, session, matter_id, Failure(422, faults, text, kept))
        try:
            await send_reply(door, account_id, matter_id, body, key)
        except Problem as problem:
            failure = _failure(problem, text, kept)
            return await _thread_page(door, panel, session, matter_id, failure)
        return see_other(f"/panel/inbox/{matter_id}?done={_sent(body)}")

    @routes.post("/{matter_id}/{deed}")
    async def change_matter(
        matter_id: MatterId, deed: str, form: Annotated[StaffForm, Depends(staff_form)]
    ) -> Response:
        """Close, reopen, assign, or set the deadline."""
        session = form[0]
        try:
            act = await _act(door, deed, matter_id, form)
            await change(door, Change(deed, matter_id, session.principal.account_id, act))
        except Problem as problem:
            return await _thread_page(door, panel, session, matter_id, _failure(problem))
        return see_other(f"/panel/inbox/{matter_id}?done={deed}")


async def _act(door: Door, deed: str, matter_id: str, form: StaffForm) -> Act:
    session, fields = form
    match deed:
        case "close":
            seen = _seen(fields)
            return lambda letters, tx: letters.close(tx, matter_id, seen)
        case "reopen":
            return lambda letters, tx: letters.reopen(tx, matter_id)
        case "assign":
            own_id = session.principal.account_id
            assignee_id = await assignee_of(door, session.token, own_id, fields.get("assignee"))
            return lambda letters, tx: letters.assign(tx, matter_id, assignee_id)
        case "deadline":
            due_on = _day(fields.get("due_on", ""))
            return lambda letters, tx: letters.set_deadline(tx, matter_id, due_on)
        case _:
            raise Problem(404, "Nie znaleziono")


def _seen(fields: Mapping[str, str]) -> int:
    """Return how many letters the form's page showed; none, when the form does not say."""
    given = fields.get("seen", "")
    return int(given) if COUNT.fullmatch(given) else 0


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError as error:
        raise Problem(422, "Popraw termin", errors=[{"message": BAD_DEADLINE}]) from error


def _sent(body: Reply) -> str:
    """Name what was done, as `DONE` tells it."""
    if body.close:
        return "answered_closed"
    return "asked" if body.asks else "answered"


def _failure(problem: Problem, text: str = "", files: Sequence[Attachment] = ()) -> Failure:
    """Return what to show beside the form.

    Raises:
        Problem: it is no matter of what was typed.
    """
    if problem.status not in REFUSALS:
        raise problem
    faults = [fault["message"] for fault in problem.errors] or [problem.detail or problem.title]
    return Failure(problem.status, faults, text, files)


async def _files(door: Door, request: Request, account_id: str, key: str) -> tuple[list[Attachment], list[str]]:
    """Take the files of a form, those of an earlier try among them; returns them and why others were refused."""
    form = await request.form()
    earlier = [one for one in form.getlist("kept") if isinstance(one, str)][:MAX_FILES]
    async with door.database.transaction() as tx:
        kept = await attachments.drafts(tx, account_id, earlier)
    faults: list[str] = []
    chosen = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    for number, file in enumerate(chosen):
        try:
            with said_in_http():
                if file.size is None or file.size > MAX_FILE_BYTES:
                    raise too_large()
                one_key = f"{key}-{len(kept)}-{number}"
                kept.append(await door.uploads.take(account_id, one_key, file.filename or "", await file.read()))
        except Problem as problem:
            faults += [f"{file.filename}: {fault['message']}" for fault in problem.errors]
    return kept, faults


async def _thread_page(
    door: Door, panel: Panel, session: PanelSession, matter_id: str, failure: Failure | None = None, told: str = ""
) -> HTMLResponse:
    matter, messages = await opened_thread(door, matter_id)
    accounts = [matter.account_id, matter.assignee_id or "", *(one.account_id for one in messages)]
    people = await people_of(door, panel, session, accounts)
    return panel.render(
        "correspondence/thread.html",
        session,
        status=failure.status if failure else 200,
        matter=matter,
        messages=messages,
        words=STATE_WORDS,
        failure=failure,
        told=told,
        home=HOME,
        people=people,
        staff=people.staff,
        key=secrets.token_hex(KEY_BYTES),
        most=MAX_TEXT_CHARACTERS,
        deadline=deadline(matter, today(utc_now())),
    )
