"""The pages of set-aside records: found, tried, replayed or discarded, one or many at once; and who decided what."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, get_args

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response

from libs.chassis.http.problems import Problem, not_found
from libs.chassis.panel import ops
from libs.chassis.panel.bulk import MAX_AT_ONCE, Summary, discard_chosen, replay_chosen, replay_waiting
from libs.chassis.panel.desk import Desk
from libs.chassis.panel.frame import Panel, StaffForm, see_other
from libs.chassis.panel.masking import masked
from libs.chassis.panel.staff import PanelSession
from libs.chassis.postgres import CONFLICT, UNAVAILABLE
from libs.chassis.projection import MAX_REASON_CHARACTERS, MAX_REPLAYS, MIN_REASON_CHARACTERS

RECORDS_PER_PAGE: Final = 50
DECISIONS_PER_PAGE: Final = 50
DECISIONS_SHOWN: Final = 50  # on a record's own page; the loop guard keeps them below that
DEFAULT_AT_ONCE: Final = 50
CHOSEN: Final = "record-"
DONE: Final = {"replay": "Ponowiono: rekord jest przyjęty.", "discard": "Rekord odrzucono na stałe."}
NO_REASON: Final = f"Podaj powód odrzucenia: od {MIN_REASON_CHARACTERS} do {MAX_REASON_CHARACTERS} znaków."
NOTHING_CHOSEN: Final = "Zaznacz co najmniej jeden rekord."
NO_LIMIT: Final = f"Podaj, ile rekordów ponowić: od 1 do {MAX_AT_ONCE}."


@dataclass(frozen=True, slots=True)
class Look:
    """Which records the list shows; the forms on it carry this along."""

    cursor: int | None = None
    state: ops.State | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a form that was sent; `field` is the id of the control."""

    field: str
    text: str


