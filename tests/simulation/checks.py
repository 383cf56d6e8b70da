"""What must hold when all is said and done. Every broken rule is one line that names it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from libs.chassis.kafka import Record
from libs.events.names import BALANCES, TRANSFERS
from libs.events.topics import PARTITIONS
from services.ledger.domain import Account, AlarmKind, Booked, HeldLease, StreamHead
from tests.simulation.broker import ALL_PARTITIONS, Place, place_of
from tests.simulation.event_store import EventStore, Recorded
from tests.simulation.oracle_book import NaiveBook, contested
from tests.simulation.projector import FAILED, TAKEN
from tests.simulation.second_book import SecondBook, hash_of, sums_of
from tests.simulation.world import World

OWN_SOURCES: Final = ("iok/ledger", "iok/payments")


@dataclass(frozen=True, slots=True)
class After:
    """A seed's world when all is done: the stores, the second book, and both books as the oracle reads them."""

    world: World
    stores: Sequence[EventStore]
    second: SecondBook
    live_oracle: NaiveBook
    second_oracle: NaiveBook

    @property
    def booked(self) -> list[Booked]:
        """The entries of the live book."""
        return list(self.world.ledger.tables["entries"].values())

    @property
    def is_remade(self) -> bool:
        """Whether a topic was deleted and made again: then the second book is the one that counts."""
        return self.world.plan.remade is not None

    @property
    def final(self) -> tuple[list[Booked], NaiveBook]:
        """The entries and the oracle of the book that is live in the end."""
        return (self.second.entries, self.second_oracle) if self.is_remade else (self.booked, self.live_oracle)


def after(world: World, stores: Sequence[EventStore], second: SecondBook) -> After:
    """Let the oracle read both books' records, each in the order in which that book took them."""
    live, other = NaiveBook(), NaiveBook()
    for verdict, record in world.ledger.journal:
        if verdict == TAKEN:
            live.read(record, world.broker.label(record))
    for record in second.order:
        other.read(record, world.broker.label(record))
    return After(world, stores, second, live, other)


def check_log(end: After) -> Iterator[str]:
    """Every recorded event is published, nothing else is, and first appearances keep the order of their stream."""
    world = end.world
    published = {record.value for record in world.broker.records()}
    recorded: set[bytes] = set()
    for store in end.stores:
        for (topic, subject), rows in store.database.tables["streams"].items():
            yield from _check_stream(topic, subject, rows)
            recorded |= {row.body for row in rows}
            yield from (
                f"R1: {row.envelope.type} {row.envelope.id} of {subject} was recorded and never published"
                for row in rows
                if row.body not in published
            )
    heads: dict[tuple[str, str, str, int], int] = {}
    appeared: set[tuple[Any, ...]] = set()
    for record in world.broker.records():
        judged = world.decode(record)
        envelope = getattr(judged, "envelope", None)
        if envelope is None or envelope.source not in OWN_SOURCES:
            continue
        if record.value not in recorded:
            yield f"R1: {envelope.type} {envelope.id} of {envelope.subject} was published and never recorded"
        at = (record.topic, envelope.subject, envelope.source, record.partition)
        if (at, envelope.id) in appeared or record.topic == world.plan.remade:
            continue
        appeared.add((at, envelope.id))
        if envelope.streamversion <= heads.get(at, 0):
            yield f"R4: version {envelope.streamversion} of {at} appears after {heads[at]}"
        heads[at] = envelope.streamversion


def _check_stream(topic: str, subject: str, rows: Sequence[Recorded]) -> Iterator[str]:
    versions = [row.envelope.streamversion for row in rows]
    if versions != list(range(1, len(rows) + 1)):
        yield f"R1: the stream {topic} of {subject} counts {versions}"


def check_reading(end: After) -> Iterator[str]:
    """Every record of the log is taken once, each partition in its order, or its partition is stopped and says so."""
    world = end.world
    failed = {place_of(record) for verdict, record in world.ledger.journal if verdict == FAILED}
    taken = Counter(place_of(record) for verdict, record in world.ledger.journal if verdict == TAKEN)
    yield from (f"R11: {place} was taken {times} times" for place, times in taken.items() if times > 1)
    last: dict[tuple[str, int], int] = {}
    for verdict, record in world.ledger.journal:
        at = (record.topic_id, record.partition)
        if verdict == TAKEN and place_of(record) not in failed:
            if record.offset <= last.get(at, -1):
                yield f"R4: {place_of(record)} was taken after {last[at]}"
            last[at] = record.offset
    for at in ALL_PARTITIONS:
        if at in world.seen.halted:
            continue
        for record in world.broker.logs[at].records:
            if place_of(record) not in taken:
                yield f"R1: {place_of(record)} was never taken, and its partition goes on"


