"""The projector of the book: raw batches are decoded strictly, judged by the domain, and stored in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from prometheus_client import Counter

from libs.chassis.kafka import Header, Record
from libs.chassis.logs import logger
from libs.chassis.postgres import Connection, after_commit
from libs.chassis.projection import SetAside
from libs.events.decoding import Rejected, Skipped
from libs.events.lean import decode_lean
from libs.events.topics import LEASES, TOPICS, TRANSFERS
from services.ledger.commands.announcing import Announcer
from services.ledger.domain import Alarm, Arrival, Known, Outcome, Place, book, claim_of, leases_of
from services.ledger.read_models import alarms, balance, books, entries, leases, postings, records, streams
from services.ledger.read_models.copying import copy

SKIPPED = Counter("iok_ledger_skipped_total", "Records of a type unknown here, not judged.", ("topic",))
ALARMS = Counter("iok_ledger_alarms_total", "Contradictions in the stream that an operator must see.", ("kind",))


@dataclass(slots=True)
class Reading:
    """A batch as decoded: facts in their order, records bad in themselves, and each fact's record."""

    arrivals: list[Arrival] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    records: dict[Place, Record] = field(default_factory=dict)

    def add(self, more: "Reading") -> None:
        """Add what came after."""
        self.arrivals += more.arrivals
        self.set_aside += more.set_aside
        self.records |= more.records

    def refused_by(self, outcome: Outcome) -> list[SetAside]:
        """What is set aside: bad in itself, or contradicting what the book holds."""
        refused = [
            SetAside(self.records[refusal.arrival.place], refusal.reason.value, refusal.detail)
            for refusal in outcome.refused
        ]
        return self.set_aside + refused

    def of_company_systems(self, outcome: Outcome) -> list[tuple[Arrival, bytes, Sequence[Header]]]:
        """What company systems wrote among what was taken, as it came."""
        taken = [a for a in outcome.taken if a.fact.envelope.source != TOPICS[a.fact.data.topic].owner]
        found = [(arrival, self.records[arrival.place]) for arrival in taken]
        return [(arrival, record.value or b"", record.headers) for arrival, record in found]


class BookProjector:
    """Feeds the live book; `take` feeds any book, and is what a rebuild uses."""

    def __init__(self, company_sources: frozenset[str], announcer: Announcer) -> None:
        """Keep the sources that may write beside the ledger, and who announces balances."""
        self._company_sources = company_sources
        self._announcer = announcer

    @property
    def topics(self) -> Sequence[str]:
        """The topics the book is made of."""
        return balance.BOOK_TOPICS

    async def projection(self, tx: Connection) -> str:
        """The live book's name; it stays the live one until the transaction ends."""
        return books.projection_of(await books.live_and_locked(tx))

    async def project(self, tx: Connection, batch: Sequence[Record]) -> Sequence[SetAside]:
        """Take records into the live book and announce the balances they change."""
        number = await books.live_and_locked(tx)
        outcome, set_aside = await self.take(tx, number, batch)
        await self._announcer.announce(tx, number, outcome.accounts)
        after_commit(tx, lambda: _tell(outcome.alarms))
        return set_aside

    async def take(self, tx: Connection, number: int, batch: Sequence[Record]) -> tuple[Outcome, list[SetAside]]:
        """Take records into book `number`; tells nobody. Returns what it did and set aside."""
        reading = self.read(batch)
        outcome = book(await _known(tx, number, reading.arrivals), reading.arrivals)
        await _store(tx, number, outcome)
        await records.keep(tx, reading.of_company_systems(outcome))
        return outcome, reading.refused_by(outcome)

    def read(self, batch: Sequence[Record]) -> Reading:
        """Decode records; what is bad in themselves is set aside."""
        reading = Reading()
        for record in batch:
            try:
                read = decode_lean(
                    record.topic,
                    record.key,
                    record.value,
                    company_sources=self._company_sources,
                    headers=record.headers,
                )
            except Rejected as rejected:
                reading.set_aside.append(SetAside(record, rejected.reason.value, rejected.detail))
                continue
            if isinstance(read, Skipped):
                SKIPPED.labels(record.topic).inc()
                continue
            arrival = Arrival.of(read, record.partition, record.offset)
            reading.arrivals.append(arrival)
            reading.records[arrival.place] = record
        return reading


def _tell(raised: Sequence[Alarm]) -> None:
    for alarm in raised:
        ALARMS.labels(alarm.kind.value).inc()
        logger(__name__).error(
            "contradiction in the stream", kind=alarm.kind.value, of="/".join(alarm.arrival.key), why=alarm.detail
        )


async def _known(tx: Connection, number: int, arrivals: Sequence[Arrival]) -> Known:
    """Lock the leases at hand and load what the book knows of these facts."""
    if not arrivals:
        return Known()
    lease_ids = leases_of(arrivals, TRANSFERS)
    accounts = await balance.lock(tx, number, lease_ids)
    return Known(
        seen=await entries.load_seen(tx, number, arrivals),
        claims=await entries.load_claims(tx, number, [claim for a in arrivals if (claim := claim_of(a)) is not None]),
        accounts=accounts,
        leases=await leases.load(tx, number, sorted({a.key[1] for a in arrivals if a.key[0] == LEASES})),
        streams=await streams.load(tx, number, [arrival.key[:3] for arrival in arrivals]),
    )


async def _store(tx: Connection, number: int, outcome: Outcome) -> None:
    posted = postings.posted_by(outcome.taken)
    await copy(tx, entries.entry_rows(number, outcome.booked))
    await copy(tx, entries.seen_rows(number, outcome.noted))
    await copy(tx, postings.posting_rows(number, posted))
    await postings.move(tx, number, postings.moved_by(posted))
    await entries.add_repeats(tx, number, outcome.repeated)
    await alarms.add(tx, outcome.alarms)
    await balance.store(tx, number, outcome.accounts)
    await leases.store(tx, number, outcome.leases)
    await streams.store(tx, number, outcome.streams)
