"""What Kafka remembers of earlier books: numbers only grow and seals stay true, also over a lost database."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from libs.chassis.kafka import Record
from libs.chassis.kafka_log import KafkaLog, open_log, read_all
from libs.chassis.logs import logger
from libs.chassis.settings import KafkaSettings
from libs.events.decoding import Rejected, read_data, read_envelope
from libs.events.envelope import Envelope
from libs.events.ledger import BalanceChanged, BookSealed
from libs.events.topics import BALANCES, SEALS, TOPICS
from services.ledger.domain import seal_hash


class _OfBook(msgspec.Struct):
    book: int


class _Announced(msgspec.Struct):
    """What of a BalanceChanged is needed: there is one for every change of every lease."""

    type: str
    data: _OfBook


_ANNOUNCED: Final = msgspec.json.Decoder(_Announced)


@dataclass(frozen=True, slots=True)
class PublishedSeal:
    """A seal as it lies on `iok.seals`."""

    envelope: Envelope
    seal: BookSealed

    @property
    def hash(self) -> str:
        """What the next seal names."""
        return seal_hash(self.envelope.data)


@dataclass(slots=True)
class SealChain:
    """The seals on Kafka in their order, each once, and what is wrong with their chain."""

    seals: list[PublishedSeal] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def last(self) -> PublishedSeal | None:
        """The last seal, if there is one."""
        return self.seals[-1] if self.seals else None


async def seal_chain(kafka: KafkaSettings) -> SealChain:
    """Read every seal and check that each names the one before."""
    async with open_log(kafka, [SEALS]) as log:
        return await chain_in(log)


async def chain_in(log: KafkaLog) -> SealChain:
    """The same, from a log that was opened with their topic among others."""
    found: dict[int, PublishedSeal] = {}
    chain = SealChain()
    async for record in log.all_of(SEALS):
        published = _seal(record)
        if published is None or published.envelope.streamversion is None:
            chain.faults.append(f"iok.seals offset {record.offset} holds no seal of the ledger's")
            continue
        before = found.setdefault(published.envelope.streamversion, published)
        if before.envelope != published.envelope:
            chain.faults.append(f"seal {published.envelope.streamversion} was published twice, with another content")
    chain.seals = [found[version] for version in sorted(found)]
    named: str | None = None
    for version, published in enumerate(chain.seals, start=1):
        if published.envelope.streamversion != version or published.seal.previous_seal != named:
            chain.faults.append(f"seal {published.envelope.streamversion} does not name the seal before it")
        named = published.hash
    return chain


async def greatest_book(kafka: KafkaSettings, chain: SealChain) -> int:
    """The greatest book number that Kafka remembers; 0 when there never was a book."""
    greatest = max((published.seal.book for published in chain.seals), default=0)
    async for record in read_all(kafka, BALANCES):
        greatest = max(greatest, announced_book(record.value))
    return greatest


def announced_book(value: bytes | None) -> int:
    """The number of the book that a record of `iok.balances` names; 0 when it is no balance."""
    try:
        announced = _ANNOUNCED.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
    return announced.data.book if announced.type == BalanceChanged.event_type() else 0


def _seal(record: Record) -> PublishedSeal | None:
    read = _read(record)
    if read is None or not isinstance(read[1], BookSealed) or read[0].source != TOPICS[SEALS].owner:
        return None
    return PublishedSeal(read[0], read[1])


def _read(record: Record) -> tuple[Envelope, object] | None:
    try:
        envelope = read_envelope(record.value)
        return envelope, read_data(envelope)
    except Rejected as rejected:
        logger(__name__).warning(
            "record ignored", topic=record.topic, partition=record.partition, offset=record.offset, why=str(rejected)
        )
        return None
