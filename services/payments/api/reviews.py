"""The operators' list, in the panel: reports of Autopay that were kept but want a person, until one settles them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse, Response

from libs.chassis.http import Problem, not_found
from libs.chassis.logs import logger
from libs.chassis.panel import Panel, PanelSession, Section, StaffForm, Table, see_other
from services.payments.api.staff import (
    DECIDING_ROLES,
    FormError,
    day_of,
    note_of,
    require_decider,
    search_of,
    words,
)
from services.payments.api.wire import Door
from services.payments.commands.reviews import Decided, NoSuchReviewError, ReviewDesk, parked_of
from services.payments.domain.payment import Concern, Outcome
from services.payments.domain.review import AmountBeyondReportError, CreditParked, NotDecidableError
from services.payments.read_models import reviews
from services.payments.read_models.reviews import Kept

PAGE = "/panel/reviews"
ROWS = 50
MAX_ID = 2**63 - 1

WORDS: Mapping[Concern, str] = {
    Concern.AMOUNT_OFF: "inna kwota niż zlecona",
    Concern.CURRENCY_OFF: "inna waluta niż PLN",
    Concern.NOT_AS_DOCUMENTED: "treść niezgodna z dokumentacją Autopay",
    Concern.REMOTE_ID_OF_ANOTHER_ORDER: "transakcja zaliczona już do innego zlecenia",
    Concern.AFTER_SUCCESS: "zmiana statusu po udanej płatności",
    Concern.UNKNOWN_ORDER: "nieznane zlecenie",
}

NO_AMOUNT = "Podaj kwotę w złotych, większą od zera."
TOO_MUCH = "Nie można zaliczyć więcej, niż zgłosił Autopay."

Deed = Callable[[Decided], Awaitable[None]]
Before = Annotated[int | None, Query(ge=1, le=MAX_ID)]
ReviewId = Annotated[int, Path(ge=1, le=MAX_ID)]


def section(door: Door) -> Section:
    """How many reports wait, for the panel's first page."""

    async def read() -> Table:
        async with door.database.connection() as connection:
            waiting = await reviews.count_open(connection)
        return Table(("Zgłoszenia Autopay do wyjaśnienia",), [(str(waiting),)])

    return Section("Płatności", read)


def router(door: Door, desk: ReviewDesk, panel: Panel) -> APIRouter:
    """The pages below /panel/reviews."""
    routes = APIRouter(prefix=PAGE)

    @routes.get("")
    async def open_reviews(
        session: Annotated[PanelSession, Depends(panel.staff)], cursor: Before = None, done: bool = False
    ) -> HTMLResponse:
        """Show a page of what is open, and that something was just decided."""
        async with door.database.connection() as connection:
            found = await reviews.open_reviews(connection, cursor, ROWS)
        following = found[-1].id if len(found) == ROWS else None
        return panel.render(
            "payments/reviews.html", session, reviews=found, words=WORDS, following=following, done=done
        )

    @routes.post("/{review_id}/settle")
    async def settle(review_id: ReviewId, form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        """Take a report off the list, in the name of whoever has dealt with it."""
        operator = form[0].principal
        operator.require_role(*DECIDING_ROLES)
        async with door.database.transaction() as tx:
            kept = await reviews.kept(tx, review_id)
            if kept is not None and is_decidable(kept):
                raise Problem(409, "Najpierw zdecyduj", detail="Zalicz tę płatność albo ją odrzuć.")
            settled = await reviews.settle(tx, review_id, operator.account_id)
        if not settled:
            raise not_found()
        logger(__name__).info("report settled", review_id=review_id, account_id=operator.account_id)
        return see_other(f"{PAGE}?done=true")

    _add_decisions(routes, _Decisions(door, desk, panel), panel)
    return routes


def is_decidable(kept: Kept) -> bool:
    """Whether a payment waits for the decision: a tenant sees it as in doubt until then."""
    return kept.outcome is Outcome.PARKED and kept.payment_id is not None


class _Decisions:
    """The page of one parked report, and what an operator decides there."""

    def __init__(self, door: Door, desk: ReviewDesk, panel: Panel) -> None:
        self._door = door
        self._desk = desk
        self._panel = panel

    async def page(self, session: PanelSession, review_id: int, error: FormError | None = None) -> HTMLResponse:
        """What Autopay reported, beside what was ordered."""
        async with self._door.database.connection() as connection:
            kept = await reviews.kept(connection, review_id)
        if kept is None:
            raise not_found()
        return self._panel.render(
            "payments/review.html",
            session,
            status=200 if error is None else 422,
            review=kept,
            parked=parked_of(kept),
            decidable=is_decidable(kept),
            words=WORDS,
            mistake=error,
            **words(),
        )

    async def decide(self, form: StaffForm, review_id: int, deed: Deed) -> Response:
        """Carry a decision out; with something wrong in the form, show it again."""
        session, fields = form
        who = require_decider(session)
        try:
            await deed(Decided(review_id, who.account_id, note_of(fields.get("note", ""), required=True) or ""))
        except FormError as error:
            return await self.page(session, review_id, error)
        except AmountBeyondReportError:
            return await self.page(session, review_id, FormError("amount", TOO_MUCH))
        except (NoSuchReviewError, NotDecidableError) as error:
            raise not_found() from error
        logger(__name__).info("report decided", review_id=review_id, account_id=who.account_id)
        return see_other(f"{PAGE}?done=true")

    async def dismiss(self, form: StaffForm, review_id: int) -> Response:
        """Decide that it was no money."""
        return await self.decide(form, review_id, self._desk.dismiss)

    async def credit(self, form: StaffForm, review_id: int) -> Response:
        """Credit it with the amount and the day of the form."""

        async def deed(decided: Decided) -> None:
            day = day_of(form[1].get("paid_on", ""), "paid_on")
            await self._desk.credit(decided, CreditParked(_amount(form[1]), day))

        return await self.decide(form, review_id, deed)


def _amount(fields: Mapping[str, str]) -> int:
    amount = search_of(fields.get("amount", "")).amount_grosze
    if amount is None or amount <= 0:
        raise FormError("amount", NO_AMOUNT)
    return amount


def _add_decisions(routes: APIRouter, decisions: _Decisions, panel: Panel) -> None:
    staff, form = Depends(panel.staff), Depends(panel.staff_form)

    @routes.get("/{review_id}")
    async def review(session: Annotated[PanelSession, staff], review_id: ReviewId) -> HTMLResponse:
        """One report."""
        return await decisions.page(session, review_id)

    @routes.post("/{review_id}/credit")
    async def credit(sent: Annotated[StaffForm, form], review_id: ReviewId) -> Response:
        """Credit it."""
        return await decisions.credit(sent, review_id)

    @routes.post("/{review_id}/dismiss")
    async def dismiss(sent: Annotated[StaffForm, form], review_id: ReviewId) -> Response:
        """Decide that it was no money."""
        return await decisions.dismiss(sent, review_id)
