"""What an operator does with a transfer: credit it to a lease, take it off again, send it back. Each leaves a deed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from libs.chassis.event_store import Append, EventStore, decided_again
from libs.chassis.postgres import Connection, Database
from services.payments.domain.autopay import WARSAW
from services.payments.domain.matching import By, Unclear
from services.payments.domain.transfer import (
    Deed,
    Transfer,
    TransferStatus,
    credit,
    credited_key,
    send_back,
    uncredit,
    uncredited_key,
)
from services.payments.read_models import leases, money_deeds, transfers
from services.payments.read_models.money_deeds import NewDeed


class NoSuchTransferError(Exception):
    """There is no such transfer."""


class NoSuchLeaseError(Exception):
    """The text names no lease, or more than one."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator wants done; `by` is the opaque id of the account, `note` the reason as written."""

    transfer_id: str
    by: str
    note: str | None = None


class TransferDesk:
    """Carries operators' decisions about transfers out. Two at once on one transfer: the second finds it decided."""

    def __init__(
        self, database: Database, store: EventStore, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    async def credit(self, order: Order, lease: str) -> str:
        """Credit a transfer to a lease, named by its id or its contract's number; gives the lease's id.

        Raises:
            NoSuchTransferError, NoSuchLeaseError, NotInThatStateError: nothing was done.
        """
        return await decided_again(partial(self._credit, order, lease))

    async def uncredit(self, order: Order) -> None:
        """Take a transfer off the lease it was credited to.

        Raises:
            NoSuchTransferError, NotInThatStateError: nothing was done.
        """
        await decided_again(partial(self._uncredit, order))

    async def send_back(self, order: Order, returned_on: date) -> None:
        """Note that a transfer was sent back; the bank is told by people, not from here.

        Raises:
            NoSuchTransferError, NotInThatStateError: nothing was done.
        """
        await decided_again(partial(self._send_back, order, returned_on))

    async def _credit(self, order: Order, lease: str) -> str:
        async with self._database.transaction() as tx:
            found = await _locked(tx, order.transfer_id)
            event = credit(found)
            lease_id = await leases.named(tx, lease)
            if lease_id is None:
                raise NoSuchLeaseError(lease)
            await leases.lock(tx, lease_id)
            times = found.credits + 1
            await self._store.append_many(tx, [Append(lease_id, event, credited_key(found.transfer_id, times))])
            credited = replace(found, status=TransferStatus.CREDITED, lease_id=lease_id, credits=times)
            await transfers.save(tx, credited, By.OPERATOR)
            await money_deeds.add(tx, order.by, [NewDeed(found.transfer_id, Deed.CREDITED, lease_id, order.note)])
            return lease_id

    async def _uncredit(self, order: Order) -> None:
        async with self._database.transaction() as tx:
            found = await _locked(tx, order.transfer_id)
            event = uncredit(found, self._clock().astimezone(WARSAW).date())
            lease_id = found.lease_id or ""
            await leases.lock(tx, lease_id)
            key = uncredited_key(found.transfer_id, found.credits)
            await self._store.append_many(tx, [Append(lease_id, event, key)])
            await transfers.save(tx, replace(found, status=TransferStatus.TO_CLARIFY, lease_id=None), Unclear.TAKEN_OFF)
            await money_deeds.add(tx, order.by, [NewDeed(found.transfer_id, Deed.UNCREDITED, lease_id, order.note)])

    async def _send_back(self, order: Order, returned_on: date) -> None:
        async with self._database.transaction() as tx:
            found = await _locked(tx, order.transfer_id)
            event = send_back(found, returned_on)
            await self._store.append_many(tx, [Append(found.transfer_id, event, Deed.RETURNED)])
            await transfers.save(tx, replace(found, status=TransferStatus.RETURNED), None)
            await money_deeds.add(tx, order.by, [NewDeed(found.transfer_id, Deed.RETURNED, None, order.note)])


async def _locked(tx: Connection, transfer_id: str) -> Transfer:
    row = await transfers.lock(tx, transfer_id)
    if row is None:
        raise NoSuchTransferError(transfer_id)
    return row.state
