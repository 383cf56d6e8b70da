"""What must come next of every partition a reader holds: what tells a gap in the log from records that were lost."""

from collections.abc import Hashable
from typing import Generic, TypeVar

At = TypeVar("At", bound=Hashable)


class Expecting(Generic[At]):
    """The next offset of each partition; pure, so that the simulation of a crowd of readers runs this very code.

    Kafka may leave offsets out (markers of transactions). But a batch fetched before a rebalance may be handed over
    after it, although an earlier one was given up: it looks like a gap, and taking it would lose what lies between.
    A gap is therefore believed only in the first batch after a seek that nobody could fetch across: one made by
    whoever takes the batches, between two of them.
    """

    def __init__(self) -> None:
        """Expect nothing: no partition is held."""
        self._next: dict[At, int] = {}
        self._gap_believed: set[At] = set()

    def seek(self, at: At, offset: int) -> None:
        """Expect `offset` next; what was fetched before may still come."""
        self._next[at] = offset
        self._gap_believed.discard(at)

    def believe_gap(self, at: At) -> None:
        """Believe whatever comes next of a partition still held: it was sought just now, between two fetches."""
        if at in self._next:
            self._gap_believed.add(at)

    def leave(self, at: At) -> None:
        """Expect nothing of it any more: it is stopped, or another's."""
        self._next.pop(at, None)
        self._gap_believed.discard(at)

    def next_of(self, at: At) -> int | None:
        """The offset expected next; None of a partition not held."""
        return self._next.get(at)

    def fits(self, at: At, first_offset: int) -> bool:
        """Whether a batch that begins there is the next one of a partition held. Asked once for each batch."""
        believed = at in self._gap_believed
        self._gap_believed.discard(at)
        expected = self._next[at]
        return first_offset == expected or (believed and first_offset > expected)

    def advance(self, at: At, expected: int, next_offset: int) -> None:
        """A batch at `expected` was taken; nothing changes where the partition was sought elsewhere meanwhile."""
        if self._next.get(at) == expected:
            self._next[at] = next_offset

    def all(self) -> dict[At, int]:
        """Every partition held and its next offset."""
        return dict(self._next)
