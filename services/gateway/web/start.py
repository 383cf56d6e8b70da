"""The start page: what is to be paid today, when the next is due, the saldo, what else is going on."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.clients.doors import Correspondence, Ledger, Payments
from services.gateway.clients.models import LeaseRows, Matters, Payment
from services.gateway.clients.models import Payments as PaymentsPage
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.visits import Missing, Visitor, missing, part

NEWEST_MATTERS = 3
WAITING = {"initiated", "pending", "in_review"}


class Start:
    """`/` and `/umowa/{lease_id}`."""

    def __init__(self, site: Site, ledger: Ledger, payments: Payments, correspondence: Correspondence) -> None:
        self._site = site
        self._ledger = ledger
        self._payments = payments
        self._correspondence = correspondence

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        show = self._site.reception.signed_in(self._show)
        return [PageRoute("/", show), PageRoute("/umowa/{lease_id}", show)]

    async def _show(self, request: Request, visitor: Visitor) -> Response:
        if visitor.lease_id is None:
            return self._site.page(request, "staff.html")
        say = self._site.language.text
        session, lease_id, seconds = visitor.session, visitor.lease_id, visitor.seconds_left()
        leases, balance, payments, matters = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("saldo i terminy płatności"), self._ledger.balance(session, lease_id, seconds)),
            part(say("płatności internetowe"), self._payments.of_lease(session, lease_id, 1, seconds)),
            part(say("korespondencja"), self._correspondence.matters(session, None, NEWEST_MATTERS, seconds)),
        )
        context = {
            "balance": None if isinstance(balance, Missing) else balance,
            "payment": waiting_payment(payments),
            "matters": matters.items if isinstance(matters, Matters) else None,
        }
        gone = missing(leases, balance, payments, matters)
        return self._site.page(request, "start.html", context | lease_context(leases, visitor, ""), missing=gone)


def waiting_payment(payments: PaymentsPage | Missing) -> Payment | None:
    """The newest payment, when its outcome is not known yet."""
    newest = payments.items[:1] if isinstance(payments, PaymentsPage) else []
    return newest[0] if newest and newest[0].status in WAITING else None


def lease_context(leases: LeaseRows | Missing, visitor: Visitor, switch_to: str) -> dict[str, object]:
    """What the lease switcher shows; `switch_to`: the page of the other lease that it leads to."""
    rows = leases.items if isinstance(leases, LeaseRows) else []
    number = next((row.number for row in rows if row.lease_id == visitor.lease_id), None)
    return {"leases": rows, "lease_number": number, "switch_to": switch_to}
