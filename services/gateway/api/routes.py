"""The routes of `/api/v1`, and the two of Autopay."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from fastapi.openapi.utils import get_openapi

from services.gateway.api.answers import command, handed_on, install, read, streamed
from services.gateway.api.bodies import (
    MONTH_PATTERN,
    ChangePassword,
    Day,
    SessionOpened,
    SignIn,
    StartPayment,
    documented,
)
from services.gateway.api.correspondence import correspondence_routes
from services.gateway.api.entering import SignedInRoute, TenantRoute, token_of
from services.gateway.api.parameters import DEFAULT_LIMIT, PREFIX, Asking, Cursor, Key, Limit, as_bytes, page_query
from services.gateway.clients import models
from services.gateway.clients.doors import Correspondence, Ledger, Payments
from services.gateway.clients.identity import Identity
from services.gateway.clients.sessions import Sessions
from services.gateway.clients.transport import READ_SECONDS, path

VERSION = "1"
Year = Annotated[int | None, Query(ge=1900, le=9998)]
SECURITY = {"session": {"type": "http", "scheme": "bearer", "description": "The token of POST /session."}}


def add_api(app: FastAPI, sessions: Sessions, doors: tuple[Identity, Ledger, Payments, Correspondence]) -> None:
    """Add the API and its OpenAPI document to an app."""
    identity, ledger, payments, correspondence = doors
    app.state.sessions = sessions
    install(app)
    for router in (
        _sessions(sessions, identity),
        _me(sessions, identity, ledger),
        _leases(ledger),
        _history(ledger),
        _payments(payments),
        correspondence_routes(correspondence, ledger),
    ):
        app.include_router(router)
    app.include_router(_autopay(payments))
    _document(app)


def _document(app: FastAPI) -> None:
    """Publish the API's routes, and only these, as the OpenAPI document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            whole = get_openapi(title="IOK", version=VERSION, routes=app.routes)
            whole["components"]["securitySchemes"] = SECURITY
            whole["security"] = [{name: [] for name in SECURITY}]
            whole["paths"] = {name: item for name, item in whole["paths"].items() if name.startswith(PREFIX)}
            app.openapi_schema = whole
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _sessions(sessions: Sessions, identity: Identity) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["session"])

    @router.post("/session", status_code=201, responses=documented(), openapi_extra={"security": []})
    async def sign_in(request: Request, body: SignIn) -> SessionOpened:
        """Sign in. Every failure gets the same answer."""
        client_ip = request.client.host if request.client else ""
        opened = await identity.sign_in(body.login, body.password, client_ip)
        return SessionOpened.model_validate(opened.model_dump())

    @router.delete("/session", status_code=204, responses=documented())
    async def sign_out(request: Request) -> Response:
        """End the session at once."""
        await sessions.end(token_of(request))
        return Response(status_code=204)

    return router


def _me(sessions: Sessions, identity: Identity, ledger: Ledger) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["session"], route_class=SignedInRoute)

    @router.get("/me", responses=documented())
    async def me(session: Asking) -> models.Me:
        """Who is signed in, and their leases."""
        if session.is_staff or not session.leases:
            return models.Me(account_id=session.account_id, leases=[])
        rows = await ledger.leases(session, READ_SECONDS)
        leases = [
            models.MyLease(
                lease_id=row.lease_id, number=row.number, address=row.address, role=session.leases.get(row.lease_id, "")
            )
            for row in rows.items
            if row.lease_id in session.leases
        ]
        return models.Me(account_id=session.account_id, leases=leases)

    @router.post("/session/password", responses=documented())
    async def change_password(session: Asking, body: ChangePassword) -> Response:
        """Change the password. The answer has the session's new token; the old one is over."""
        answer = await identity.forward_password(session.token, as_bytes(body))
        sessions.forget(session.token)
        return handed_on(answer)

    return router


def _tenant_router(tag: str, prefix: str = "") -> APIRouter:
    return APIRouter(
        prefix=PREFIX + prefix,
        tags=[tag],
        route_class=TenantRoute,
        responses=documented(404),
    )


