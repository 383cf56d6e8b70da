"""Transfers on the panel: what waits to be clarified is found, credited to a lease, taken off it again or sent back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse, Response

from libs.chassis.http import ID_PATTERN, not_found
from libs.chassis.logs import logger
from libs.chassis.panel import Panel, PanelSession, Section, StaffForm, Table, see_other
from services.payments.api.staff import (
    ROWS,
    After,
    FormError,
    MoneyDoor,
    day_of,
    following,
    note_of,
    place_of,
    require_decider,
    search_of,
    today,
    words,
)
from services.payments.commands.transfers import NoSuchLeaseError, NoSuchTransferError, Order
from services.payments.domain.statement import zlote
from services.payments.domain.transfer import NotInThatStateError, TransferStatus
from services.payments.read_models import leases, money_deeds, transfers

PAGE = "/panel/transfers"

TransferId = Annotated[str, Path(pattern=ID_PATTERN)]
Status = Annotated[TransferStatus, Query()]
Lease = Annotated[str | None, Query(pattern=ID_PATTERN)]

WRONG_STATE = "Ktoś zmienił stan tego przelewu w międzyczasie. Sprawdź go i spróbuj jeszcze raz."
NOT_SURE = "Zaznacz, że pieniądze wróciły do nadawcy: tego zapisu nie można cofnąć."
NO_LEASE = "Nie ma takiej umowy albo ten numer ma więcej niż jedna. Podaj identyfikator albo numer umowy."


def section(door: MoneyDoor) -> Section:
    """How much waits, for the panel's first page."""

    async def read() -> Table:
        async with door.database.connection() as connection:
            count, grosze = await transfers.count(connection, TransferStatus.TO_CLARIFY)
        return Table(("Przelewy do wyjaśnienia", "Razem"), [(str(count), zlote(grosze))])

    return Section("Przelewy", read)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Which transfers are listed: those of a state, and of one lease if one is named."""

    status: TransferStatus
    lease_id: str | None


async def shelf_of(status: Status = TransferStatus.TO_CLARIFY, lease: Lease = None) -> Shelf:
    """FastAPI dependency: which transfers an address asks for."""
    return Shelf(status, lease)


@dataclass(frozen=True, slots=True)
class Asked:
    """The lease that a form named, and the note written with it, before anything is credited."""

    lease_id: str
    number: str
    note: str


class _Pages:
    """The pages below /panel/transfers."""

    def __init__(self, door: MoneyDoor, panel: Panel) -> None:
        self._door = door
        self._panel = panel

    async def listed(self, session: PanelSession, shelf: Shelf, text: str = "", after: str | None = None) -> Response:
        """A page of the transfers of a state; names and accounts are masked, titles not shown."""
        search = replace(search_of(text), lease_id=shelf.lease_id)
        async with self._door.database.connection() as connection:
            found = await transfers.page(connection, shelf.status, search, place_of(after), ROWS)
            count, grosze = await transfers.count(connection, shelf.status, shelf.lease_id)
        return self._panel.render(
            "payments/transfers.html",
            session,
            transfers=found,
            shown=shelf.status,
            lease_id=shelf.lease_id,
            text=text,
            following=following(found),
            count=count,
            grosze=grosze,
            **words(),
        )

    async def one(
        self,
        session: PanelSession,
        transfer_id: str,
        error: FormError | None = None,
        told: str | None = None,
        asked: Asked | None = None,
    ) -> HTMLResponse:
        """One transfer with all the bank told, and what is to be confirmed; that it was looked at is logged."""
        async with self._door.database.connection() as connection:
            found = await transfers.find(connection, transfer_id)
            deeds = await money_deeds.about(connection, transfer_id)
        if found is None:
            raise not_found()
        if asked is not None and found.status != TransferStatus.TO_CLARIFY:
            error = FormError("state", WRONG_STATE)
        logger(__name__).info("transfer shown", transfer_id=transfer_id, account_id=session.principal.account_id)
        return self._panel.render(
            "payments/transfer.html",
            session,
            status=200 if error is None else 422,
            transfer=found,
            history=deeds,
            names=await self._panel.names.of(deed.account_id for deed in deeds),
            mistake=error,
            told=told,
            asked=asked,
            today=today(),
            **words(),
        )

    async def asked(self, form: StaffForm, transfer_id: str, lease: str) -> Response:
        """Show which lease a form names, to be confirmed before the transfer is credited to it."""
        session, fields = form
        require_decider(session)
        try:
            note = note_of(fields.get("note", ""), required=False)
        except FormError as error:
            return await self.one(session, transfer_id, error)
        async with self._door.database.connection() as connection:
            lease_id = await leases.named(connection, lease)
            number = None if lease_id is None else await leases.number_of(connection, lease_id)
        if lease_id is None or number is None:
            return await self.one(session, transfer_id, FormError("lease", NO_LEASE))
        return await self.one(session, transfer_id, asked=Asked(lease_id, number, note or ""))

    async def decided(
        self, form: StaffForm, transfer_id: str, deed: Callable[[Order], Awaitable[object]], name: str
    ) -> Response:
        """Carry a form out, and show the transfer again: after a redirect, or with what is wrong in the form."""
        session, fields = form
        who = require_decider(session)
        try:
            await deed(Order(transfer_id, who.account_id, note_of(fields.get("note", ""), required=name != "credit")))
        except FormError as error:
            return await self.one(session, transfer_id, error)
        except NoSuchLeaseError:
            return await self.one(session, transfer_id, FormError("lease", NO_LEASE))
        except NotInThatStateError:
            return await self.one(session, transfer_id, FormError("state", WRONG_STATE))
        except NoSuchTransferError as error:
            raise not_found() from error
        logger(__name__).info("transfer decided", deed=name, transfer_id=transfer_id, account_id=who.account_id)
        return see_other(f"{PAGE}/{transfer_id}?done={name}")


DONE = {
    "credit": "Przelew zaliczono na umowę. Najemca zobaczy go w historii po chwili.",
    "uncredit": "Przelew zdjęto z umowy. Czeka znowu na wyjaśnienie.",
    "return": "Zapisano, że przelew odesłano.",
}


def router(door: MoneyDoor, panel: Panel) -> APIRouter:
    """The pages below /panel/transfers."""
    routes, pages = APIRouter(prefix=PAGE), _Pages(door, panel)
    staff, form = Depends(panel.staff), Depends(panel.staff_form)

    @routes.get("")
    async def transfers_of(
        session: Annotated[PanelSession, staff], shelf: Annotated[Shelf, Depends(shelf_of)], cursor: After = None
    ) -> Response:
        """A page of a state."""
        return await pages.listed(session, shelf, after=cursor)

    @routes.post("")
    async def search(sent: Annotated[StaffForm, form], shelf: Annotated[Shelf, Depends(shelf_of)]) -> Response:
        """Look for a text: by a form, so that no name is left in an address."""
        return await pages.listed(sent[0], shelf, sent[1].get("text", ""))

    @routes.get("/{transfer_id}")
    async def transfer(session: Annotated[PanelSession, staff], transfer_id: TransferId, done: str = "") -> Response:
        """One transfer."""
        return await pages.one(session, transfer_id, told=DONE.get(done))

    @routes.post("/{transfer_id}/credit")
    async def credit(sent: Annotated[StaffForm, form], transfer_id: TransferId) -> Response:
        """Credit it to the lease that is named, once whose that is was shown and confirmed."""
        lease = sent[1].get("lease", "").strip()
        if sent[1].get("confirmed") != lease:
            return await pages.asked(sent, transfer_id, lease)
        return await pages.decided(sent, transfer_id, lambda order: door.desk.credit(order, lease), "credit")

    @routes.post("/{transfer_id}/uncredit")
    async def uncredit(sent: Annotated[StaffForm, form], transfer_id: TransferId) -> Response:
        """Take it off its lease."""
        return await pages.decided(sent, transfer_id, door.desk.uncredit, "uncredit")

    @routes.post("/{transfer_id}/return")
    async def send_back(sent: Annotated[StaffForm, form], transfer_id: TransferId) -> Response:
        """Note that it was sent back."""

        async def deed(order: Order) -> None:
            if not sent[1].get("sure"):
                raise FormError("sure", NOT_SURE)
            await door.desk.send_back(order, day_of(sent[1].get("returned_on", ""), "returned_on"))

        return await pages.decided(sent, transfer_id, deed, "return")

    return routes
