"""The pages of the panel: sign-in, the live overview, set-aside records and the decisions about them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from libs.chassis.http.problems import Problem, not_found
from libs.chassis.panel import ops
from libs.chassis.panel.desk import Desk
from libs.chassis.panel.frame import SIGN_IN_PATH, Panel, see_other
from libs.chassis.panel.masking import masked
from libs.chassis.panel.overview import gather
from libs.chassis.panel.staff import PanelSession, SignInRefusedError, from_our_page
from libs.chassis.postgres import UNAVAILABLE

STATIC: Final = Path(__file__).parent / "static"
FILES: Final[Mapping[str, str]] = {
    "panel.css": "text/css; charset=utf-8",
    "panel.js": "text/javascript; charset=utf-8",
    "panel.svg": "image/svg+xml",
}
FILES_KEPT_SECONDS: Final = 300
RECORDS_PER_PAGE: Final = 50
MAX_LOGIN_CHARACTERS: Final = 256
MAX_PASSWORD_CHARACTERS: Final = 1024

StaffForm = tuple[PanelSession, Mapping[str, str]]


class Pages:
    """Answers the browser. Every page but the sign-in needs a session; decisions need the role of an operator."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    async def sign_in_page(self) -> HTMLResponse:
        """Ask for login and password."""
        return self._panel.render("panel/sign_in.html", None, error=None, login="")

    async def sign_in(
        self,
        request: Request,
        login: Annotated[str, Form(max_length=MAX_LOGIN_CHARACTERS)] = "",
        password: Annotated[str, Form(max_length=MAX_PASSWORD_CHARACTERS)] = "",
    ) -> Response:
        """Let staff in; a failure shows the form again."""
        if not from_our_page(request):
            raise Problem(403, "Formularz nie pochodzi z tej strony")
        client_ip = request.client.host if request.client else ""
        try:
            token = await self._panel.door.sign_in(login, password, client_ip)
        except SignInRefusedError as refused:
            return self._panel.render("panel/sign_in.html", None, status=401, error=str(refused), login=login)
        return self._panel.with_cookie(see_other("/panel"), token)

    async def sign_out(self, form: StaffForm) -> Response:
        """End the session."""
        session, _ = form
        await self._panel.door.sign_out(session.token)
        return self._panel.with_cookie(see_other(SIGN_IN_PATH), None)

    async def overview(self, session: PanelSession) -> HTMLResponse:
        """Show all figures."""
        return self._panel.render("panel/overview.html", session, **await self._figures())

    async def live(self, request: Request) -> Response:
        """Give the overview's moving part alone; 401 when the session is over, so that the page can ask to sign in."""
        session = await self._panel.session(request)
        if session is None:
            return Response(status_code=401)
        return self._panel.render("panel/live.html", session, **await self._figures())

    async def records(
        self,
        session: PanelSession,
        cursor: int | None,
        state: ops.State | None,
    ) -> HTMLResponse:
        """List set-aside records, newest first."""
        try:
            records = await self._desk().page(before_id=cursor, state=state, limit=RECORDS_PER_PAGE)
        except UNAVAILABLE:
            return self._message(session, Problem(503, "Baza danych nie odpowiada", detail="Spróbuj za chwilę."))
        following = records[-1].id if len(records) == RECORDS_PER_PAGE else None
        return self._panel.render(
            "panel/records.html", session, records=records, state=state, cursor=cursor, following=following
        )

    async def record(self, session: PanelSession, record_id: int, outcome: str | None = None) -> HTMLResponse:
        """Show one record with its payload masked, and what can be decided about it."""
        found = await self._desk().find(record_id)
        if found is None:
            return self._message(session, not_found())
        record, value = found
        return self._panel.render("panel/record.html", session, record=record, payload=masked(value), outcome=outcome)

    async def decide(self, form: StaffForm, record_id: int, deed: Literal["replay", "discard"]) -> Response:
        """Replay a record, or discard it with the reason given, and show what came of it."""
        session, fields = form
        operator, reason = session.principal.account_id, fields.get("reason", "").strip()[: ops.MAX_REASON_CHARACTERS]
        try:
            session.principal.require_role("operator")
            if deed == "replay":
                answer = await ops.replay(self._desk(), record_id, operator)
            elif reason:
                answer = await ops.discard(self._desk(), record_id, operator, reason)
            else:
                return await self.record(session, record_id, "Podaj powód odrzucenia.")
        except Problem as problem:
            return self._message(session, problem)
        if answer["state"] == "set_aside":
            return await self.record(session, record_id, f"Nadal nie można przyjąć: {answer['reason']}.")
        return see_other(f"/panel/records/{record_id}")

    def _message(self, session: PanelSession, problem: Problem) -> HTMLResponse:
        return self._panel.render(
            "panel/message.html", session, status=problem.status, title=problem.title, detail=problem.detail
        )

    def _desk(self) -> Desk:
        if self._panel.desk is None:
            raise not_found()
        return self._panel.desk

    async def _figures(self) -> dict[str, Any]:
        figures = self._panel.figures
        return {
            "overview": await gather(figures, self._panel.desk, self._panel.parts.sections),
            "projected": figures.projected,
            "recorded": figures.recorded,
            "has_database": self._panel.parts.database is not None,
        }


async def static(name: str) -> FileResponse:
    """Serve the panel's own style sheet, script and icon."""
    if name not in FILES:
        raise not_found()
    headers = {"Cache-Control": f"public, max-age={FILES_KEPT_SECONDS}"}
    return FileResponse(STATIC / name, media_type=FILES[name], headers=headers)


def router(panel: Panel) -> APIRouter:
    """Make the routes of the panel's pages."""
    routes = APIRouter(prefix="/panel")
    pages = Pages(panel)
    routes.get("/static/{name}")(static)
    routes.get("/sign-in")(pages.sign_in_page)
    routes.post("/sign-in")(pages.sign_in)
    routes.get("/live")(pages.live)
    _add_pages(routes, panel, pages)
    _add_forms(routes, panel, pages)
    return routes


def _add_pages(routes: APIRouter, panel: Panel, pages: Pages) -> None:
    @routes.get("")
    async def overview(session: Annotated[PanelSession, Depends(panel.staff)]) -> Response:
        return await pages.overview(session)

    @routes.get("/records")
    async def records(
        session: Annotated[PanelSession, Depends(panel.staff)],
        cursor: Annotated[int | None, Query(ge=1, le=ops.MAX_ID)] = None,
        state: ops.State | None = None,
    ) -> Response:
        return await pages.records(session, cursor, state)

    @routes.get("/records/{record_id}")
    async def record(session: Annotated[PanelSession, Depends(panel.staff)], record_id: ops.RecordId) -> Response:
        return await pages.record(session, record_id)


def _add_forms(routes: APIRouter, panel: Panel, pages: Pages) -> None:
    @routes.post("/sign-out")
    async def sign_out(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        return await pages.sign_out(form)

    @routes.post("/records/{record_id}/replay")
    async def replay(form: Annotated[StaffForm, Depends(panel.staff_form)], record_id: ops.RecordId) -> Response:
        return await pages.decide(form, record_id, "replay")

    @routes.post("/records/{record_id}/discard")
    async def discard(form: Annotated[StaffForm, Depends(panel.staff_form)], record_id: ops.RecordId) -> Response:
        return await pages.decide(form, record_id, "discard")
