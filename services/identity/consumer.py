"""The Kafka door: identity hears who the parties of leases are, and nothing else."""

from collections.abc import Collection, Sequence
from typing import Final

from libs.chassis.kafka import Record
from libs.chassis.postgres import Connection
from libs.chassis.projection import SetAside, Sighting, Verdict, sight
from libs.events.decoding import Fact
from libs.events.hearing import hear
from libs.events.names import LEASES
from services.identity.domain.leases import FOREIGN_LEASE, Event, Lease, belongs_to, evolve
from services.identity.read_models import leases

PROJECTION: Final = "leases"
CONTRADICTORY: Final = "same_id_other_content"

Heard = tuple[Record, Fact]


class LeaseProjector:
    """Takes leases' events into `read_models.leases`."""

    topics: Final[Sequence[str]] = (LEASES,)

    def __init__(self, company_sources: Collection[str]) -> None:
        self._company_sources = company_sources

    async def projection(self, tx: Connection) -> str:  # noqa: ARG002  # this projection has one name for ever
        """The name under which positions and ids seen are kept."""
        return PROJECTION

    async def project(self, tx: Connection, records: Sequence[Record]) -> Sequence[SetAside]:
        """Take records; returns those that are bad in themselves."""
        facts, rejected = hear(records, self._company_sources)
        aside = [SetAside(record, verdict.reason, verdict.detail) for record, verdict in rejected]
        known = await leases.load(tx, {fact.envelope.subject for _, fact in facts})
        own, foreign = _owned(known, facts)
        verdicts = await sight(tx, PROJECTION, [_sighting(record, fact) for record, fact in own])
        changed: dict[str, Lease] = {}
        for (record, fact), verdict in zip(own, verdicts, strict=True):
            envelope = fact.envelope
            if verdict is Verdict.CONTRADICTORY:
                aside.append(SetAside(record, CONTRADICTORY, f"zdarzenie {envelope.id} było już, z inną treścią"))
            elif verdict is Verdict.NEW:
                before = changed.get(envelope.subject, known[envelope.subject])
                changed[envelope.subject] = evolve(before, _event(fact), envelope.source, envelope.streamversion)
        await leases.save(tx, list(changed.values()))
        return [*aside, *foreign]


def _owned(known: dict[str, Lease], facts: Sequence[Heard]) -> tuple[list[Heard], list[SetAside]]:
    """Part the events of a lease's own source from those of others, before any of them is noted as seen."""
    owners = dict(known)
    own: list[Heard] = []
    foreign: list[SetAside] = []
    for record, fact in facts:
        lease_id, source = fact.envelope.subject, fact.envelope.source
        if belongs_to(owners[lease_id], source):
            own.append((record, fact))
            owners[lease_id] = evolve(owners[lease_id], _event(fact), source, fact.envelope.streamversion)
        else:
            foreign.append(SetAside(record, FOREIGN_LEASE, f"umowa należy do systemu {owners[lease_id].source}"))
    return own, foreign


def _event(fact: Fact) -> Event:
    if not isinstance(fact.data, Event):
        raise TypeError(f"{fact.envelope.type} is no event of a lease")
    return fact.data


def _sighting(record: Record, fact: Fact) -> Sighting:
    envelope = fact.envelope
    return Sighting(record.topic, envelope.subject, envelope.source, envelope.id, fact.content_digest, record.partition)
