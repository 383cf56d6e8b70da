"""Comparing a new book with the live one, while both go on."""

from typing import Final

from libs.chassis.postgres import Database
from services.ledger.consumer.remembered import PublishedSeal
from services.ledger.domain import RebuildRefusal, RebuildRefusedError, Rebuilt
from services.ledger.read_models import books, state

DESPITE: Final = "Find out why first; `rebuild --despite-seal` lets the book go live all the same"
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


async def hold_against(database: Database, number: int, last: PublishedSeal) -> None:
    """Hold book `number` against the last seal, at the seal's offsets: where no book is live, it alone can tell.

    Raises:
        RebuildRefusedError: Kafka does not make the book that was sealed.
    """
    offsets = {topic: at.model_dump() for topic, at in last.seal.offsets.items()}
    async with database.transaction("repeatable_read", readonly=True) as tx:
        try:
            found = await state.of_book(tx, number, offsets)
        except state.NotReachedError as error:
            text = f"Kafka holds less than was sealed: {error}. {DESPITE}"
            raise RebuildRefusedError(RebuildRefusal.OTHER_SEAL, text) from error
    sealed = last.seal
    if found.hash != sealed.state_hash or sealed.content_hash not in {None, found.content_hash}:
        told = (
            f"{found.entries} entries with the hash {found.hash}; sealed were {sealed.entries} with {sealed.state_hash}"
        )
        text = f"Kafka does not make the book that was sealed last: {told}. {DESPITE}"
        raise RebuildRefusedError(RebuildRefusal.OTHER_SEAL, text)


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
