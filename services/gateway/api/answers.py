"""How a service's answer, or its absence, becomes the API's answer."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from libs.chassis.auth import unauthorized
from libs.chassis.http import Problem, not_found
from services.gateway.clients.doors import ask_as
from services.gateway.clients.identity import SessionOverError
from services.gateway.clients.sessions import Session
from services.gateway.clients.transport import (
    COMMAND_SECONDS,
    READ_SECONDS,
    Answer,
    AwayError,
    Call,
    Download,
    NotFoundError,
    RefusedError,
    Service,
)

NAMES = {
    "identity": "Logowanie chwilowo nie działa.",
    "ledger": "Finanse i umowy są chwilowo niedostępne.",
    "payments": "Płatności są chwilowo niedostępne.",
    "correspondence": "Korespondencja jest chwilowo niedostępna.",
}


def handed_on(answer: Answer) -> Response:
    """The same status, bytes and type."""
    headers = {"Content-Type": answer.content_type}
    if answer.retry_after is not None:
        headers["Retry-After"] = answer.retry_after
    if answer.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(answer.body, answer.status, headers=headers)


async def read(session: Session, service: Service, path: str, query: dict[str, str] | None = None) -> Response:
    """Hand on what a service answers to a question."""
    return handed_on(await ask_as(session, service, Call("GET", path, query or {}), READ_SECONDS))


def streamed(download: Download) -> Response:
    """A file, handed on as it comes."""
    return StreamingResponse(download.pieces, headers=download.headers)


async def command(session: Session, service: Service, path: str, body: bytes, key: str) -> Response:
    """Hand on what a service answers to a command."""
    call = Call("POST", path, body=body, idempotency_key=key)
    return handed_on(await ask_as(session, service, call, COMMAND_SECONDS))


async def _away(_: Request, error: Exception) -> Response:
    name, seconds = (error.service, error.retry_after_seconds) if isinstance(error, AwayError) else ("", 2)
    detail = f"{NAMES.get(name, 'Usługa jest chwilowo niedostępna.')} Spróbuj ponownie za chwilę."
    return Problem(503, "Chwilowo niedostępne", detail=detail, headers={"Retry-After": str(seconds)}).response()


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return handed_on(error.answer)


async def _not_found(_: Request, __: Exception) -> Response:
    return not_found().response()


async def _session_over(_: Request, __: Exception) -> Response:
    return unauthorized().response()


def install(app: FastAPI) -> None:
    """Answer what the clients of the services raise."""
    app.add_exception_handler(AwayError, _away)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(SessionOverError, _session_over)
