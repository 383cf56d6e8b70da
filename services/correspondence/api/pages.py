"""The staff's inbox as pages of the service's panel, without JavaScript: the list, a thread, a reply, closing."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from libs.chassis.http import Problem
from libs.chassis.panel import Panel, PanelSession
from services.correspondence.api.inbox import (
    INBOX_ROLES,
    Reply,
    close_matter,
    opened_thread,
    send_reply,
    states,
)
from services.correspondence.api.wire import Behind, Door, MatterId, next_cursor
from services.correspondence.domain import MAX_TEXT_CHARACTERS, MatterState
from services.correspondence.read_models import matters

ROWS: Final = 50
SEE_OTHER: Final = 303
KEY_BYTES: Final = 16  # of the key that makes a form sent twice count once
KEY: Final = re.compile(r"[0-9a-f]{32}")
REFUSALS: Final = (409, 422)  # what is shown beside the form; anything else is no matter of what was typed

STATE_WORDS: Final = {
    MatterState.OPEN: "czeka na odpowiedź",
    MatterState.ANSWERED: "odpowiedziano",
    MatterState.CLOSED: "zamknięta",
}

StaffForm = tuple[PanelSession, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A reply that was not sent: the HTTP status, what was wrong with it, and what had been typed."""

    status: int
    faults: Sequence[str]
    text: str


def _allowed(session: PanelSession) -> PanelSession:
    """Let named clerks and operators pass: letters are personal, and a break-glass session is nobody in particular.

    Raises:
        Problem: 403 for other staff and for a break-glass session.
    """
    if session.break_glass:
        raise Problem(403, "Brak uprawnień", detail="Korespondencja wymaga zalogowania się własnym kontem.")
    session.principal.require_role(*INBOX_ROLES)
    return session


def router(door: Door, panel: Panel) -> APIRouter:
    """Return the pages below /panel/inbox."""
    routes = APIRouter(prefix="/panel/inbox")
    _add_pages(routes, door, panel)
    _add_forms(routes, door, panel)
    return routes


def _add_pages(routes: APIRouter, door: Door, panel: Panel) -> None:
    async def staff(session: Annotated[PanelSession, Depends(panel.staff)]) -> PanelSession:
        return _allowed(session)

    @routes.get("")
    async def inbox_page(
        session: Annotated[PanelSession, Depends(staff)], behind: Behind, status: MatterState | None = None
    ) -> HTMLResponse:
        """Show a page of the inbox."""
        async with door.database.connection() as connection:
            page = await matters.inbox(connection, states(status), behind, ROWS)
        cursor = next_cursor(page, ROWS)
        return panel.render(
            "correspondence/inbox.html", session, matters=page, chosen=status, words=STATE_WORDS, next_cursor=cursor
        )

    @routes.get("/{matter_id}")
    async def thread_page(session: Annotated[PanelSession, Depends(staff)], matter_id: MatterId) -> HTMLResponse:
        """Show a matter with its letters and the form of a reply."""
        return await _thread_page(door, panel, session, matter_id)


def _add_forms(routes: APIRouter, door: Door, panel: Panel) -> None:
    async def staff_form(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> StaffForm:
        return _allowed(form[0]), form[1]

    @routes.post("/{matter_id}/reply")
    async def reply(matter_id: MatterId, form: Annotated[StaffForm, Depends(staff_form)]) -> Response:
        """Send a reply; one that cannot be sent shows the form again with what is wrong."""
        session, fields = form
        body = Reply(text=fields.get("text", ""), close="close" in fields)
        given = fields.get("key", "")
        key = given if KEY.fullmatch(given) else secrets.token_hex(KEY_BYTES)
        try:
            await send_reply(door, session.principal.account_id, matter_id, body, key)
        except Problem as problem:
            if problem.status not in REFUSALS:
                raise
            faults = [fault["message"] for fault in problem.errors] or [problem.detail or problem.title]
            return await _thread_page(door, panel, session, matter_id, Failure(problem.status, faults, body.text))
        return RedirectResponse(f"/panel/inbox/{matter_id}", SEE_OTHER)

    @routes.post("/{matter_id}/close", dependencies=[Depends(staff_form)])
    async def close(matter_id: MatterId) -> Response:
        """Close a matter."""
        await close_matter(door, matter_id)
        return RedirectResponse(f"/panel/inbox/{matter_id}", SEE_OTHER)


async def _thread_page(
    door: Door, panel: Panel, session: PanelSession, matter_id: str, failure: Failure | None = None
) -> HTMLResponse:
    matter, messages = await opened_thread(door, matter_id)
    return panel.render(
        "correspondence/thread.html",
        session,
        status=failure.status if failure else 200,
        matter=matter,
        messages=messages,
        words=STATE_WORDS,
        failure=failure,
        key=secrets.token_hex(KEY_BYTES),
        most=MAX_TEXT_CHARACTERS,
    )
