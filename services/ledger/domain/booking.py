"""Booking: what a batch of facts does to the book, given what the book knows of them.

Pure, so that it can be simulated. The caller loads `Known` for exactly the facts at hand, holding the leases' rows, and
stores `Outcome` in the same transaction; the same code thus runs over PostgreSQL and over an in-memory store.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from libs.events.decoding import Fact
from libs.events.envelope import EventData
from libs.events.ledger import LeaseChanged, LeaseEnded, LeaseSigned
from services.ledger.domain.entries import Entry, entry_of
from services.ledger.domain.streams import StreamHead, StreamKey, VersionNote

# Events that tell the state of a lease.
OF_LEASE: Final[frozenset[type[EventData]]] = frozenset({LeaseSigned, LeaseChanged, LeaseEnded})

# By what an event counts once, for ever: (topic, subject, source, id).
EventKey: TypeAlias = tuple[str, str, str, str]
# Where a record lies: (topic, partition, offset).
Place: TypeAlias = tuple[str, int, int]
# By what a business id is used once: (lease_id, claim).
ClaimKey: TypeAlias = tuple[str, str]


class Conflict(StrEnum):
    """Why a record that is good in itself is set aside: it contradicts what the book holds."""

    OTHER_CONTENT = "same_id_other_content"
    CLAIM_TAKEN = "business_id_used_already"
    LEASE_OF_ANOTHER_SOURCE = "lease_of_another_source"


class AlarmKind(StrEnum):
    """What an operator must see although everything went on."""

    VERSION_TAKEN = "stream_version_taken_by_another_id"
    BOOKS_MAY_DIFFER = "contradiction_across_partitions"


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A fact, where it came from, the entry it becomes (None when it makes none), and by what it counts once."""

    fact: Fact
    partition: int
    offset: int
    entry: Entry | None
    key: EventKey

    @classmethod
    def of(cls, fact: Fact, partition: int, offset: int) -> "Arrival":
        """Read the entry off a fact; raises TypeError for a fact that is none of the book's."""
        envelope = fact.envelope
        key = (fact.data.topic, envelope.subject, envelope.source, envelope.id)
        return cls(fact, partition, offset, entry_of(fact), key)

    @property
    def place(self) -> Place:
        """Where its record lies."""
        return self.key[0], self.partition, self.offset


class Sighted(msgspec.Struct, frozen=True, gc=False):
    """An event the book holds: the digest of its type and data, and the partition it was first read from."""

    content_digest: bytes
    partition: int


class Account(msgspec.Struct, frozen=True, gc=False):
    """A lease's account: how many entries, and their sum in grosze."""

    version: int = 0
    balance_grosze: int = 0


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease as its events tell it. `source` owns it once `signed`; `terms` is the latest whole state."""

    source: str
    signed: bool = False
    terms: dict[str, Any] | None = None
    ended_on: str | None = None


@dataclass(slots=True)
class Known:
    """What the book knows of the facts at hand."""

    seen: dict[EventKey, Sighted] = field(default_factory=dict)
    claims: dict[ClaimKey, int] = field(default_factory=dict)  # the partition the claiming event came from
    accounts: dict[str, Account] = field(default_factory=dict)
    leases: dict[str, HeldLease] = field(default_factory=dict)
    streams: dict[StreamKey, StreamHead] = field(default_factory=dict)


class Booked(msgspec.Struct, frozen=True, gc=False):
    """An entry with the version of its lease at which it was booked."""

    entry: Entry
    version: int
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fact to be set aside."""

    arrival: Arrival
    reason: Conflict
    detail: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something an operator must see."""

    kind: AlarmKind
    arrival: Arrival
    detail: str


@dataclass(slots=True)
class Outcome:
    """What a batch does: everything here is to be stored in one transaction."""

    booked: list[Booked] = field(default_factory=list)
    noted: list[Arrival] = field(default_factory=list)  # taken, and no entry
    repeated: list[Arrival] = field(default_factory=list)  # seen before in another partition
    refused: list[Refusal] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    leases: dict[str, HeldLease] = field(default_factory=dict)
    streams: dict[StreamKey, StreamHead] = field(default_factory=dict)

    @property
    def taken(self) -> list[Arrival]:
        """Every fact the book took for the first time."""
        return [booked.arrival for booked in self.booked] + self.noted


def claim_of(arrival: Arrival) -> ClaimKey | None:
    """The business id that a fact uses up on its lease, if any."""
    entry = arrival.entry
    return None if entry is None or entry.claim is None else (entry.lease_id, entry.claim)


def book(known: Known, arrivals: Iterable[Arrival]) -> Outcome:
    """Book facts in the order given. `known` is brought forward as it goes and must not be used again."""
    outcome = Outcome()
    for arrival in arrivals:
        _take(known, outcome, arrival)
    return outcome


def _take(known: Known, outcome: Outcome, arrival: Arrival) -> None:
    before = known.seen.get(arrival.key)
    if before is not None:
        _again(outcome, arrival, before)
        return
    entry = arrival.entry
    if entry is not None:
        if not _claim(known, outcome, arrival, entry):
            return
        _post(known, outcome, arrival, entry)
    elif arrival.fact.data.event_class in OF_LEASE:
        if not _hold(known, outcome, arrival):
            return
        outcome.noted.append(arrival)
    else:
        outcome.noted.append(arrival)
    known.seen[arrival.key] = Sighted(arrival.fact.content_digest, arrival.partition)
    _note_version(known, outcome, arrival)


def _again(outcome: Outcome, arrival: Arrival, before: Sighted) -> None:
    """An event seen before: dropped when it says the same, set aside when it does not."""
    if before.content_digest == arrival.fact.content_digest:
        if before.partition != arrival.partition:
            outcome.repeated.append(arrival)
        return
    detail = "zdarzenie o tym identyfikatorze było już, z innym typem albo innymi danymi"
    outcome.refused.append(Refusal(arrival, Conflict.OTHER_CONTENT, detail))
    _alarm_if_across(outcome, arrival, before.partition)


def _claim(known: Known, outcome: Outcome, arrival: Arrival, entry: Entry) -> bool:
    """Use up the entry's business id; False when another event has used it already."""
    if entry.claim is None:
        return True
    taken = known.claims.get((entry.lease_id, entry.claim))
    if taken is None:
        known.claims[(entry.lease_id, entry.claim)] = arrival.partition
        return True
    detail = f"{entry.claim}: użyło go już na tej umowie zdarzenie o innym identyfikatorze"
    outcome.refused.append(Refusal(arrival, Conflict.CLAIM_TAKEN, detail))
    _alarm_if_across(outcome, arrival, taken)
    return False


