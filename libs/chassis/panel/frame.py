"""The frame of every panel page: who is there, forms that cannot be forged, templates, headers.

A service adds pages of its own in the same frame.
"""

import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from libs.chassis.auth import StaffGate, TokenVerifier
from libs.chassis.http.problems import Problem
from libs.chassis.kafka import LogEnds
from libs.chassis.panel import wording
from libs.chassis.panel.build import build_name
from libs.chassis.panel.desk import Desk
from libs.chassis.panel.figures import Ends, Figures
from libs.chassis.panel.names import StaffNames
from libs.chassis.panel.overview import Section
from libs.chassis.panel.staff import BreakGlass, PanelSession, StaffDoor, from_our_page
from libs.chassis.postgres import Database
from libs.chassis.projection import Projector, SetAsideDesk
from libs.chassis.settings import ServiceSettings

FOLDER: Final = Path(__file__).parent
SIGN_IN_PATH: Final = "/panel/sign-in"
StaffForm = tuple[PanelSession, Mapping[str, str]]
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types iok-panel"
    ),
}


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the panel's menu; `href` below /panel."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class PanelParts:
    """What a service gives its panel. Without a database there are no figures, without a projector no partitions.

    `desk` replaces the projection's own. `sections` are the service's own figures, `links` its own pages, `templates`
    the folder these are rendered from, `reasons` words for the codes by which its reader sets records aside.
    """

    service: str
    settings: ServiceSettings
    database: Database | None = None
    projector: Projector | None = None
    desk: Desk | None = None
    sections: Sequence[Section] = ()
    links: Sequence[Link] = ()
    templates: Path | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    started_at: float = field(default_factory=time.monotonic)


class Panel:
    """A mounted panel. Pages of a service's own begin with `await panel.staff(request)` and end with `panel.render`."""

    def __init__(self, parts: PanelParts) -> None:
        settings = parts.settings
        self.parts = parts
        self.names = StaffNames(parts.database)
        verifier = TokenVerifier(settings.token_public_keys, parts.service)
        self.gate = StaffGate(settings.identity_url, parts.service, verifier, self.names.keep)
        break_glass = BreakGlass(parts.service, settings.panel_password_hash.get_secret_value())
        self.door = StaffDoor(settings.identity_url, self.gate, break_glass)
        self.desk = parts.desk
        if self.desk is None and parts.database is not None:
            self.desk = SetAsideDesk(parts.database, parts.projector)
        ends = Ends(LogEnds(settings.kafka), parts.projector.topics if parts.projector else ())
        self.figures = Figures(parts.database, parts.projector, self.desk, ends)
        self._secure = settings.public_url.startswith("https://")
        self._cookie = f"{'__Secure-' if self._secure else ''}iok-panel-{parts.service}"
        self._reasons = {**wording.REASONS, **parts.reasons}
        self._templates = _templates(parts)
        self._templates.filters["why"] = self.why

    @property
    def uptime_seconds(self) -> float:
        """For how long this process has been running."""
        return time.monotonic() - self.parts.started_at

    async def session(self, request: Request) -> PanelSession | None:
        """Give the session of a request, or None.

        Raises:
            Problem: 503 when identity is away and has not vouched for the session lately.
        """
        return await self.door.session(request.cookies.get(self._cookie))

    async def staff(self, request: Request) -> PanelSession:
        """FastAPI dependency: who is at the panel.

        Raises:
            Problem: 303 to the sign-in page when nobody is, or identity cannot vouch for them.
        """
        try:
            found = await self.session(request)
        except Problem:
            found = None
        if found is None:
            raise Problem(303, "Zaloguj się", headers={"Location": SIGN_IN_PATH})
        return found

    async def staff_form(self, request: Request) -> StaffForm:
        """FastAPI dependency: who sent a form of the panel, and its text fields.

        Raises:
            Problem: 303 when nobody is signed in, 403 when the form does not come from a page of this session.
        """
        found = await self.staff(request)
        form = await request.form()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        own = hmac.compare_digest(fields.get("csrf", "").encode(), found.csrf.encode())
        if not own or not from_our_page(request):
            raise Problem(403, "Formularz wygasł", detail="Wróć do panelu i wyślij formularz jeszcze raz.")
        return found, fields

    def why(self, code: str) -> str:
        """Tell in words why a record was set aside; of a code without words, the code."""
        return self._reasons.get(code, code)

    def render(self, template: str, session: PanelSession | None, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Render a template of the panel, or of the service's own folder, in the panel's frame."""
        page = self._templates.get_template(template).render(
            panel=self.parts,
            panels=self.parts.settings.panels(),
            session=session,
            build=build_name(),
            has_desk=self.desk is not None,
            uptime=wording.duration(self.uptime_seconds),
            **context,
        )
        return HTMLResponse(page, status, headers=HEADERS)

    def with_cookie(self, response: Response, token: str | None) -> Response:
        """Put a session into the panel's cookie, or take it out."""
        if token is None:
            response.delete_cookie(self._cookie, path="/panel", secure=self._secure, httponly=True, samesite="lax")
        else:
            response.set_cookie(self._cookie, token, path="/panel", secure=self._secure, httponly=True, samesite="lax")
        return response

    def token(self, request: Request) -> str | None:
        """Give what the panel's cookie holds."""
        return request.cookies.get(self._cookie)


def see_other(path: str) -> RedirectResponse:
    """Answer a form: look there."""
    return RedirectResponse(path, 303)


def _templates(parts: PanelParts) -> jinja2.Environment:
    folders = [FOLDER / "templates", *([parts.templates] if parts.templates else [])]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "duration": wording.duration,
        "moment": wording.moment,
        "short_moment": wording.short_moment,
        "day": wording.day,
        "service": wording.service,
        "state": wording.state,
        "outcome": wording.outcome,
        "deed": wording.deed,
        "spark": wording.spark,
    }
    return environment
