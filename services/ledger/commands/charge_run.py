"""The charge run of a month: every lease running then is charged the lines stored with it, once, however often run."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pydantic import TypeAdapter

from libs.chassis.event_store import Append, EventStore
from libs.chassis.garbage import collected_by_hand
from libs.chassis.postgres import Connection, Database
from libs.events.ledger import ChargeIssued, Line, Lines
from libs.events.names import CHARGES
from services.ledger.commands.import_charges import charge_key
from services.ledger.domain import Charges, IssueCharge, NothingToChargeError, decide_charge, due_day_of, runs_in
from services.ledger.read_models import charges, leases
from services.ledger.read_models.leases import LeaseRow

LEASES_AT_ONCE: Final = 500
PAGES_BEFORE_A_LOOK: Final = 50  # for garbage, while Python does not look by itself
PAGES_AT_ONCE: Final = 2  # one is written while the other is made; more would only wait

_LINES: Final = TypeAdapter[tuple[Line, ...]](Lines)


@dataclass(slots=True)
class ChargeRun:
    """What a run did: charges issued and their sum in grosze; leases charged before, not running, without lines.

    `refused` are leases whose lines add up to nothing or less.
    """

    month: str
    issued: int = 0
    amount_grosze: int = 0
    charged_before: int = 0
    not_running: int = 0
    without_lines: int = 0
    refused: int = 0


class Charger:
    """Runs charge runs; `tell` hears how many leases have been looked at."""

    def __init__(
        self,
        database: Database,
        store: EventStore,
        tell: Callable[[int], None],
        leases_at_once: int = LEASES_AT_ONCE,
    ) -> None:
        """Keep where leases are read, where charges go, who listens, and how many leases go into a transaction."""
        self._database = database
        self._store = store
        self._tell = tell
        self._leases_at_once = leases_at_once

    async def run(self, month: str, today: date) -> ChargeRun:
        """Charge every lease that runs in `month` (`YYYY-MM`), as issued `today`; 500 leases in a transaction.

        While PostgreSQL writes the charges of one page, those of another are made.

        Raises:
            What a page raised first; pages committed until then stay, and the next run goes on.
        """
        done, pages = ChargeRun(month), _Pages(self._leases_at_once)
        try:
            with collected_by_hand():
                async with asyncio.TaskGroup() as group:
                    for _ in range(PAGES_AT_ONCE):
                        group.create_task(self._pages(pages, done, today))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return done

    async def _pages(self, pages: "_Pages", done: ChargeRun, today: date) -> None:
        """Charge page after page, each page's leases by whoever takes it."""
        while True:
            async with self._database.transaction() as tx:
                page = await pages.take(tx)
                await self._charge(tx, page, done, today)
            if not page:
                return
            pages.looked_at += len(page)
            pages.done += 1
            if pages.done % PAGES_BEFORE_A_LOOK == 0:
                gc.collect()
            self._tell(pages.looked_at)

    async def _charge(self, tx: Connection, page: Sequence[LeaseRow], done: ChargeRun, today: date) -> None:
        key = charge_key(charge_id_of(done.month))
        lease_ids = [lease.lease_id for lease in page]
        recorded = await self._store.keys(tx, CHARGES, [(lease_id, key) for lease_id in lease_ids])
        charged = await charges.charged_components(tx, lease_ids, done.month)
        appends: list[Append] = []
        for lease in page:
            lines = _lines(lease)
            if not _runs(lease, done.month):
                done.not_running += 1
            elif not lines:
                done.without_lines += 1
            elif (lease.lease_id, key) in recorded or charged.get(lease.lease_id, set()) & {
                one.component for one in lines
            }:
                done.charged_before += 1
            else:
                appends += _issued(lease, lines, done, today)
        await self._store.append_many(tx, appends)


@dataclass(slots=True)
class _Pages:
    """The pages of leases, in order, each handed out once."""

    leases_at_once: int
    after: str = ""
    looked_at: int = 0
    done: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, tx: Connection) -> Sequence[LeaseRow]:
        """The next page; empty after the last."""
        async with self.turn:
            page = await leases.page(tx, self.after, self.leases_at_once)
            self.after = page[-1].lease_id if page else self.after
            return page


def charge_id_of(month: str) -> str:
    """The id of the charge that a run issues for a month: the same at every run."""
    return f"run-{month}"


def _lines(lease: LeaseRow) -> tuple[Line, ...]:
    return _LINES.validate_python(lease.terms.charge_lines)


def _runs(lease: LeaseRow, month: str) -> bool:
    return runs_in(month, lease.terms.starts_on, lease.terms.ends_on, lease.ended_on)


def _issued(lease: LeaseRow, lines: tuple[Line, ...], done: ChargeRun, today: date) -> list[Append]:
    due_on = due_day_of(done.month, lease.terms.due_day)
    command = IssueCharge(charge_id_of(done.month), done.month, today, due_on, lines)
    try:
        events = decide_charge(Charges(), command)
    except NothingToChargeError:
        done.refused += 1
        return []
    for event in events:
        if isinstance(event, ChargeIssued):
            done.issued += 1
            done.amount_grosze += event.amount_grosze
    return [Append(lease.lease_id, event, charge_key(command.charge_id)) for event in events]
