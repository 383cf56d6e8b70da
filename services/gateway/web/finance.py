"""Finanse: the balance, the history, one line of it with the account to pay to."""

import asyncio
import re

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.clients.doors import Ledger, Payments
from services.gateway.clients.models import ChargeLine, Entry, EntryExplanation
from services.gateway.clients.transport import NotFoundError, RefusedError
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.start import PAYMENTS_LOOKED_AT, lease_context, waiting_payments
from services.gateway.web.visits import Missing, Visitor, missing, part

HISTORY_ROWS = 20
CURSOR = re.compile(r"[A-Za-z0-9._~=-]{1,1000}")
LINES = TypeAdapter(list[ChargeLine])
FILE_SECONDS = 3.0  # until the file of the history begins to come


class Finance:
    """`/umowa/{lease_id}/finanse`, `/historia` and `/historia/{entry_id}`."""

    def __init__(self, site: Site, ledger: Ledger, payments: Payments) -> None:
        self._site = site
        self._ledger = ledger
        self._payments = payments

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/umowa/{lease_id}/finanse", let_in(self._balance)),
            PageRoute("/umowa/{lease_id}/historia", let_in(self._history)),
            PageRoute("/umowa/{lease_id}/historia.csv", let_in(self._history_file)),
            PageRoute("/umowa/{lease_id}/historia/{entry_id}", let_in(self._entry)),
        ]

    async def _balance(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        leases, balance, explanation, payments = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("saldo i terminy płatności"), self._ledger.balance(session, lease_id, seconds)),
            part(say("wyjaśnienie salda"), self._ledger.explanation(session, lease_id, seconds)),
            part(say("płatności internetowe"), self._payments.of_lease(session, lease_id, PAYMENTS_LOOKED_AT, seconds)),
        )
        context = {
            "balance": None if isinstance(balance, Missing) else balance,
            "explanation": None if isinstance(explanation, Missing) else explanation,
            "waiting": waiting_payments(payments),
        } | lease_context(leases, visitor, "/finanse")
        status = 503 if isinstance(balance, Missing) else 200
        gone = missing(leases, balance, explanation, payments)
        return self._site.page(request, "balance.html", context, status=status, missing=gone)

    async def _history(self, request: Request, visitor: Visitor) -> Response:
        cursor = request.query_params.get("od")
        if cursor is not None and not CURSOR.fullmatch(cursor):
            raise NotFoundError
        asked = self._ledger.entries(visitor.session, visitor.lease(), cursor, HISTORY_ROWS, visitor.seconds_left())
        try:
            entries = await part(self._site.language.text("historia opłat i wpłat"), asked)
        except RefusedError as error:  # a cursor that is none of the ledger's
            raise NotFoundError from error
        gone = isinstance(entries, Missing)
        fragment = "hx-request" in request.headers and not gone
        return self._site.page(
            request,
            "parts/entries.html" if fragment else "history.html",
            {"entries": None if gone else entries},
            status=503 if gone else 200,
            missing=missing(entries),
        )

    async def _history_file(self, _: Request, visitor: Visitor) -> Response:
        file = await self._ledger.history_file(visitor.session, visitor.lease(), FILE_SECONDS)
        headers = {"Content-Disposition": file.disposition, "Content-Type": file.content_type}
        return StreamingResponse(file.pieces, headers=headers)

    async def _entry(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        entry_id = request.path_params["entry_id"]
        leases, entry = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("pozycja historii"), self._ledger.entry(session, lease_id, entry_id, seconds)),
        )
        gone = isinstance(entry, Missing)
        context = {
            "entry": None if gone else entry,
            "lines": [] if isinstance(entry, Missing) else _lines(entry),
            "explanation": None if isinstance(entry, Missing) else _explanation(entry),
        }
        return self._site.page(
            request,
            "entry.html",
            context | lease_context(leases, visitor, "/historia"),
            status=503 if gone else 200,
            missing=missing(leases, entry),
        )


def _lines(entry: Entry) -> list[ChargeLine]:
    """The lines of a charge or correction; none when its details carry none."""
    try:
        return LINES.validate_python(entry.details.get("lines", []))
    except ValidationError:
        return []


def _explanation(entry: Entry) -> EntryExplanation | None:
    """What the entry paid or was paid by; none when its details do not tell."""
    try:
        return EntryExplanation.model_validate(entry.details.get("explanation"))
    except ValidationError:
        return None
