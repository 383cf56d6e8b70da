"""The stand-in's HTTP door and the only place that builds its objects."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment
from pydantic import BaseModel, ConfigDict

from deploy.sandbox import serving
from deploy.sandbox.autopay import pages
from deploy.sandbox.autopay.desk import Desk
from deploy.sandbox.autopay.notifier import Notifier
from deploy.sandbox.autopay.protocol import FAILURE_DETAILS, ProtocolError, Refused, Status
from deploy.sandbox.autopay.settings import Settings
from deploy.sandbox.autopay.store import Store, Transaction

HERE = Path(__file__).parent
XML = "text/xml; charset=UTF-8"
SEE_OTHER = 303

log = logging.getLogger("autopay")


class GatewayListRequest(BaseModel):
    """A question for the list of payment channels, as documented for version 3."""

    model_config = ConfigDict(extra="forbid")

    ServiceID: int | str
    MessageID: str
    Currencies: str = ""
    Language: str = ""
    Hash: str


def create_app(settings: Settings) -> FastAPI:
    """Return the whole stand-in; its store is opened and its notifier started with the application."""
    templates = serving.templates(HERE / "templates")
    templates.filters.update(zloty=pages.zloty, moment=pages.moment, status=pages.status_words)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = Store(settings.database)
        notifier = Notifier(settings, store)
        app.state.desk = Desk(settings, store, notifier.wake)
        sending = asyncio.create_task(notifier.run())
        try:
            yield
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
            store.close()

    app = FastAPI(title="Autopay (sandbox)", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _add_errors(app, settings)
    _add_payment(app, templates)
    _add_services(app)
    _add_list(app, templates)
    serving.add_limits(app, settings.return_url)
    return app


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _add_errors(app: FastAPI, settings: Settings) -> None:
    @app.exception_handler(ProtocolError)
    async def not_understood(_: Request, error: ProtocolError) -> Response:
        log.warning("refused: %s", error)
        return Response(error.document, 406, media_type=XML)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        log.warning("refused: %s", error)
        return Response(error.document(settings.autopay_key.get_secret_value()), 200, media_type=XML)


def _add_payment(app: FastAPI, templates: Environment) -> None:
    async def start(request: Request) -> Response:
        form = request.query_params if request.method == "GET" else await request.form()
        pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        desk = _desk(request)
        transaction = desk.start(pairs)
        if request.headers.get("BmHeader") == "pay-bm-continue-transaction-url":
            url = f"{str(request.base_url).rstrip('/')}{pages.continue_path(transaction)}"
            return Response(desk.continuation(transaction, url), media_type=XML)
        return _payment_page(desk, templates, transaction)

    app.add_api_route("/payment", start, methods=["GET", "POST"])

    @app.get("/payment/continue/{remote_id}/{continue_key}")
    async def proceed(request: Request, remote_id: str, continue_key: str) -> Response:
        desk = _desk(request)
        return _payment_page(desk, templates, _found(desk.at(remote_id, continue_key)))

    @app.post("/payment/continue/{remote_id}/{continue_key}")
    async def outcome(
        request: Request,
        remote_id: str,
        continue_key: str,
        outcome: Annotated[Status, Form()],
        details: Annotated[str, Form()] = "",
    ) -> Response:
        desk = _desk(request)
        transaction = _found(desk.at(remote_id, continue_key))
        if outcome is Status.STARTED or (details and details not in FAILURE_DETAILS):
            raise HTTPException(422, "outcome or details unknown")
        desk.answer(transaction, outcome, details)
        return RedirectResponse(desk.way_back(transaction), SEE_OTHER)


def _found(transaction: Transaction | None) -> Transaction:
    if transaction is None:
        raise HTTPException(404, "no such transaction")
    return transaction


def _payment_page(desk: Desk, templates: Environment, transaction: Transaction) -> HTMLResponse:
    page = templates.get_template("payment.html").render(
        transaction=transaction,
        action=pages.continue_path(transaction),
        way_back=desk.way_back(transaction),
        paid=desk.is_paid(transaction.order_id),
        open=transaction.status is Status.STARTED,
        failures=FAILURE_DETAILS,
        suggested=desk.suggested_failure(transaction),
    )
    return HTMLResponse(page)


def _add_services(app: FastAPI) -> None:
    @app.post("/webapi/transactionStatus")
    async def transaction_status(request: Request) -> Response:
        form = await request.form()
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        return Response(_desk(request).status_document(fields), media_type=XML)

    @app.post("/gatewayList/v3")
    async def gateway_list(request: Request, question: GatewayListRequest) -> JSONResponse:
        fields = {name: str(value) for name, value in question.model_dump().items()}
        return JSONResponse(_desk(request).gateway_list(fields))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}


def _add_list(app: FastAPI, templates: Environment) -> None:
    @app.get("/")
    async def transactions(request: Request) -> HTMLResponse:
        rows = _desk(request).overview()
        return HTMLResponse(templates.get_template("transactions.html").render(rows=rows))

    @app.post("/transactions/{remote_id}/answer")
    async def answer(request: Request, remote_id: str, outcome: Annotated[Status, Form()]) -> Response:
        desk = _desk(request)
        transaction = _found(desk.transaction(remote_id))
        if not desk.answer(transaction, outcome, ""):
            raise HTTPException(409, f"{transaction.status.value} cannot become {outcome.value}")
        return RedirectResponse("/", SEE_OTHER)

    @app.post("/notifications/{notification_id}/again")
    async def again(request: Request, notification_id: int) -> Response:
        if not _desk(request).send_again(notification_id):
            raise HTTPException(404, "no such notification")
        return RedirectResponse("/", SEE_OTHER)
