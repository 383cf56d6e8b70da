"""The app of every service: body limit, correlation id, security headers, problem details, health and metrics."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.chassis.event_store import StoreBehindError, WrongExpectedVersionError
from libs.chassis.http.problems import Problem, answer_problem, not_found, unavailable
from libs.chassis.logs import correlated, logger
from libs.chassis.metrics import HTTP_SECONDS, exposition
from libs.chassis.postgres import CONFLICT, UNAVAILABLE

BODY_LIMIT_BYTES = 256 * 1024
MAX_CORRELATION_ID_CHARACTERS = 64
READY_TIMEOUT_SECONDS = 3.0  # of one check: who asks has little patience, and a check that hangs is an answer too
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CORRELATION_HEADER = b"x-correlation-id"

# Answers to a browser; pages with their own policy override the last one.
SECURITY_HEADERS: Mapping[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}

ReadyCheck = Callable[[], Awaitable[str | None]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class TooLargeError(HTTPException):
    """A body passed the limit while it was read. FastAPI lets no other kind of error out of reading a body."""

    def __init__(self) -> None:
        super().__init__(413)


class Edge:
    """The outermost layer: limits the body, gives the request a correlation id, measures, and adds headers."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation_id = _correlation_id(scope)
        started = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(message["headers"], correlation_id)
            await send(message)

        with correlated(correlation_id):
            try:
                await self._app(scope, _limited(receive, self._limit(scope["path"])), sending)
            finally:
                route = getattr(scope.get("route"), "path", "other")
                method = scope["method"] if scope["method"] in METHODS else "other"  # anybody may invent methods
                HTTP_SECONDS.labels(method, route, status).observe(time.perf_counter() - started)

    def _limit(self, path: str) -> int:
        return next((limit for prefix, limit in self._limits.items() if path.startswith(prefix)), BODY_LIMIT_BYTES)


def _limited(receive: Receive, limit_bytes: int) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit_bytes:
            raise TooLargeError
        return message

    return limited


def _correlation_id(scope: Scope) -> str:
    given = dict(scope["headers"]).get(CORRELATION_HEADER, b"").decode("latin-1")
    usable = 0 < len(given) <= MAX_CORRELATION_ID_CHARACTERS and all(c.isalnum() or c in "-_." for c in given)
    return given if usable and given.isascii() else secrets.token_hex(8)


def _with_headers(headers: list[tuple[bytes, bytes]], correlation_id: str) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    added = [(name, value) for name, value in SECURITY_HEADERS.items() if name not in present]
    return [*headers, *added, (CORRELATION_HEADER, correlation_id.encode())]


async def _answer_invalid(_: Request, error: Exception) -> JSONResponse:
    details = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [{"field": ".".join(map(str, e["loc"])), "message": str(e["msg"])} for e in details[:20]]
    return Problem(422, "Nieprawidłowe dane", errors=errors).response()


async def _answer_http_error(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return not_found().response()
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    titles = {405: "Niedozwolona metoda", 400: "Nieprawidłowe żądanie"}
    return Problem(status, titles.get(status, "Błąd"), headers=headers).response()


async def _answer_too_large(_: Request, __: Exception) -> JSONResponse:
    return Problem(413, "Za duża treść", detail="Wysłana treść przekracza dozwolony rozmiar.").response()


async def _answer_broken_text(_: Request, __: Exception) -> JSONResponse:
    """A half surrogate pair is JSON, but no text: it cannot be stored or hashed."""
    return Problem(422, "Nieprawidłowe dane", detail="Tekst zawiera znak, którego nie da się zapisać.").response()


async def _answer_unavailable(_: Request, error: Exception) -> JSONResponse:
    logger(__name__).warning("answered 503", error=repr(error))
    return unavailable().response()


async def _answer_behind(_: Request, error: Exception) -> JSONResponse:
    logger(__name__).error("command refused", error=str(error))
    return unavailable("Przywracamy dane po awarii. Niczego nie zapisaliśmy; spróbuj ponownie później.").response()


async def _answer_defect(request: Request, error: Exception) -> JSONResponse:
    logger(__name__).error("request failed", path=request.url.path, exc_info=error)
    return Problem(500, "Błąd po naszej stronie", detail="Zapisaliśmy go. Spróbuj ponownie za chwilę.").response()


def _add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(TooLargeError, _answer_too_large)
    app.add_exception_handler(UnicodeEncodeError, _answer_broken_text)
    app.add_exception_handler(WrongExpectedVersionError, _answer_unavailable)
    for kind in (*UNAVAILABLE, *CONFLICT):
        app.add_exception_handler(kind, _answer_unavailable)
    app.add_exception_handler(StoreBehindError, _answer_behind)
    app.add_exception_handler(Exception, _answer_defect)


def create_app(
    service: str,
    *,
    lifespan: Lifespan | None = None,
    ready: Mapping[str, ReadyCheck] | None = None,
    body_limits_bytes: Mapping[str, int] | None = None,
    openapi_url: str | None = "/openapi.json",
) -> FastAPI:
    """A service's app. `ready`: named checks that answer None or why not; `body_limits_bytes`: by path prefix."""
    app = FastAPI(title=f"IOK {service}", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=openapi_url)
    app.add_middleware(Edge, limits=body_limits_bytes or {})
    _add_handlers(app)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "service": service}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        reasons = {name: why for name, check in (ready or {}).items() if (why := await _checked(check)) is not None}
        body = {"status": "not ready" if reasons else "ready", "reasons": reasons}
        return JSONResponse(body, 503 if reasons else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        body, content_type = exposition()
        return Response(body, media_type=content_type)

    return app


async def _checked(check: ReadyCheck) -> str | None:
    try:
        return await asyncio.wait_for(check(), READY_TIMEOUT_SECONDS)
    except Exception as error:  # noqa: BLE001  # a check that fails is the reason why we are not ready
        return repr(error)
