"""What tenants read of their leases: everything goes through a grant made of the caller's checked token."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, fields, replace
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse

from libs.chassis.auth import Principal, principal_of
from libs.chassis.event_store import utc_now
from libs.chassis.http import Problem, not_found
from libs.chassis.postgres import Connection, Database
from libs.events.fields import Month
from services.ledger.api import spreadsheet
from services.ledger.domain import warsaw_day
from services.ledger.read_models import balance, charges, explanation, export, history, leases, turnover
from services.ledger.read_models.grants import LeaseGrant, NotHereError

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
EXPORTS_AT_ONCE = 3  # each holds a connection while its reader reads; the others are for short questions

Caller = Annotated[Principal, Depends(principal_of)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
YEAR = Path(ge=1900, le=9998)
WantedYear = Annotated[int | None, Query(ge=1900, le=9998)]
Kind = Annotated[Literal["charges", "payments"] | None, Query()]
Cursor = Annotated[str | None, Query(max_length=history.MAX_CURSOR_CHARACTERS)]


def granted(caller: Caller, lease_id: Annotated[str, Path()]) -> LeaseGrant:
    """The lease in the path, when the caller is a party of it; else the 404 of a lease that does not exist."""
    return LeaseGrant(caller.require_lease(lease_id))


class Reader:
    """Reads of one moment; what is not there is answered like what is not the caller's."""

    def __init__(self, database: Database) -> None:
        """Keep where to read."""
        self._database = database
        self._exports = asyncio.Semaphore(EXPORTS_AT_ONCE)

    @asynccontextmanager
    async def moment(self) -> AsyncIterator[Connection]:
        """A snapshot to read in."""
        try:
            async with self._database.transaction("repeatable_read", readonly=True) as tx:
                yield tx
        except NotHereError as error:
            raise not_found() from error

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """A connection for a query of a single statement, which is a snapshot by itself."""
        try:
            async with self._database.connection() as connection:
                yield connection
        except NotHereError as error:
            raise not_found() from error

    async def exported(self, grant: LeaseGrant, year: int | None = None) -> AsyncIterator[list[export.ExportedEntry]]:
        """The history of the lease granted, a year's or all of it, in one snapshot."""
        async with self._exports, self._database.transaction("repeatable_read", readonly=True) as tx:
            async for page in export.exported(tx, grant, year):
                yield page


def router(database: Database) -> APIRouter:
    """The routes below /leases."""
    routes = APIRouter(prefix="/leases", tags=["leases"])
    reader = Reader(database)
    for add in (_leases, _balance, _explanation, _history, _export, _turnover, _charges):
        add(routes, reader)
    return routes


def _leases(routes: APIRouter, reader: Reader) -> None:
    @routes.get("")
    async def own_leases(caller: Caller) -> Response:
        """Give the caller's leases."""
        grants = [] if caller.is_staff else [LeaseGrant(lease_id) for lease_id in caller.leases]
        async with reader.statement() as tx:
            return answer({"items": await leases.own_leases(tx, grants)})

    @routes.get("/{lease_id}")
    async def lease(grant: Annotated[LeaseGrant, Depends(granted)]) -> Response:
        """Give the lease as its latest whole state says."""
        async with reader.statement() as tx:
            return answer(await leases.lease(tx, grant))


