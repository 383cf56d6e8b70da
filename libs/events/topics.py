"""The registry of topics: who writes what where, and how the broker keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from libs.events import correspondence, identity, ledger, payments
from libs.events.envelope import EventData
from libs.events.names import (
    ACCOUNTS,
    BALANCES,
    CHARGES,
    CORRESPONDENCE,
    LEASES,
    PAYMENTS,
    SEALS,
    SEALS_KEY,
    TRANSFERS,
    dead_letters,
)

__all__ = [
    "ACCOUNTS",
    "BALANCES",
    "CHARGES",
    "CORRESPONDENCE",
    "EVENTS",
    "LEASES",
    "PAYMENTS",
    "SEALS",
    "SEALS_KEY",
    "TOPICS",
    "TRANSFERS",
    "TopicSpec",
    "dead_letter_topic",
    "dead_letters",
]

# For ever 12: a partitioner maps keys onto them, so topics are never repartitioned.
PARTITIONS: Final = 12
FOR_EVER_MS: Final = -1
DEAD_LETTER_RETENTION_MS: Final = 90 * 24 * 60 * 60 * 1000
DEAD_LETTER_MAX_BYTES: Final = 1024 * 1024
# What a broker takes of a record we may have to set aside, so that its copy with four headers fits a dead letter.
EVENT_MAX_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class TopicSpec:
    """One topic: `name` (logical), what its `key` names, how it is kept, and who writes which events on it.

    `owner` is the CloudEvents source of the service the topic belongs to; company systems may write beside it where
    `company_may_write`. `retention_ms` -1 means for ever; `cleanup` is Kafka's cleanup.policy.
    """

    name: str
    key: str
    description: str
    owner: str
    events: tuple[type[EventData], ...] = ()
    partitions: int = PARTITIONS
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = FOR_EVER_MS
    max_message_bytes: int = EVENT_MAX_BYTES
    company_may_write: bool = False

    @property
    def service(self) -> str:
        """The name of the owning service, such as `ledger`."""
        return self.owner.removeprefix("iok/")


_ALL: Final = (
    TopicSpec(
        LEASES,
        "lease",
        "Leases: always the whole state. A lease belongs to the source that signed it first.",
        "iok/ledger",
        (ledger.LeaseSigned, ledger.LeaseChanged, ledger.LeaseEnded),
        company_may_write=True,
    ),
    TopicSpec(
        CHARGES,
        "lease",
        "Charges, their corrections, and interest.",
        "iok/ledger",
        (ledger.ChargeIssued, ledger.ChargeCorrected, ledger.InterestCharged),
        company_may_write=True,
    ),
    TopicSpec(
        PAYMENTS,
        "lease",
        "Payments by Autopay and transfers credited to a lease.",
        "iok/payments",
        (
            payments.PaymentInitiated,
            payments.PaymentConfirmed,
            payments.PaymentFailed,
            payments.PaymentExpired,
            payments.PaymentRefunded,
            payments.PaymentChargedBack,
            payments.TransferCredited,
            payments.TransferUncredited,
        ),
    ),
    TopicSpec(
        TRANSFERS,
        "transfer",
        "What moved on the company's bank accounts.",
        "iok/payments",
        (payments.TransferReceived, payments.TransferReturned, payments.SettlementReceived),
    ),
    TopicSpec(
        ACCOUNTS,
        "account",
        "Accounts of tenants and staff, by opaque ids.",
        "iok/identity",
        (
            identity.PersonRegistered,
            identity.AccountOpened,
            identity.AccountClosed,
            identity.StaffRoleGranted,
            identity.StaffRoleRevoked,
            identity.PasswordLetterIssued,
            identity.PasswordChanged,
            identity.SignInLocked,
            identity.TrustedProfileLinked,
            identity.TrustedProfileUnlinked,
        ),
    ),
    TopicSpec(
        CORRESPONDENCE,
        "matter",
        "Matters and their messages, without a word of them.",
        "iok/correspondence",
        (
            correspondence.MatterTypeDefined,
            correspondence.MatterOpened,
            correspondence.MessageSent,
            correspondence.MatterAssigned,
            correspondence.AnswerDeadlineSet,
            correspondence.MatterClosed,
            correspondence.MatterReopened,
        ),
    ),
    TopicSpec(
        BALANCES,
        "lease",
        "The latest figures of each lease; readers keep the greatest (book, version).",
        "iok/ledger",
        (ledger.BalanceChanged,),
        cleanup="compact",
    ),
    TopicSpec(
        SEALS,
        f"the word `{SEALS_KEY}`",
        "Seals of the book, chained by their hashes.",
        "iok/ledger",
        (ledger.BookSealed,),
        partitions=1,
    ),
)

TOPICS: Final[Mapping[str, TopicSpec]] = MappingProxyType({topic.name: topic for topic in _ALL})

# Every event by its CloudEvents type, such as `iok.ChargeIssued.v1`.
EVENTS: Final[Mapping[str, type[EventData]]] = MappingProxyType(
    {event.event_type(): event for topic in TOPICS.values() for event in topic.events},
)


def dead_letter_topic(service: str) -> TopicSpec:
    """Return the topic of the records that `service` set aside: as they came, under their own keys, for 90 days."""
    return TopicSpec(
        dead_letters(service),
        "original key",
        "Records set aside, as they came; headers reason, topic, partition, offset.",
        f"iok/{service}",
        retention_ms=DEAD_LETTER_RETENTION_MS,
        max_message_bytes=DEAD_LETTER_MAX_BYTES,
    )