def check_live_book(end: After) -> Iterator[str]:
    """The live book is what the oracle makes of the same records in the same order."""
    tables, oracle = end.world.ledger.tables, end.live_oracle
    yield from _check_entries("live", end.booked, oracle)
    yield from _check_set_aside("live", tables["set_aside"], oracle)
    versions: dict[str, list[int]] = defaultdict(list)
    for booked in end.booked:
        versions[booked.entry.lease_id].append(booked.version)
    for lease, entries in oracle.entries.items():
        if sorted(versions[lease]) != list(range(1, len(entries) + 1)):
            yield f"R3: {lease} has {len(entries)} entries and versions {sorted(versions[lease])}"
        account: Account = tables["accounts"].get(lease, Account())
        if (account.version, account.balance_grosze) != (len(entries), oracle.balance(lease)):
            yield f"R3: {lease} stands at {account}, the oracle at {len(entries)}, {oracle.balance(lease)}"
    leases: dict[str, HeldLease] = tables["leases"]
    signed = {lease: held.source for lease, held in leases.items() if held.signed}
    if signed != oracle.owners:
        yield f"R2: leases belong to {signed}, by the oracle to {oracle.owners}"
    yield from _check_gaps(end)


def _check_gaps(end: After) -> Iterator[str]:
    heads = end.world.ledger.tables["heads"]
    for stream, versions in end.live_oracle.versions.items():
        if stream[0] == TRANSFERS:  # no lock orders them, and nothing but a panel shows them
            continue
        head = heads.get(stream, StreamHead())
        missing = set(chain.from_iterable(range(first, last + 1) for first, last in head.missing))
        if head.version != max(versions) or missing != set(range(1, head.version)) - versions:
            yield f"R4: {stream} is said to be at {head}, versions seen are {sorted(versions)}"


def _check_entries(which: str, booked: Sequence[Booked], oracle: NaiveBook) -> Iterator[str]:
    found = Counter((item.arrival.key, item.entry.digest()) for item in booked)
    wanted = Counter((entry.key, entry.digest) for entries in oracle.entries.values() for entry in entries)
    for (key, _), times in (wanted - found).items():
        yield f"R1: the {which} book lacks {times} of {key}"
    for (key, _), times in (found - wanted).items():
        yield f"R2: the {which} book has {times} of {key} too many"
    if found == wanted and hash_of(list(booked)) != oracle.state_hash():
        yield f"R5: the {which} book's state hash is not the oracle's"


def _check_set_aside(which: str, found: dict[Place, str], oracle: NaiveBook) -> Iterator[str]:
    for place in sorted(found.keys() | oracle.set_aside.keys()):
        is_, should = found.get(place), oracle.set_aside.get(place)
        if is_ != should:
            yield f"R9: {place} is set aside as {is_} in the {which} book, by the oracle as {should}"


def check_second_book(end: After) -> Iterator[str]:
    """Another interleaving makes the same book, but where records contradict each other: that is alarmed."""
    world = end.world
    yield from _check_entries("second", end.second.entries, end.second_oracle)
    yield from _check_set_aside("second", end.second.set_aside, end.second_oracle)
    records: list[Record] = [*world.broker.records(), *(record for _, record in world.ledger.journal)]
    excused = contested(world.broker, records, anywhere=end.is_remade)
    live, second = sums_of(end.booked), sums_of(end.second.entries)
    alarmed = any(alarm.kind is AlarmKind.BOOKS_MAY_DIFFER for alarm in world.ledger.tables["alarms"].values())
    for lease in sorted(live.keys() | second.keys()):
        one, other = sorted(live.get(lease, ([], 0))[0]), sorted(second.get(lease, ([], 0))[0])
        agrees = not set(one) - set(other) if end.is_remade else one == other
        if not agrees and lease not in excused:
            yield f"R5: the books differ in {lease}: {len(one)} and {len(other)} entries"
        if not agrees and not alarmed and not end.is_remade:
            yield f"R5: the books differ in {lease}, and no alarm was raised"


def check_announced(end: After) -> Iterator[str]:
    """The last balance announced of a lease is its balance."""
    world = end.world
    last: dict[str, tuple[int, int]] = {}
    for partition in range(PARTITIONS):
        for record in world.broker.logs[(BALANCES, partition)].records:
            version, balance = (record.value or b"").split(b"|")
            lease = (record.key or b"").decode()
            last[lease] = max(last.get(lease, (0, 0)), (int(version), int(balance)))
    for lease, account in world.ledger.tables["accounts"].items():
        if account.version and last.get(lease) != (account.version, account.balance_grosze):
            yield f"R3: {lease} stands at {account}, last announced was {last.get(lease)}"
