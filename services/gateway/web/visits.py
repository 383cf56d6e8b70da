"""A visit: who looks at a page, which lease they look at, and how much of the page's second is left."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.clients.identity import SessionOverError
from services.gateway.clients.sessions import Session, Sessions
from services.gateway.clients.transport import AwayError, NotFoundError
from services.gateway.web.forms import TOKEN_FIELD, fields_of, is_form_token, is_same_site

PAGE_SECONDS = 0.75  # every page is answered within a second, complete or not: the rest is for drawing it
LEASE_COOKIE = "iok-lease"
PASSWORD_PATH = "/haslo"  # noqa: S105  # an address
FIRST_TRY_SECONDS = 5.0  # a command may wait for identity

PartT = TypeVar("PartT")


class ForbiddenError(Exception):
    """A form that does not come from our own page."""


class SignInNeededError(Exception):
    """Nobody is signed in; what was asked for, or sent, goes on after signing in."""


@dataclass(frozen=True)
class Missing:
    """A part of a page that cannot be shown now; `what` names it for people."""

    what: str


@dataclass(frozen=True)
class Visitor:
    """A person who is signed in, looking at one of their leases."""

    session: Session
    ends: float
    lease_id: str | None

    def seconds_left(self) -> float:
        """How long this page may still wait for other services."""
        return max(0.05, self.ends - time.monotonic())

    def with_a_new_second(self) -> "Visitor":
        """The same visit after something slow, as files that were sent: the page itself begins only now."""
        return replace(self, ends=time.monotonic() + PAGE_SECONDS)

    def lease(self) -> str:
        """The lease looked at.

        Raises:
            NotFoundError: the person has none.
        """
        if self.lease_id is None:
            raise NotFoundError
        return self.lease_id


Handler = Callable[[Request, Visitor], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Reception:
    """Lets people in: finds the session of a request and checks that forms are ours."""

    def __init__(self, sessions: Sessions, public_url: str) -> None:
        self.sessions = sessions
        self.public_url = public_url
        self.secure = public_url.startswith("https://")
        self.cookie = "__Host-iok" if self.secure else "iok"

    def signed_in(self, handler: Handler) -> Endpoint:
        """An endpoint for people who are signed in.

        Raises (from the endpoint):
            SignInNeededError, ForbiddenError, NotFoundError (a lease of somebody else), AwayError (identity).
        """

        async def endpoint(request: Request) -> Response:
            session = await self.session(request)
            if session is None:
                raise SignInNeededError
            if session.must_change_password and request.url.path not in {PASSWORD_PATH, "/wyloguj"}:
                return RedirectResponse(PASSWORD_PATH, 303)
            visitor = Visitor(session, time.monotonic() + PAGE_SECONDS, _lease_of(request, session))
            request.state.visitor = visitor
            if request.method == "POST":
                await self.check_form(request, session.token)
            return await handler(request, visitor)

        return endpoint

    async def welcome(self, request: Request) -> None:
        """Show a page that everybody may see in the frame of whoever is signed in.

        Raises:
            AwayError: identity does not answer; the page can do without.
        """
        session = await self.session(request)
        if session is not None and not session.must_change_password:
            request.state.visitor = Visitor(session, time.monotonic() + PAGE_SECONDS, _lease_of(request, session))

    async def session(self, request: Request) -> Session | None:
        """Who is signed in, if anybody.

        Raises:
            AwayError: identity does not answer.
        """
        token = self.token_of(request)
        if token is None:
            return None
        reading = request.method in {"GET", "HEAD"}
        try:
            seconds = PAGE_SECONDS if reading else FIRST_TRY_SECONDS
            return await self.sessions.of(token, seconds, reading=reading)
        except SessionOverError:
            return None

    def token_of(self, request: Request) -> str | None:
        """The session token a browser brings, whatever it is worth."""
        return request.cookies.get(self.cookie) or None

    def check_origin(self, request: Request) -> None:
        """Pass when a form was sent from our own site.

        Raises:
            ForbiddenError: it was not.
        """
        if not is_same_site(request, self.public_url):
            raise ForbiddenError

    async def check_form(self, request: Request, session_token: str) -> None:
        """Pass when a form was sent from a page of this session.

        Raises:
            ForbiddenError: it was not.
        """
        self.check_origin(request)
        if not is_form_token(session_token, (await fields_of(request)).get(TOKEN_FIELD, "")):
            raise ForbiddenError

    def enter(self, answer: Response, token: str) -> None:
        """Give the browser its session; it ends with the browser, or when identity says so."""
        answer.set_cookie(self.cookie, token, secure=self.secure, httponly=True, samesite="lax")

    def leave(self, answer: Response) -> None:
        """Take the session from the browser."""
        answer.delete_cookie(self.cookie, secure=self.secure, httponly=True, samesite="lax")


def _lease_of(request: Request, session: Session) -> str | None:
    leases = {} if session.is_staff else session.leases
    named = request.path_params.get("lease_id")
    if named is not None:
        if named not in leases:
            raise NotFoundError
        return str(named)
    remembered = request.cookies.get(LEASE_COOKIE, "")
    return remembered if remembered in leases else min(leases, default=None)


async def part(what: str, asked: Awaitable[PartT]) -> PartT | Missing:
    """A part of a page, or its name when the service that knows it is away."""
    try:
        return await asked
    except AwayError:
        return Missing(what)


def missing(*parts: object) -> list[str]:
    """The names of the parts that are missing, each once."""
    return list(dict.fromkeys(found.what for found in parts if isinstance(found, Missing)))


async def in_flight(command: Callable[[], Awaitable[PartT]], again: Callable[[Exception], bool]) -> PartT:
    """Carry out a command that another click may be carrying out already: wait for that one's answer."""
    for pause_seconds in (0.2, 0.4, 0.8):
        try:
            return await command()
        except Exception as error:
            if not again(error):
                raise
            await asyncio.sleep(pause_seconds)
    return await command()