def _balance(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/{lease_id}/balance")
    async def lease_balance(
        grant: Annotated[LeaseGrant, Depends(granted)], as_of: Annotated[date | None, Query()] = None
    ) -> Response:
        """Give the figures, as of a day or with every entry."""
        async with reader.statement() as tx:
            found = await balance.balance(tx, grant, as_of, warsaw_day(utc_now()))
        return answer(
            {
                "lease_id": grant.lease_id,
                **asdict(found.figures),
                "interest_grosze": None,  # nothing reckons interest yet
                "bank_account": found.bank_account,
                "book": found.book,
                "version": found.version,
                "as_of": found.as_of,
                "incomplete": found.incomplete,
                "stale": found.stale,
                "read_to": found.read_to,
                "confirmed_at": found.confirmed_at,
            }
        )


def _explanation(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/{lease_id}/explanation")
    async def explained(
        grant: Annotated[LeaseGrant, Depends(granted)], as_of: Annotated[date | None, Query()] = None
    ) -> Response:
        """Give the unpaid debts and the credits left over that make the figures, as of a day or with every entry."""
        today = warsaw_day(utc_now())
        async with reader.moment() as tx:
            found = await balance.balance(tx, grant, as_of, today)
            makes = await explanation.of_balance(tx, grant, as_of, as_of or today)
        return answer(
            {
                "lease_id": grant.lease_id,
                **asdict(found.figures),
                "book": found.book,
                "version": found.version,
                "as_of": found.as_of,
                **_shallow(makes),
            }
        )


def _history(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/{lease_id}/entries")
    async def entries(
        grant: Annotated[LeaseGrant, Depends(granted)],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
        year: WantedYear = None,
        kind: Kind = None,
    ) -> Response:
        """Give a page of the history, newest first: all of it, or of a year, or of a kind."""
        try:
            async with reader.moment() as tx:
                items, next_cursor = await history.page(tx, grant, limit, cursor, history.Wanted(year, kind))
        except history.BadCursorError as error:
            raise bad_field("cursor", "Nieprawidłowy kursor.") from error
        return answer({"items": items, "next_cursor": next_cursor})

    @routes.get("/{lease_id}/entries/{entry_id}")
    async def entry(grant: Annotated[LeaseGrant, Depends(granted)], entry_id: Annotated[str, Path()]) -> Response:
        """Give one entry with all its details, among them what it paid or what paid it."""
        known = _uuid(entry_id)
        async with reader.moment() as tx:
            found = await history.entry(tx, grant, known)
            became = await explanation.of_entry(tx, grant, found)
        return answer(replace(found, details=found.details | {"explanation": became}))


def _export(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/{lease_id}/entries.csv")
    async def entries_as_csv(grant: Annotated[LeaseGrant, Depends(granted)], year: WantedYear = None) -> Response:
        """Give the history, or a year of it, as a file for spreadsheets, piece by piece."""
        named = {"Content-Disposition": f'attachment; filename="{spreadsheet.file_name(year)}"'}
        pages = spreadsheet.lines_of(reader.exported(grant, year))
        return StreamingResponse(pages, media_type=spreadsheet.MEDIA_TYPE, headers=named)


def _turnover(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/{lease_id}/turnover")
    async def by_month(grant: Annotated[LeaseGrant, Depends(granted)]) -> Response:
        """Give what was charged and paid in each calendar month, newest first."""
        async with reader.moment() as tx:
            return answer({"items": await turnover.months(tx, grant)})

    @routes.get("/{lease_id}/statement/{year}")
    async def statement(grant: Annotated[LeaseGrant, Depends(granted)], year: Annotated[int, YEAR]) -> Response:
        """Give a year of the account, line by line."""
        try:
            async with reader.moment() as tx:
                return answer(await turnover.statement(tx, grant, year))
        except turnover.TooManyLinesError as error:
            raise bad_field("year", "Pozycji jest za dużo na zestawienie. Pobierz plik CSV.") from error


def _charges(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/{lease_id}/charges")
    async def months(grant: Annotated[LeaseGrant, Depends(granted)]) -> Response:
        """Give the months charged, newest first."""
        async with reader.moment() as tx:
            return answer({"items": await charges.by_month(tx, grant)})

    @routes.get("/{lease_id}/charges/{month}")
    async def of_month(grant: Annotated[LeaseGrant, Depends(granted)], month: Annotated[Month, Path()]) -> Response:
        """Give a month's charges line by line, with their corrections."""
        async with reader.moment() as tx:
            found = await charges.of_month(tx, grant, month)
        return answer(
            {
                "month": month,
                "charges": [_charge(charge) for charge in found],
                "total_grosze": sum(charge.total_grosze for charge in found),
            }
        )


def _charge(charge: charges.Charge) -> dict[str, Any]:
    return {
        "charge_id": charge.charge_id,
        "due_on": charge.due_on,
        "amount_grosze": charge.amount_grosze,
        "lines": charge.lines,
        "corrections": charge.corrections,
        "unpaid_grosze": charge.unpaid_grosze,
    }


def _shallow(of: explanation.BalanceExplained) -> dict[str, Any]:
    return {field.name: getattr(of, field.name) for field in fields(of)}


def answer(body: object) -> Response:
    """The answer 200 with a body of plain values, dates and dataclasses, as JSON."""
    return Response(msgspec.json.encode(body), media_type="application/json")


def _uuid(text: str) -> UUID:
    """An entry's id; what is none is answered like an entry that is not there."""
    try:
        return UUID(text)
    except ValueError as error:
        raise not_found() from error


def bad_field(field: str, message: str) -> Problem:
    """The answer to a parameter against its schema."""
    return Problem(422, "Nieprawidłowe dane", errors=[{"field": field, "message": message}])
