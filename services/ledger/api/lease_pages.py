"""Leases on the panel: staff find one by number or address, and see its figures and history as the tenant sees them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse

from libs.chassis.event_store import utc_now
from libs.chassis.http import not_found
from libs.chassis.logs import logger
from libs.chassis.panel import Panel, PanelSession
from libs.chassis.panel.wording import money
from libs.chassis.postgres import Database
from libs.chassis.searching import MAX_SEARCH_CHARACTERS, patterns
from services.ledger.domain import warsaw_day
from services.ledger.read_models import balance, history, leases
from services.ledger.read_models.grants import LeaseGrant, NotHereError

PAGE: Final = "/panel/leases"
ROWS: Final = 50
MAX_ID_CHARACTERS: Final = 200
KINDS: Final[Mapping[str, str]] = {"dwelling": "mieszkanie", "commercial": "lokal użytkowy"}

LeaseId = Annotated[str, Path(max_length=MAX_ID_CHARACTERS)]
After = Annotated[str, Query(max_length=MAX_ID_CHARACTERS)]
Cursor = Annotated[str | None, Query(max_length=history.MAX_CURSOR_CHARACTERS)]


def router(database: Database, panel: Panel) -> APIRouter:
    """The pages below /panel/leases."""
    routes = APIRouter(prefix=PAGE)
    words: dict[str, Any] = {"zl": money, "kinds": KINDS}

    @routes.get("")
    async def listed(
        session: Annotated[PanelSession, Depends(panel.staff)],
        search: Annotated[str, Query(max_length=MAX_SEARCH_CHARACTERS)] = "",
        after: After = "",
    ) -> HTMLResponse:
        """Show a page of the leases found."""
        wanted = patterns(search)
        found = []
        if wanted:
            async with database.connection() as connection:
                found = await leases.found(connection, wanted, after.replace("\x00", ""), ROWS)
        more = urlencode({"search": search, "after": found[-1].lease_id}) if len(found) == ROWS else None
        most = MAX_SEARCH_CHARACTERS
        return panel.render("ledger/leases.html", session, found=found, text=search, more=more, most=most, **words)

    @routes.get("/{lease_id}")
    async def one(
        session: Annotated[PanelSession, Depends(panel.staff)], lease_id: LeaseId, cursor: Cursor = None
    ) -> HTMLResponse:
        """Show a lease with its figures and a page of its history; that somebody looked is logged."""
        grant = LeaseGrant(lease_id.replace("\x00", ""))
        try:
            async with database.transaction("repeatable_read", readonly=True) as tx:
                terms = await leases.lease(tx, grant)
                figures = await balance.balance(tx, grant, None, warsaw_day(utc_now()))
                entries, older = await history.page(tx, grant, ROWS, cursor)
        except (NotHereError, history.BadCursorError) as error:
            raise not_found() from error
        logger(__name__).info("lease shown", lease_id=lease_id, account_id=session.principal.account_id)
        return panel.render(
            "ledger/lease.html", session, lease=terms, balance=figures, entries=entries, older=older, **words
        )

    return routes