class RecordPages:
    """Answers the browser about set-aside records. Any staff may look; only an operator tries and decides."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    async def list(
        self, session: PanelSession, look: Look, mistake: Mistake | None = None, sent: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        """List records, newest first; after a mistake with what was sent still filled in."""
        desk = self._desk()
        try:
            records = await desk.page(
                before_id=look.cursor, state=look.state, limit=RECORDS_PER_PAGE, search=look.search or None
            )
            reasons = await desk.histogram()
        except UNAVAILABLE:
            return self.message(session, Problem(503, "Baza danych nie odpowiada", detail="Spróbuj za chwilę."))
        return self._panel.render(
            "panel/records.html",
            session,
            status=422 if mistake else 200,
            records=records,
            look=look,
            following=records[-1].id if len(records) == RECORDS_PER_PAGE else None,
            reasons=reasons,
            mistake=mistake,
            sent=sent or {},
            default_limit=DEFAULT_AT_ONCE,
            max_limit=MAX_AT_ONCE,
        )

    async def one(
        self, session: PanelSession, record_id: int, outcome: str = "", mistake: Mistake | None = None
    ) -> HTMLResponse:
        """Show one record with its payload masked, what was decided about it, and what can be."""
        found = await self._desk().find(record_id)
        if found is None:
            return self.message(session, not_found())
        record, value = found
        decisions = await self._desk().decisions(record_id=record_id, before_id=None, limit=DECISIONS_SHOWN)
        return self._panel.render(
            "panel/record.html",
            session,
            status=422 if mistake else 200,
            record=record,
            payload=masked(value),
            decisions=decisions,
            names=await self._panel.names.of([record.decided_by, *(each.account_id for each in decisions)]),
            outcome=outcome,
            mistake=mistake,
            max_replays=MAX_REPLAYS,
        )

    async def decisions(self, session: PanelSession, cursor: int | None) -> HTMLResponse:
        """List what operators decided, newest first."""
        found = await self._desk().decisions(record_id=None, before_id=cursor, limit=DECISIONS_PER_PAGE)
        following = found[-1].id if len(found) == DECISIONS_PER_PAGE else None
        names = await self._panel.names.of(each.account_id for each in found)
        return self._panel.render("panel/decisions.html", session, decisions=found, names=names, following=following)

    async def dry_run(self, form: StaffForm, record_id: int) -> HTMLResponse:
        """Try a record, undo it, and say what a replay would give."""
        session, _ = form
        _require_operator(session)
        tried = await ops.dry_run(self._desk(), record_id)
        if tried["would_be"] == "booked":
            return await self.one(session, record_id, "Próba: rekord zostałby przyjęty. Niczego nie zapisano.")
        why = f"{self._panel.why(tried['reason'])} ({tried['reason']}: {tried['detail']})"
        told = f"Próba: rekordu nadal nie można przyjąć: {why}. Niczego nie zapisano."
        return await self.one(session, record_id, told)

    async def replay(self, form: StaffForm, record_id: int) -> Response:
        """Replay a record and show what came of it."""
        session, _ = form
        _require_operator(session)
        outcome = await ops.replay(self._desk(), record_id, session.principal.account_id)
        if outcome.state == "set_aside":
            why = f"{self._panel.why(outcome.reason or '')} ({outcome.reason})"
            return await self.one(session, record_id, f"Nadal nie można przyjąć: {why}.")
        return see_other(f"/panel/records/{record_id}?done=replay")

    async def discard(self, form: StaffForm, record_id: int) -> Response:
        """Discard a record for the reason given."""
        session, fields = form
        _require_operator(session)
        reason = _reason(fields)
        if reason is None:
            return await self.one(session, record_id, mistake=Mistake("reason", NO_REASON))
        await ops.discard(self._desk(), record_id, session.principal.account_id, reason)
        return see_other(f"/panel/records/{record_id}?done=discard")

    async def replay_chosen(self, form: StaffForm) -> HTMLResponse:
        """Replay the records whose boxes are ticked."""
        session, fields = form
        _require_operator(session)
        ids = _chosen(fields)
        if not ids:
            return await self.list(session, _look(fields), Mistake("chosen", NOTHING_CHOSEN), fields)
        return self._told(session, await replay_chosen(self._desk(), ids, session.principal.account_id))

    async def discard_chosen(self, form: StaffForm) -> HTMLResponse:
        """Discard the records whose boxes are ticked, for the reason given."""
        session, fields = form
        _require_operator(session)
        ids, reason = _chosen(fields), _reason(fields)
        if not ids:
            return await self.list(session, _look(fields), Mistake("chosen", NOTHING_CHOSEN), fields)
        if reason is None:
            return await self.list(session, _look(fields), Mistake("reason", NO_REASON), fields)
        return self._told(session, await discard_chosen(self._desk(), ids, session.principal.account_id, reason))

    async def replay_waiting(self, form: StaffForm) -> HTMLResponse:
        """Replay up to so many open records, of one reason or of any."""
        session, fields = form
        _require_operator(session)
        limit = _number(fields.get("limit", ""), MAX_AT_ONCE)
        if limit is None:
            return await self.list(session, _look(fields), Mistake("limit", NO_LIMIT), fields)
        reason = fields.get("kind", "").replace("\x00", "") or None
        return self._told(session, await replay_waiting(self._desk(), reason, limit, session.principal.account_id))

    def message(self, session: PanelSession, problem: Problem) -> HTMLResponse:
        """Say in a page what could not be done."""
        return self._panel.render(
            "panel/message.html", session, status=problem.status, title=problem.title, detail=problem.detail
        )

    def _told(self, session: PanelSession, summary: Summary) -> HTMLResponse:
        return self._panel.render("panel/outcomes.html", session, summary=summary)

    def _desk(self) -> Desk:
        if self._panel.desk is None:
            raise not_found()
        return self._panel.desk


def add_records(routes: APIRouter, panel: Panel) -> None:
    """Add the routes of set-aside records below /panel."""
    pages = RecordPages(panel)
    _add_views(routes, panel, pages)
    _add_many(routes, panel, pages)
    _add_single(routes, panel, pages)


def _add_views(routes: APIRouter, panel: Panel, pages: RecordPages) -> None:
    @routes.get("/records")
    async def records(
        session: Annotated[PanelSession, Depends(panel.staff)],
        cursor: Annotated[int | None, Query(ge=1, le=ops.MAX_ID)] = None,
        state: ops.State | None = None,
        search: ops.Search = "",
    ) -> Response:
        return await pages.list(session, Look(cursor, state, search.strip()))

    @routes.get("/records/decisions")
    async def decisions(
        session: Annotated[PanelSession, Depends(panel.staff)],
        cursor: Annotated[int | None, Query(ge=1, le=ops.MAX_ID)] = None,
    ) -> Response:
        return await pages.decisions(session, cursor)

    @routes.get("/records/{record_id}")
    async def record(
        session: Annotated[PanelSession, Depends(panel.staff)], record_id: ops.RecordId, done: str = ""
    ) -> Response:
        return await pages.one(session, record_id, DONE.get(done, ""))


def _add_many(routes: APIRouter, panel: Panel, pages: RecordPages) -> None:
    @routes.post("/records/replay")
    async def replay_chosen(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        return await _in_a_page(pages, form, pages.replay_chosen(form))

    @routes.post("/records/discard")
    async def discard_chosen(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        return await _in_a_page(pages, form, pages.discard_chosen(form))

    @routes.post("/records/replay-waiting")
    async def replay_waiting(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        return await _in_a_page(pages, form, pages.replay_waiting(form))


def _add_single(routes: APIRouter, panel: Panel, pages: RecordPages) -> None:
    @routes.post("/records/{record_id}/dry-run")
    async def dry_run(form: Annotated[StaffForm, Depends(panel.staff_form)], record_id: ops.RecordId) -> Response:
        return await _in_a_page(pages, form, pages.dry_run(form, record_id))

    @routes.post("/records/{record_id}/replay")
    async def replay(form: Annotated[StaffForm, Depends(panel.staff_form)], record_id: ops.RecordId) -> Response:
        return await _in_a_page(pages, form, pages.replay(form, record_id))

    @routes.post("/records/{record_id}/discard")
    async def discard(form: Annotated[StaffForm, Depends(panel.staff_form)], record_id: ops.RecordId) -> Response:
        return await _in_a_page(pages, form, pages.discard(form, record_id))


async def _in_a_page(pages: RecordPages, form: StaffForm, answer: Awaitable[Response]) -> Response:
    """Give the answer; what goes wrong is told in a page of the panel, not as JSON."""
    session, _ = form
    try:
        return await answer
    except Problem as problem:
        return pages.message(session, problem)
    except (*UNAVAILABLE, *CONFLICT):
        detail = "Spróbuj za chwilę. To, co już rozstrzygnięto, widać w decyzjach operatorów."
        return pages.message(session, Problem(503, "Baza danych nie odpowiada", detail=detail))


def _require_operator(session: PanelSession) -> None:
    session.principal.require_role("operator")


def _chosen(fields: Mapping[str, str]) -> list[int]:
    ids = [_number(name.removeprefix(CHOSEN), ops.MAX_ID) for name in fields if name.startswith(CHOSEN)]
    return [each for each in ids if each is not None]


def _reason(fields: Mapping[str, str]) -> str | None:
    reason = fields.get("reason", "").replace("\x00", "").strip()
    return reason if MIN_REASON_CHARACTERS <= len(reason) <= MAX_REASON_CHARACTERS else None


def _number(text: str, most: int) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most))):
        return None
    return int(text) if 1 <= int(text) <= most else None


def _look(fields: Mapping[str, str]) -> Look:
    state = next((each for each in get_args(ops.State) if each == fields.get("state")), None)
    search = fields.get("search", "")[: ops.MAX_SEARCH_CHARACTERS].replace("\x00", "")
    return Look(_number(fields.get("cursor", ""), ops.MAX_ID), state, "" if {'"', "\\"} & {*search} else search)
