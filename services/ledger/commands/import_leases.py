"""Importing leases: a line is a LeaseSigned with its `lease_id`, by which it is known."""

from collections.abc import Sequence

from libs.chassis.event_store import Append, EventStore
from libs.chassis.postgres import Connection
from libs.events.ledger import LeaseSigned
from libs.events.names import LEASES
from services.ledger.commands.announcing import SOURCE
from services.ledger.commands.import_files import BadLine, Line, parse
from services.ledger.domain import Lease, LedgerError, SignLease, decide_lease
from services.ledger.read_models import leases

KEY = "signed"


class LeaseLines:
    """Lines of a file of leases."""

    def __init__(self, store: EventStore) -> None:
        """Keep the store that knows the ledger's own leases."""
        self._store = store

    def read(self, number: int, lease_id: str, fields: dict[str, object]) -> Line:
        """Read a line; raises BadLineError."""
        return Line(number, lease_id, KEY, parse(LeaseSigned, fields))

    async def decide(self, tx: Connection, lines: Sequence[Line]) -> list[Append | BadLine | None]:
        """Judge lines: a lease is signed once, and not when a company system owns it."""
        recorded = await self._store.keys(tx, LEASES, [(line.lease_id, KEY) for line in lines])
        owners = await leases.owners(tx, [line.lease_id for line in lines])
        return [_decide(line, recorded.get((line.lease_id, KEY)), owners.get(line.lease_id)) for line in lines]


def _decide(line: Line, recorded: dict[str, object] | None, owner: str | None) -> Append | BadLine | None:
    if owner not in {None, SOURCE}:
        return BadLine(line.number, f"lease {line.lease_id} belongs to {owner}, which signed it first")
    signed = None if recorded is None else LeaseSigned.model_validate(recorded)
    if not isinstance(line.event, LeaseSigned):
        raise TypeError(f"{line.event.event_type()} is no signing of a lease")
    try:
        events = decide_lease(Lease(signed=signed, terms=signed), SignLease(line.event))
    except LedgerError as refusal:
        return BadLine(line.number, f"lease {line.lease_id}: {refusal}")
    return Append(line.lease_id, events[0], KEY) if events else None
