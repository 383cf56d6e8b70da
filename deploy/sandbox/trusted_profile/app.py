"""The stand-in's HTTP door and the only place that builds its objects."""

import logging
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment

from deploy.sandbox import serving
from deploy.sandbox.trusted_profile.desk import CANCELLED, HONEST, Asked, Desk, WrongMessageError
from deploy.sandbox.trusted_profile.settings import Settings

HERE = Path(__file__).parent
SIGN_IN = "/login/SingleSignOnService"
RESOLVE = "/login-services/idpArtifactResolutionService"
LOG_OUT = "/login-services/singleLogoutService"
XML = "text/xml; charset=UTF-8"

log = logging.getLogger("trusted-profile")


def create_app(settings: Settings, desk: Desk | None = None) -> FastAPI:
    """Return the whole stand-in."""
    templates = serving.templates(HERE / "templates")
    app = FastAPI(title="login.gov.pl (sandbox)", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk or Desk(settings)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _add_errors(app)
    _add_pages(app, templates, settings)
    _add_services(app)
    serving.add_limits(app, settings.consumer_url, scripts=True)
    return app


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(WrongMessageError)
    async def refused(_: Request, error: WrongMessageError) -> Response:
        log.warning("refused: %s", error)
        return PlainTextResponse(f"refused: {error}", 400)


def _add_pages(app: FastAPI, templates: Environment, settings: Settings) -> None:
    def person_page(desk: Desk, asked: Asked) -> HTMLResponse:
        ways = [name for name in desk.modes() if name not in {HONEST, CANCELLED}]
        page = templates.get_template("persons.html")
        return HTMLResponse(page.render(asked=asked, persons=desk.persons().values(), honest=HONEST, ways=ways))

    @app.post(SIGN_IN)
    async def sign_in(
        request: Request,
        saml_request: Annotated[str, Form(alias="SAMLRequest")],
        relay_state: Annotated[str, Form(alias="RelayState")] = "",
    ) -> Response:
        desk = _desk(request)
        return person_page(desk, desk.ask(saml_request, relay_state, SIGN_IN))

    @app.post("/login/osoba/{key}")
    async def pick(
        request: Request,
        key: str,
        person: Annotated[str, Form()] = "",
        mode: Annotated[str, Form()] = HONEST,
    ) -> Response:
        desk = _desk(request)
        asked, persons = desk.asked(key), desk.persons()
        if asked is None or mode not in desk.modes():
            raise HTTPException(404, "no such sign-in")
        picked = persons.get(person) or next(iter(persons.values()))
        done = desk.pick(asked, picked, mode if person else CANCELLED)
        fields = {"SAMLart": done.artifact, "RelayState": asked.relay_state}
        return HTMLResponse(templates.get_template("back.html").render(url=settings.consumer_url, fields=fields))

    @app.get("/")
    async def overview(request: Request) -> Response:
        return HTMLResponse(templates.get_template("sign-ins.html").render(rows=_desk(request).overview()))


def _add_services(app: FastAPI) -> None:
    @app.post(RESOLVE)
    async def resolve(request: Request) -> Response:
        return Response(_desk(request).resolve(await request.body(), RESOLVE), media_type=XML)

    @app.post(LOG_OUT)
    async def log_out(request: Request) -> Response:
        return Response(_desk(request).log_out(await request.body(), LOG_OUT), media_type=XML)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}
