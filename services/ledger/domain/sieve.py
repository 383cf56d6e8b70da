"""The sieve: which facts a new book certainly meets for the first time, told from a few bits for each.

A book nobody reads yet is filled without indexes, so nothing can be looked up in it. A Bloom filter of all that came
(events by their key, business ids by lease and claim) answers instead: "never seen" is certain and true of nearly all,
and these are booked at once; "maybe seen" is put off until the indexes stand, and booked by the ordinary path.

That gives the book which the order of arrival gives. Whatever could change a fact's lot has a key of its own in common
with it; the later of two such facts is always put off (the earlier left its keys, booked or put off), and what was put
off is booked in the order of arrival. Only the state of a lease hangs on order without a common key: once an event of
a lease is put off, so are all later ones of its topic.
"""

from collections.abc import Hashable, Iterable
from typing import Final

from libs.events.names import LEASES
from services.ledger.domain.booking import Arrival

BITS_PER_KEY: Final = 32  # with three bits set for each key, one new key in some 1,500 is taken for a seen one
LEAST_BITS_LOG2: Final = 8
MOST_BITS_LOG2: Final = 29  # 64 MiB: beyond 16 million keys more is put off, never more held


class Sieve:
    """Remembers keys in a fixed number of bits. Not to be kept: Python's hashes differ from process to process."""

    def __init__(self, keys: int) -> None:
        """Make room for about that many keys."""
        wanted = max(1, keys * BITS_PER_KEY).bit_length()
        bits = 1 << min(max(wanted, LEAST_BITS_LOG2), MOST_BITS_LOG2)
        self._mask = bits - 1
        self._bits = bytearray(bits >> 3)
        self._behind: set[str] = set()  # leases of which an event was put off

    def add(self, key: Hashable) -> bool:
        """Remember a key; True when it was certainly never added."""
        bits, mask, number = self._bits, self._mask, hash(key)
        first, second, third = number & mask, (number >> 17) & mask, (number >> 34) & mask
        a, b, c = first >> 3, second >> 3, third >> 3
        bit_a, bit_b, bit_c = 1 << (first & 7), 1 << (second & 7), 1 << (third & 7)
        if bits[a] & bit_a and bits[b] & bit_b and bits[c] & bit_c:
            return False
        bits[a] |= bit_a
        bits[b] |= bit_b
        bits[c] |= bit_c
        return True

    def sift(self, arrivals: Iterable[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
        """Part facts, in the order of their coming, into those certainly new and those to be put off."""
        new: list[Arrival] = []
        put_off: list[Arrival] = []
        for arrival in arrivals:
            (new if self._is_new(arrival) else put_off).append(arrival)
        return new, put_off

    def put_off(self, arrivals: Iterable[Arrival]) -> list[Arrival]:
        """Put facts off whatever the sieve says, so that the later ones that have to do with them are put off, too."""
        found = list(arrivals)
        self._behind |= {arrival.key[1] for arrival in found if arrival.key[0] == LEASES}
        for arrival in found:
            self._is_new(arrival)
        return found

    def _is_new(self, arrival: Arrival) -> bool:
        is_new = self.add(arrival.key)
        entry = arrival.entry
        if entry is not None:
            if entry.claim is not None and not self.add((entry.lease_id, entry.claim)):
                is_new = False
            return is_new
        if arrival.key[0] == LEASES:
            lease = arrival.key[1]
            if not is_new:
                self._behind.add(lease)
            return lease not in self._behind
        return is_new
