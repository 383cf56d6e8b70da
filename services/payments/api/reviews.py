"""The operators' list, in the panel: reports of Autopay that were kept but want a person, until one settles them."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from libs.chassis.http import not_found
from libs.chassis.logs import logger
from libs.chassis.panel import Panel, PanelSession, Section, Table
from services.payments.api.wire import Door
from services.payments.domain.payment import Concern
from services.payments.read_models import reviews

PAGE = "/panel/reviews"
ROWS = 50
MAX_ID = 2**63 - 1
SEE_OTHER = 303
DECIDING_ROLES = ("operator", "accountant")

WORDS: Mapping[Concern, str] = {
    Concern.AMOUNT_OFF: "inna kwota niż zlecona",
    Concern.CURRENCY_OFF: "inna waluta niż PLN",
    Concern.NOT_AS_DOCUMENTED: "treść niezgodna z dokumentacją Autopay",
    Concern.REMOTE_ID_OF_ANOTHER_ORDER: "transakcja zaliczona już do innego zlecenia",
    Concern.AFTER_SUCCESS: "zmiana statusu po udanej płatności",
    Concern.UNKNOWN_ORDER: "nieznane zlecenie",
}

StaffForm = tuple[PanelSession, Mapping[str, str]]
Before = Annotated[int | None, Query(ge=1, le=MAX_ID)]
ReviewId = Annotated[int, Path(ge=1, le=MAX_ID)]


def section(door: Door) -> Section:
    """How many reports wait, for the panel's first page."""

    async def read() -> Table:
        async with door.database.connection() as connection:
            waiting = await reviews.count_open(connection)
        return Table(("Zgłoszenia Autopay do wyjaśnienia",), [(str(waiting),)])

    return Section("Płatności", read)


def router(door: Door, panel: Panel) -> APIRouter:
    """The pages below /panel/reviews."""
    routes = APIRouter(prefix=PAGE)

    @routes.get("")
    async def open_reviews(
        session: Annotated[PanelSession, Depends(panel.staff)], cursor: Before = None
    ) -> HTMLResponse:
        """Show a page of what is open."""
        async with door.database.connection() as connection:
            found = await reviews.open_reviews(connection, cursor, ROWS)
        following = found[-1].id if len(found) == ROWS else None
        return panel.render("payments/reviews.html", session, reviews=found, words=WORDS, following=following)

    @routes.post("/{review_id}/settle")
    async def settle(review_id: ReviewId, form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        """Take a report off the list, in the name of whoever has dealt with it."""
        operator = form[0].principal
        operator.require_role(*DECIDING_ROLES)
        async with door.database.transaction() as tx:
            settled = await reviews.settle(tx, review_id, operator.account_id)
        if not settled:
            raise not_found()
        logger(__name__).info("report settled", review_id=review_id, account_id=operator.account_id)
        return RedirectResponse(PAGE, SEE_OTHER)

    return routes
