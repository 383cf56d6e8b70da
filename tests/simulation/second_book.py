"""A second book: filled as a rebuild fills one, from the same log, read in another interleaving and in other batches.

The sieve is the real one, with so little room that it takes many a new fact for a seen one.
"""

from collections.abc import Sequence
from typing import Final

from libs.chassis.kafka import Record
from libs.events.decoding import Reason, Skipped
from services.ledger.domain import Arrival, Booked, Known, Sieve, book, lease_hash, state_hash
from tests.simulation.broker import ALL_PARTITIONS, Place, place_of
from tests.simulation.chance import Chance
from tests.simulation.world import World, arrival_of

BATCH: Final = 7
ROOM_KEYS: Final = 1


class SecondBook:
    """The book as read in an order of its own; `order` is that order, `put_off` what the sieve did not let through."""

    def __init__(self, world: World, chance: Chance) -> None:
        self.order = _interleaved(world, chance)
        self.entries: list[Booked] = []
        self.set_aside: dict[Place, str] = {}
        self.put_off: list[Arrival] = []
        self._known = Known()
        self._sieve = Sieve(ROOM_KEYS)
        self._places: dict[tuple[str, int, int], Place] = {}
        for record in self.order:
            self._read(world, record)
        self._book(self._known, self.put_off)

    def _read(self, world: World, record: Record) -> None:
        judged = world.decode(record)
        if isinstance(judged, Reason):
            self.set_aside[place_of(record)] = judged.value
        elif not isinstance(judged, Skipped):
            arrival = arrival_of(record, judged)
            self._places[(record.topic, record.partition, record.offset)] = place_of(record)
            new, put_off = self._sieve.sift([arrival])
            self.put_off += put_off
            # As in a book without indexes: of a new fact, only the heads of its lease and streams are known.
            known = Known(accounts=self._known.accounts, leases=self._known.leases, streams=self._known.streams)
            self._book(known, new)
            self._known.seen |= known.seen
            self._known.claims |= known.claims

    def _book(self, known: Known, arrivals: Sequence[Arrival]) -> None:
        outcome = book(known, arrivals)
        self.entries += outcome.booked
        for refusal in outcome.refused:
            arrival = refusal.arrival
            place = self._places[(arrival.key[0], arrival.partition, arrival.offset)]
            self.set_aside[place] = refusal.reason.value


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
