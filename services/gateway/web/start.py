"""The start page: what is to be paid today, when the next is due, the saldo, what else is going on."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.clients.doors import Correspondence, Ledger, Payments
from services.gateway.clients.matter_models import Matters
from services.gateway.clients.models import Balance, DueMonth, Explanation, LeaseRow, LeaseRows, Payment
from services.gateway.clients.models import Payments as PaymentsPage
from services.gateway.web.language import WARSAW
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.visits import Missing, Visitor, missing, part

NEWEST_MATTERS = 3
LEASES_LOOKED_AT = 5  # of others than the one shown: more are a company's, which has its own books
PAYMENTS_LOOKED_AT = 50  # the newest; what waits longer than so many payments is in nobody's mind
WAITING = {"pending", "in_review"}


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
        leases, balance, explanation, payments, matters, elsewhere = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("saldo i terminy płatności"), self._ledger.balance(session, lease_id, seconds)),
            part(say("wyjaśnienie salda"), self._ledger.explanation(session, lease_id, seconds)),
            part(say("płatności internetowe"), self._payments.of_lease(session, lease_id, PAYMENTS_LOOKED_AT, seconds)),
            part(say("korespondencja"), self._correspondence.matters(session, None, NEWEST_MATTERS, seconds)),
            self._due_elsewhere(visitor),
        )
        due = explanation.due_today if isinstance(explanation, Explanation) else []
        context = {
            "balance": None if isinstance(balance, Missing) else balance,
            "due": due,
            "overdue_since": overdue_since(due, datetime.now(UTC).astimezone(WARSAW).date()),
            "waiting": waiting_payments(payments),
            "matters": matters.items if isinstance(matters, Matters) else None,
            "due_elsewhere": [(row, elsewhere[row.lease_id]) for row in rows_of(leases) if row.lease_id in elsewhere],
            "password_changed": request.query_params.get("haslo") == "zmienione",
        }
        gone = missing(leases, balance, explanation, payments, matters)
        return self._site.page(request, "start.html", context | lease_context(leases, visitor, ""), missing=gone)

    async def _due_elsewhere(self, visitor: Visitor) -> dict[str, int]:
        """What is due today (grosze) of the person's other leases, of those that owe; what is not told is left out."""
        others = [lease for lease in sorted(visitor.session.leases) if lease != visitor.lease_id][:LEASES_LOOKED_AT]
        asked = [self._ledger.balance(visitor.session, lease, visitor.seconds_left()) for lease in others]
        told = await asyncio.gather(*[part("", one) for one in asked])
        found = zip(others, told, strict=True)
        return {
            lease: one.due_today_grosze for lease, one in found if isinstance(one, Balance) and one.due_today_grosze
        }


def overdue_since(due: Sequence[DueMonth], today: date) -> date | None:
    """The earliest due date before today, in Warsaw, of what is due by now; None: all of it is due today."""
    return min((row.due_on for row in due if row.due_on < today), default=None)


def waiting_payments(payments: PaymentsPage | Missing) -> list[Payment]:
    """All payments that wait for Autopay or for us, newest first, and the newest one when it was only started.

    An older one that was only started was left, and another was made since: nobody needs to hear of it.
    """
    rows = payments.items if isinstance(payments, PaymentsPage) else []
    left = [row for row in rows[:1] if row.status == "initiated"]
    return left + [row for row in rows if row.status in WAITING]


def rows_of(leases: LeaseRows | Missing) -> list[LeaseRow]:
    """The leases of the person; none while the ledger is away."""
    return leases.items if isinstance(leases, LeaseRows) else []


def lease_context(leases: LeaseRows | Missing, visitor: Visitor, switch_to: str) -> dict[str, object]:
    """What the lease switcher shows; `switch_to`: the page of the other lease that it leads to."""
    rows = rows_of(leases)
    number = next((row.number for row in rows if row.lease_id == visitor.lease_id), None)
    return {"leases": rows, "lease_number": number, "switch_to": switch_to}
