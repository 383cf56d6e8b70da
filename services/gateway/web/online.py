"""„Płatności internetowe”: what became of each payment, and how to go on with one that was left or failed."""

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.clients.doors import Ledger, Payments
from services.gateway.clients.models import Balance
from services.gateway.web.owed import Owed
from services.gateway.web.paying import address_at_autopay
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.start import PAYMENTS_LOOKED_AT, lease_context
from services.gateway.web.visits import Missing, Visitor, missing, part


class OnlinePayments:
    """`/umowa/{lease_id}/platnosci` and `/platnosci/{payment_id}/dalej`."""

    def __init__(self, site: Site, ledger: Ledger, payments: Payments) -> None:
        self._site = site
        self._ledger = ledger
        self._payments = payments

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/umowa/{lease_id}/platnosci", let_in(self._list)),
            PageRoute("/umowa/{lease_id}/platnosci/{payment_id}/dalej", let_in(self._go_on)),
        ]

    async def _list(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        leases, payments, balance = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("płatności internetowe"), self._payments.of_lease(session, lease_id, PAYMENTS_LOOKED_AT, seconds)),
            part("", self._ledger.balance(session, lease_id, seconds)),  # without it, nothing is offered for payment
        )
        owes = isinstance(balance, Balance) and Owed(balance).grosze > 0
        gone = isinstance(payments, Missing)
        return self._site.page(
            request,
            "online-payments.html",
            {"payments": None if isinstance(payments, Missing) else payments.items, "owes": owes}
            | lease_context(leases, visitor, "/platnosci"),
            status=503 if gone else 200,
            missing=missing(leases, payments),
        )

    async def _go_on(self, request: Request, visitor: Visitor) -> Response:
        """To Autopay again with the same order: paid there once, it is paid; no second payment begins."""
        payment_id = request.path_params["payment_id"]
        payment = await self._payments.one(visitor.session, payment_id, visitor.seconds_left())
        if payment.status != "initiated":
            return RedirectResponse(f"/umowa/{visitor.lease()}/platnosci", 303)
        return RedirectResponse(address_at_autopay(self._site, payment), 303)
