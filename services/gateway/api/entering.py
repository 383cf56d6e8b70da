"""Who may ask: the bearer token comes first, before anything else of the request is read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from libs.chassis.auth import unauthorized
from libs.chassis.http import Problem, not_found
from services.gateway.clients.sessions import Session, Sessions
from services.gateway.clients.transport import COMMAND_SECONDS, READ_SECONDS

SCHEME = "bearer"
Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def token_of(request: Request) -> str:
    """The opaque session token of a request.

    Raises:
        Problem: 401 without one.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise unauthorized()
    return token.strip()


async def session_of(request: Request) -> Session:
    """FastAPI dependency: who asks, as the route found out. Asynchronous: a plain function would cost a thread."""
    session: Session = request.state.session
    return session


class SignedInRoute(APIRoute):
    """A route for anybody who is signed in."""

    def get_route_handler(self) -> Handle:
        """Find the session, then do what the route does."""
        handle = super().get_route_handler()

        async def entered(request: Request) -> Response:
            sessions: Sessions = request.app.state.sessions
            reading = request.method == "GET"
            seconds = READ_SECONDS if reading else COMMAND_SECONDS
            request.state.session = await sessions.of(token_of(request), seconds, reading=reading)
            self.admit(request.state.session)
            return await handle(request)

        return entered

    def admit(self, session: Session) -> None:
        """Pass, or raise a Problem."""


class TenantRoute(SignedInRoute):
    """A route for the parties of leases; for the company's staff it does not exist."""

    def admit(self, session: Session) -> None:
        """Let tenants pass whose password is their own.

        Raises:
            Problem: 404 for staff, 403 before the first password is changed.
        """
        if session.is_staff:
            raise not_found()
        if session.must_change_password:
            raise Problem(403, "Najpierw zmień hasło", detail="Wyślij POST /api/v1/session/password.")
