"""The whole history as a file, on a real PostgreSQL: every entry once, in pieces."""

import pytest

from libs.chassis.postgres import Database
from services.ledger.api.spreadsheet import lines_of
from services.ledger.api.tenant import Reader
from services.ledger.consumer.projector import BookProjector
from services.ledger.read_models.export import ROWS_AT_ONCE
from services.ledger.read_models.grants import LeaseGrant
from services.ledger.tests.facts import LEASE, event_id, record, transfer

pytestmark = pytest.mark.system

ENTRIES = 2 * ROWS_AT_ONCE + 1


async def test_a_long_history_comes_in_pieces_with_every_entry_once(
    database: Database, projector: BookProjector
) -> None:
    records = [
        record("TransferCredited", transfer(5, f"T-{n}"), id=event_id(n), offset=n) for n in range(1, ENTRIES + 1)
    ]
    async with database.transaction() as tx:
        await projector.project(tx, records)
    pieces = [piece.decode() async for piece in lines_of(Reader(database).exported(LeaseGrant(LEASE)))]
    assert [piece.count("\r\n") for piece in pieces] == [1, ROWS_AT_ONCE, ROWS_AT_ONCE, 1]
    ids = [row.split(";")[6] for row in "".join(pieces).split("\r\n")[1:-1]]
    assert ids == [event_id(n) for n in range(ENTRIES, 0, -1)]


async def test_a_lease_without_entries_has_the_headers_alone(database: Database) -> None:
    pieces = [piece async for piece in lines_of(Reader(database).exported(LeaseGrant("L-none")))]
    assert len(pieces) == 1
