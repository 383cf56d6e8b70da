"""The pages of the panel: sign-in and the live overview; those of set-aside records are a room of their own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from libs.chassis.http.problems import Problem, not_found
from libs.chassis.panel.frame import SIGN_IN_PATH, Panel, StaffForm, see_other
from libs.chassis.panel.overview import gather
from libs.chassis.panel.records import add_records
from libs.chassis.panel.staff import PanelSession, SignInRefusedError, from_our_page

STATIC: Final = Path(__file__).parent / "static"
FILES: Final[Mapping[str, str]] = {
    "panel.css": "text/css; charset=utf-8",
    "panel.js": "text/javascript; charset=utf-8",
    "panel.svg": "image/svg+xml",
}
FILES_KEPT_SECONDS: Final = 300
MAX_LOGIN_CHARACTERS: Final = 256
MAX_PASSWORD_CHARACTERS: Final = 1024


class Pages:
    """Answers the browser. Every page but the sign-in needs a session."""

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
    add_records(routes, panel)
    return routes


def _add_pages(routes: APIRouter, panel: Panel, pages: Pages) -> None:
    @routes.get("")
    async def overview(session: Annotated[PanelSession, Depends(panel.staff)]) -> Response:
        return await pages.overview(session)


def _add_forms(routes: APIRouter, panel: Panel, pages: Pages) -> None:
    @routes.post("/sign-out")
    async def sign_out(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        return await pages.sign_out(form)
