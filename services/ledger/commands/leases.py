"""Changing and ending a lease of the ledger's own: load its stream, decide, append."""

from libs.chassis.event_store import EventStore, decided_again
from libs.chassis.postgres import Database
from libs.events.names import LEASES
from services.ledger.domain import ChangeLease, EndLease, decide_lease, lease_of


class LeaseDesk:
    """Takes commands on leases, one at a time."""

    def __init__(self, database: Database, store: EventStore) -> None:
        """Keep where the leases' streams are."""
        self._database = database
        self._store = store

    async def handle(self, lease_id: str, command: ChangeLease | EndLease) -> int:
        """Carry out a command; returns how many events it led to (0: it says what is recorded already).

        Raises:
            LedgerError: the domain refuses.
            WrongExpectedVersionError: the lease is changed by many at once.
        """
        return await decided_again(lambda: self._once(lease_id, command))

    async def _once(self, lease_id: str, command: ChangeLease | EndLease) -> int:
        async with self._database.transaction() as tx:
            stream = await self._store.read(tx, LEASES, lease_id)
            events = decide_lease(lease_of(stream.events), command)
            await self._store.append(tx, lease_id, stream.version, events)
            return len(events)
