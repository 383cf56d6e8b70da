"""The Kafka door: hears on iok.leases which leases exist."""

from collections.abc import Collection, Sequence

from libs.chassis.kafka import Record
from libs.chassis.postgres import Connection
from libs.chassis.projection import SetAside
from libs.events.decoding import Fact, Rejected, decode
from libs.events.ledger import LeaseChanged, LeaseSigned
from libs.events.topics import LEASES
from services.payments.domain.accounts import nrb_of
from services.payments.read_models import lease_accounts, leases
from services.payments.read_models.lease_accounts import ToldAccount
from services.payments.read_models.leases import ToldLease

PROJECTION = "leases"


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
        heard: list[ToldLease] = []
        accounts: list[ToldAccount] = []
        refused: list[SetAside] = []
        for record in records:
            try:
                fact = decode(
                    record.topic,
                    record.key,
                    record.value,
                    company_sources=self._company_sources,
                    headers=record.headers,
                )
            except Rejected as rejected:
                refused.append(SetAside(record, rejected.reason, rejected.detail))
                continue
            if isinstance(fact, Fact) and isinstance(fact.data, LeaseSigned | LeaseChanged):
                told = ToldLease(
                    fact.envelope.subject, fact.data.number, fact.envelope.source, isinstance(fact.data, LeaseSigned)
                )
                heard.append(told)
                if (account := nrb_of(fact.data.bank_account)) is not None:
                    accounts.append(ToldAccount(told.lease_id, account, told.source))
        await leases.project(tx, heard)
        await lease_accounts.project(tx, accounts)
        return refused
