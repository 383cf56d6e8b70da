"""The Kafka door: hears on iok.leases which leases exist."""

from collections.abc import Collection, Sequence

from libs.chassis.kafka import Record
from libs.chassis.postgres import Connection
from libs.chassis.projection import SetAside
from libs.events.decoding import Fact
from libs.events.hearing import hear
from libs.events.ledger import LeaseChanged, LeaseSigned
from libs.events.topics import LEASES
from services.payments.domain.accounts import nrb_of
from services.payments.read_models import lease_accounts, leases
from services.payments.read_models.lease_accounts import ToldAccount
from services.payments.read_models.leases import ToldLease

PROJECTION = "leases"
FOREIGN_LEASE = "lease_of_another_source"

Heard = tuple[Record, Fact]


class LeaseProjector:
    """Takes leases into the read model. The same record again changes nothing, so no memory of records is needed."""

    def __init__(self, company_sources: Collection[str]) -> None:
        self._company_sources = company_sources

    @property
    def topics(self) -> Sequence[str]:
        """What is read."""
        return (LEASES,)

    async def projection(self, tx: Connection) -> str:  # noqa: ARG002  # there is only one
        """The name of the positions."""
        return PROJECTION

    async def project(self, tx: Connection, records: Sequence[Record]) -> Sequence[SetAside]:
        """Take records; those bad in themselves are returned."""
        facts, rejected = hear(records, self._company_sources)
        refused = [SetAside(record, verdict.reason, verdict.detail) for record, verdict in rejected]
        own, foreign = _owned(await leases.owners(tx, {fact.envelope.subject for _, fact in facts}), facts)
        heard: list[ToldLease] = []
        accounts: list[ToldAccount] = []
        for fact in own:
            if isinstance(fact.data, LeaseSigned | LeaseChanged):
                told = ToldLease(
                    fact.envelope.subject, fact.data.number, fact.envelope.source, isinstance(fact.data, LeaseSigned)
                )
                heard.append(told)
                if (account := nrb_of(fact.data.bank_account)) is not None:
                    accounts.append(ToldAccount(told.lease_id, account, told.source))
        await leases.project(tx, heard)
        await lease_accounts.project(tx, accounts)
        return [*refused, *foreign]


def _owned(known: dict[str, str], facts: Sequence[Heard]) -> tuple[list[Fact], list[SetAside]]:
    """Part what a lease's own source tells from what others say of it; `known`: lease -> source, as of now."""
    owners = dict(known)
    own: list[Fact] = []
    foreign: list[SetAside] = []
    for record, fact in facts:
        lease_id, source = fact.envelope.subject, fact.envelope.source
        if isinstance(fact.data, LeaseSigned):
            owners.setdefault(lease_id, source)
        if owners.get(lease_id, source) == source:
            own.append(fact)
        else:
            foreign.append(SetAside(record, FOREIGN_LEASE, f"umowa należy do systemu {owners[lease_id]}"))
    return own, foreign
