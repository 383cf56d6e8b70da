"""What the outside world was told, and what it found afterwards: the oracle's only material. Plain data.

Money in grosze, times in seconds of the campaign's own clock (monotonic).
"""

from dataclasses import dataclass, field


@dataclass
class Start:
    """A payment asked for under one Idempotency-Key; `payment_id` once it was answered 201."""

    lease_id: str
    amount_grosze: int
    payment_id: str | None = None
    contradicted: str | None = None
    """Another payment id that the same key was answered with: never may there be one."""


@dataclass
class Notice:
    """A notification of Autopay, sent until it was answered; `confirmed` once the answer was CONFIRMED."""

    payment_id: str
    lease_id: str
    amount_grosze: int
    confirmed: bool = False


@dataclass
class Issued:
    """A company system's charge, sent to Kafka; `acknowledged` once Kafka did. `number`: its turn within its lease."""

    lease_id: str
    amount_grosze: int
    number: int
    acknowledged: bool = False


@dataclass(frozen=True)
class Read:
    """One answer to „what is the balance”; `reader` asks one after the other."""

    reader: int
    lease_id: str
    book: int
    version: int
    balance_grosze: int
    stale: bool
    at: float


@dataclass
class History:
    """Everything that was asked and answered."""

    starts: dict[str, Start] = field(default_factory=dict)
    """By Idempotency-Key."""
    notices: dict[str, Notice] = field(default_factory=dict)
    """By Autopay's remote id."""
    issued: dict[str, Issued] = field(default_factory=dict)
    """By event id."""
    letters: dict[str, str | None] = field(default_factory=dict)
    """Idempotency-Key -> message id, None while not acknowledged."""
    reads: list[Read] = field(default_factory=list)
    bad: set[tuple[str, int, int]] = field(default_factory=set)
    """(topic, partition, offset) of bad records that Kafka took."""
    aside_before: frozenset[int] = frozenset()
    """Ids on the desk before the campaign: of a log, perhaps, that is no more, where offsets meant other records."""
    repeated: int = 0
    """Deliveries sent again although they had been acknowledged."""
    delivered: int = 0

    @property
    def acknowledged(self) -> int:
        """Commands and records that were acknowledged."""
        return (
            sum(start.payment_id is not None for start in self.starts.values())
            + sum(notice.confirmed for notice in self.notices.values())
            + sum(issued.acknowledged for issued in self.issued.values())
            + sum(letter is not None for letter in self.letters.values())
        )


@dataclass(frozen=True)
class Entry:
    """A line of a book. `booked_id`: the remote id of a payment, the event id of a charge."""

    book: int
    lease_id: str
    version: int
    booked_id: str
    amount_grosze: int
    topic: str
    partition: int
    offset: int
    source: str


@dataclass(frozen=True)
class LogRecord:
    """A good event as it lies in Kafka; `names`: the ids of payments, remote payments and messages in its data."""

    topic: str
    partition: int
    offset: int
    id: str
    type: str
    source: str
    subject: str
    streamversion: int | None
    names: tuple[str, ...] = ()


@dataclass
class Found:
    """What is there when everything has settled."""

    entries: list[Entry] = field(default_factory=list)
    """Of every book that still exists."""
    live_book: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    """Lease -> the balance the API gives."""
    log: list[LogRecord] = field(default_factory=list)
    set_aside: set[tuple[str, int, int]] = field(default_factory=set)
    payments: set[str] = field(default_factory=set)
    """Payment ids that the API answers."""
    letters: set[str] = field(default_factory=set)
    """Message ids that the API answers."""