def _alarm_if_across(outcome: Outcome, arrival: Arrival, partition: int) -> None:
    if partition != arrival.partition:
        detail = f"najpierw przeczytano partycję {partition}; księga, która zacznie od {arrival.partition}, będzie inna"
        outcome.alarms.append(Alarm(AlarmKind.BOOKS_MAY_DIFFER, arrival, detail))


def _post(known: Known, outcome: Outcome, arrival: Arrival, entry: Entry) -> None:
    before = known.accounts.get(entry.lease_id, Account())
    after = Account(before.version + 1, before.balance_grosze + entry.amount_grosze)
    known.accounts[entry.lease_id] = outcome.accounts[entry.lease_id] = after
    outcome.booked.append(Booked(entry, after.version, arrival))


def _hold(known: Known, outcome: Outcome, arrival: Arrival) -> bool:
    """Bring the lease forward; False when the lease belongs to another source."""
    envelope = arrival.fact.envelope
    before = known.leases.get(envelope.subject)
    if before is not None and before.signed and before.source != envelope.source:
        detail = f"umowa należy do systemu {before.source}, który podpisał ją pierwszy"
        outcome.refused.append(Refusal(arrival, Conflict.LEASE_OF_ANOTHER_SOURCE, detail))
        return False
    if before is None or before.source != envelope.source:
        before = HeldLease(envelope.source)
    known.leases[envelope.subject] = outcome.leases[envelope.subject] = _held(before, arrival)
    return True


def _held(before: HeldLease, arrival: Arrival) -> HeldLease:
    """The lease after one more event of its source; what came before the signing is kept, and counts as later."""
    data = arrival.fact.envelope.data
    kind = arrival.fact.data.event_class
    if kind is LeaseEnded:
        return replace(before, ended_on=str(data["ended_on"]))
    if kind is LeaseChanged:
        return replace(before, terms=data)
    if before.signed or before.terms is None:
        return HeldLease(before.source, True, data, None if before.signed else before.ended_on)
    return replace(before, signed=True)


def _note_version(known: Known, outcome: Outcome, arrival: Arrival) -> None:
    version = arrival.fact.envelope.streamversion
    if version is None:
        return
    topic, subject, source, _ = arrival.key
    at = (topic, subject, source)
    head, note = known.streams.get(at, StreamHead()).note(version)
    if note is VersionNote.TAKEN:
        outcome.alarms.append(
            Alarm(AlarmKind.VERSION_TAKEN, arrival, f"wersja {version} od {source} była już wcześniej")
        )
    known.streams[at] = outcome.streams[at] = head


def leases_of(arrivals: Sequence[Arrival], transfers: str) -> list[str]:
    """The leases that facts are about, in order: all subjects but those of the topic of `transfers`."""
    return sorted({arrival.fact.envelope.subject for arrival in arrivals if arrival.fact.data.topic != transfers})
