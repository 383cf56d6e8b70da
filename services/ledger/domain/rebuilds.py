"""What a rebuild tells: its progress, what came of it, or why it was refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class RebuildRefusal(StrEnum):
    """Why a rebuild is refused, as far as it matters to whoever is to do something about it."""

    ANOTHER_RUNS = "another_runs"
    NO_KAFKA = "no_kafka"
    TOO_FAST = "too_fast"  # records come faster than they are read
    REPUBLISH = "republish"  # Kafka lacks what the live book tells
    OTHER_SEAL = "other_seal"  # no book is live, and Kafka does not make the one that was sealed last
    GONE = "gone"  # the book was dropped or switched to by somebody else


class RebuildRefusedError(Exception):
    """A rebuild cannot be done, or must not go live: `code` says why in short, the text in full."""

    def __init__(self, code: RebuildRefusal, text: str) -> None:
        """Keep why."""
        super().__init__(text)
        self.code = code


class Then(StrEnum):
    """What becomes of a new book that was built and compared."""

    SWITCH = "switch"
    DROP = "drop"
    KEEP = "keep"
    """It stands beside the live one, and the next rebuild goes on with it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is: records read of those that lie in Kafka, and what it is doing."""

    book: int
    records: int
    total: int
    doing: str


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did. `same_hash`: whether both books agree as far as both have read (None: none was live).

    Where a topic was made again, offsets say nothing: then `same_hash` compares whole books, and `lacking` counts: by
    "topic source" how many entries of the live book the new one does not hold. None: no topic was made again.
    """

    book: int
    previous_book: int | None
    switched: bool
    same_hash: bool | None
    hash: str
    previous_hash: str | None
    entries: int
    leases: int
    lacking: dict[str, int] | None = None
    different_leases: list[str] = field(default_factory=list)


Tell: TypeAlias = Callable[[Progress], None]
