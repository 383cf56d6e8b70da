"""A month's charge beside the month before, and the months in a chart."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.clients.doors import Ledger
from services.gateway.clients.models import ChargedMonths, MonthCharges, Turnover
from services.gateway.clients.transport import NotFoundError
from services.gateway.web.chart import chart_of
from services.gateway.web.comparing import changes, vat_rates
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.start import lease_context
from services.gateway.web.visits import Missing, Visitor, missing, part

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
CHART_MONTHS = 12


class Months:
    """`/umowa/{lease_id}/miesiac/{month}` and `/umowa/{lease_id}/wykres`."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._site = site
        self._ledger = ledger

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/umowa/{lease_id}/miesiac/{month}", let_in(self._month)),
            PageRoute("/umowa/{lease_id}/wykres", let_in(self._chart)),
        ]

    async def _month(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        wanted = request.path_params["month"]
        if not MONTH.fullmatch(wanted):
            raise NotFoundError
        session, lease_id = visitor.session, visitor.lease()
        leases, months, month = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, visitor.seconds_left())),
            part(say("inne miesiące"), self._ledger.charged_months(session, lease_id, visitor.seconds_left())),
            part(say("naliczenia"), self._ledger.month(session, lease_id, wanted, visitor.seconds_left())),
        )
        names = [row.month for row in months.items] if isinstance(months, ChargedMonths) else []
        earlier = max((name for name in names if name < wanted), default=None)
        before: MonthCharges | Missing | None = None
        if earlier is not None:
            asked = self._ledger.month(session, lease_id, earlier, visitor.seconds_left())
            before = await part(say("poprzedni miesiąc"), asked)
        context: dict[str, object] = {
            "month": month if isinstance(month, MonthCharges) else None,
            "vat": vat_rates(month) if isinstance(month, MonthCharges) else [],
            "earlier": earlier,
            "later": min((name for name in names if name > wanted), default=None),
            "before": None,
        }
        if isinstance(before, MonthCharges) and isinstance(month, MonthCharges):
            context |= {"before": before, "changes": changes(before, month)}
        return self._site.page(
            request,
            "month.html",
            context | lease_context(leases, visitor, "/wykres"),
            status=503 if isinstance(month, Missing) else 200,
            missing=missing(leases, months, month, before),
        )

    async def _chart(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        leases, turnover = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("opłaty i wpłaty w miesiącach"), self._ledger.turnover(session, lease_id, seconds)),
        )
        rows = turnover.items[:CHART_MONTHS] if isinstance(turnover, Turnover) else []
        return self._site.page(
            request,
            "chart.html",
            {"rows": rows, "chart": chart_of(rows)} | lease_context(leases, visitor, "/wykres"),
            status=503 if isinstance(turnover, Missing) else 200,
            missing=missing(leases, turnover),
        )
