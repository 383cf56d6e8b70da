"""Finanse: the balance, what it consists of, and where to pay."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.clients.doors import Ledger, Payments
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.start import PAYMENTS_LOOKED_AT, lease_context, waiting_payments
from services.gateway.web.visits import Missing, Visitor, missing, part


class Finance:
    """`/umowa/{lease_id}/finanse`."""

    def __init__(self, site: Site, ledger: Ledger, payments: Payments) -> None:
        self._site = site
        self._ledger = ledger
        self._payments = payments

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        return [PageRoute("/umowa/{lease_id}/finanse", self._site.reception.signed_in(self._balance))]

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
