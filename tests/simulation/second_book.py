"""A second book: built by the real fold from the same log, read in another interleaving and in other batches."""

from typing import Final

from libs.chassis.kafka import Record
from libs.events.decoding import Reason, Skipped
from services.ledger.domain import Booked, Known, book, lease_hash, state_hash
from tests.simulation.broker import ALL_PARTITIONS, Place, place_of
from tests.simulation.chance import Chance
from tests.simulation.world import World, arrival_of

BATCH: Final = 7


class SecondBook:
    """The book as read in an order of its own; `order` is that order."""

    def __init__(self, world: World, chance: Chance) -> None:
        self.order = _interleaved(world, chance)
        self.entries: list[Booked] = []
        self.set_aside: dict[Place, str] = {}
        self._known = Known()
        for record in self.order:
            self._read(world, record)

    def _read(self, world: World, record: Record) -> None:
        judged = world.decode(record)
        if isinstance(judged, Reason):
            self.set_aside[place_of(record)] = judged.value
        elif not isinstance(judged, Skipped):
            outcome = book(self._known, [arrival_of(record, judged)])
            self.entries += outcome.booked
            self.set_aside |= {place_of(record): refusal.reason.value for refusal in outcome.refused}


def hash_of(entries: list[Booked]) -> str:
    """The state hash of entries, by the real code."""
    return state_hash(
        (lease, len(digests), balance, lease_hash(digests)) for lease, (digests, balance) in sums_of(entries).items()
    )


def sums_of(entries: list[Booked]) -> dict[str, tuple[list[bytes], int]]:
    """Per lease the digests of its entries and their sum in grosze."""
    found: dict[str, tuple[list[bytes], int]] = {}
    for booked in entries:
        digests, balance = found.get(booked.entry.lease_id, ([], 0))
        found[booked.entry.lease_id] = ([*digests, booked.entry.digest()], balance + booked.entry.amount_grosze)
    return found


def _interleaved(world: World, chance: Chance) -> list[Record]:
    """All records, each partition in its order, batch by batch as chance will have it."""
    logs = [list(world.broker.logs[at].records) for at in ALL_PARTITIONS if world.broker.logs[at].records]
    order: list[Record] = []
    while logs:
        log = chance.one_of(logs)
        size = chance.between(1, BATCH)
        order += log[:size]
        del log[:size]
        if not log:
            logs.remove(log)
    return order