def _leases(ledger: Ledger) -> APIRouter:
    router = _tenant_router("lease", "/leases/{lease_id}")
    service = ledger.service

    @router.get("", responses={200: {"model": models.Lease}})
    async def lease(session: Asking, lease_id: str) -> Response:
        """The lease as its latest event states it."""
        return await read(session, service, path("leases", lease_id))

    @router.get("/balance", responses={200: {"model": models.Balance}})
    async def balance(session: Asking, lease_id: str, as_of: Annotated[Day | None, Query()] = None) -> Response:
        """What the lease owes now, or owed on a day."""
        query = {"as_of": as_of.isoformat()} if as_of else {}
        return await read(session, service, path("leases", lease_id, "balance"), query)

    @router.get("/explanation", responses={200: {"model": models.Explanation}})
    async def explanation(session: Asking, lease_id: str, as_of: Annotated[Day | None, Query()] = None) -> Response:
        """Where the balance comes from: the debts not wholly paid, and the credits left over."""
        query = {"as_of": as_of.isoformat()} if as_of else {}
        return await read(session, service, path("leases", lease_id, "explanation"), query)

    @router.get("/charges/{month}", responses={200: {"model": models.MonthCharges}})
    async def month_charges(
        session: Asking, lease_id: str, month: Annotated[str, Path(pattern=MONTH_PATTERN)]
    ) -> Response:
        """The charges of a month, line by line."""
        return await read(session, service, path("leases", lease_id, "charges", month))

    return router


def _history(ledger: Ledger) -> APIRouter:
    router = _tenant_router("lease", "/leases/{lease_id}")
    service = ledger.service

    @router.get("/entries.csv", responses={200: {"content": {"text/csv": {}}}}, response_class=Response)
    async def entries_as_csv(session: Asking, lease_id: str, year: Year = None) -> Response:
        """The history, or a year of it, as a file for spreadsheets."""
        return streamed(await ledger.history_file(session, lease_id, year, READ_SECONDS))

    @router.get("/entries", responses={200: {"model": models.Entries}})
    async def entries(
        session: Asking,
        lease_id: str,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
        year: Year = None,
        kind: Annotated[Literal["charges", "payments"] | None, Query()] = None,
    ) -> Response:
        """The history, newest first: all of it, of a year, or of a kind."""
        chosen = {"year": None if year is None else str(year), "kind": kind}
        query = page_query(limit, cursor) | {name: value for name, value in chosen.items() if value is not None}
        return await read(session, service, path("leases", lease_id, "entries"), query)

    @router.get("/turnover", responses={200: {"model": models.Turnover}})
    async def turnover(session: Asking, lease_id: str) -> Response:
        """What was charged and paid in each calendar month, newest first."""
        return await read(session, service, path("leases", lease_id, "turnover"))

    @router.get("/statement/{year}", responses={200: {"model": models.Statement}})
    async def statement(session: Asking, lease_id: str, year: Annotated[int, Path(ge=1900, le=9998)]) -> Response:
        """A calendar year of the account, line by line."""
        return await read(session, service, path("leases", lease_id, "statement", str(year)))

    @router.get("/entries/{entry_id}", responses={200: {"model": models.Entry}})
    async def entry(session: Asking, lease_id: str, entry_id: str) -> Response:
        """One line of the history."""
        return await read(session, service, path("leases", lease_id, "entries", entry_id))

    return router


def _payments(payments: Payments) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["payment"], route_class=TenantRoute, responses=documented(404))
    service = payments.service

    @router.post(
        "/leases/{lease_id}/payments",
        status_code=201,
        responses=documented(400, 409, created=models.Payment),
    )
    async def start(session: Asking, lease_id: str, key: Key, body: StartPayment) -> Response:
        """Start a payment; the answer says where to send the payer."""
        return await command(session, service, path("leases", lease_id, "payments"), as_bytes(body), key)

    @router.get("/payment-channels", responses={200: {"model": models.Channels}})
    async def channels(session: Asking) -> Response:
        """Autopay's ways to pay that can be picked beforehand; none while it does not tell."""
        return await read(session, service, "/payment-channels")

    @router.get("/payments/{payment_id}", responses={200: {"model": models.Payment}})
    async def payment(session: Asking, payment_id: str) -> Response:
        """A payment and its status."""
        return await read(session, service, path("payments", payment_id))

    return router


def _autopay(payments: Payments) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.post("/autopay/itn")
    async def notification(request: Request) -> Response:
        """Autopay's notification, handed on byte for byte."""
        content_type = request.headers.get("content-type", "application/octet-stream")
        return handed_on(await payments.notification(await request.body(), content_type))

    return router
