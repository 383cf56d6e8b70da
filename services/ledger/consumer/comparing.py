"""Comparing a new book with the live one, while both go on."""

from typing import Final

from libs.chassis.postgres import Database
from services.ledger.domain import Rebuilt
from services.ledger.read_models import books, state

WHOLE: Final = None  # offsets of another log say nothing about this one


async def compare(database: Database, number: int) -> Rebuilt:
    """Hold book `number` against the live one, at the offsets that both have reached, in one snapshot.

    Where a topic was made again, whole books are held against each other, and what the new one lacks is counted.
    """
    async with database.transaction("repeatable_read", readonly=True) as tx:
        live = await books.live_or_none(tx)
        if live is None:
            return _built(number, None, await state.of_book(tx, number))
        shared = books.shared(await books.offsets(tx, live), await books.offsets(tx, number))
        before = await state.of_book(tx, live, shared)
        rebuilt = _built(number, before, await state.of_book(tx, number, shared))
        if shared is WHOLE:
            rebuilt.lacking = await state.lacking(tx, live, number)
    return rebuilt


def _built(number: int, before: state.BookState | None, after: state.BookState) -> Rebuilt:
    return Rebuilt(
        book=number,
        previous_book=None if before is None else before.book,
        switched=False,
        same_hash=None if before is None else before.hash == after.hash,
        hash=after.hash,
        previous_hash=None if before is None else before.hash,
        entries=after.entries,
        leases=after.leases,
    )
