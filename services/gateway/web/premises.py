"""Lokale: the contract, the premises, meters, areas, waste segregation."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.clients.doors import Ledger
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.start import lease_context
from services.gateway.web.visits import Missing, Visitor, missing, part

UNITS = {"cold_water": "m³", "hot_water": "m³", "gas": "m³", "heat": "GJ", "electricity": "kWh"}


class PremisesPage:
    """`/umowa/{lease_id}/lokal`."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._site = site
        self._ledger = ledger

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        return [PageRoute("/umowa/{lease_id}/lokal", self._site.reception.signed_in(self._show))]

    async def _show(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        leases, lease = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("umowa i lokal"), self._ledger.lease(session, lease_id, seconds)),
        )
        gone = isinstance(lease, Missing)
        media = {
            "cold_water": say("zimna woda"),
            "hot_water": say("ciepła woda"),
            "heat": say("ogrzewanie"),
            "electricity": say("prąd"),
            "gas": say("gaz"),
        }
        context = {"lease": None if gone else lease, "role": session.leases[lease_id], "media": media, "units": UNITS}
        status = 503 if gone else 200
        return self._site.page(
            request,
            "premises.html",
            context | lease_context(leases, visitor, "/lokal"),
            status=status,
            missing=missing(leases, lease),
        )
