"""What is to happen in a seed: requests of clients, records of company systems, reads of tenants, and the weather."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from libs.events.envelope import EventData
from services.ledger.domain import ChangeLease, CorrectCharge, EndLease, IssueCharge, SignLease
from tests.simulation.broker import Sending
from tests.simulation.scheduler import Weather

LeaseOrder: TypeAlias = SignLease | ChangeLease | EndLease
ChargeOrder: TypeAlias = IssueCharge | CorrectCharge


@dataclass(frozen=True, slots=True)
class OrderLease:
    """A command about a lease, given to the ledger."""

    lease_id: str
    command: LeaseOrder


@dataclass(frozen=True, slots=True)
class OrderCharge:
    """A command about a charge, given to the ledger."""

    lease_id: str
    command: ChargeOrder


@dataclass(frozen=True, slots=True)
class Notify:
    """Autopay delivers a notification: `document` is the form field, `about` says what is in it."""

    about: str
    document: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Try:
    """One of Autopay's transactions for an order: what it reports of it, in which words, and whether rightly."""

    remote_id: str
    notices: tuple[Notify, ...]  # in the order in which Autopay sends them
    success: Notify | None  # the one of them that says so, if any does
    is_right: bool  # amount and currency are ours
    is_authentic: bool


@dataclass(frozen=True, slots=True)
class StartPay:
    """A tenant starts a payment; Autopay then tells of its tries."""

    lease_id: str
    payment_id: str
    amount_grosze: int
    charge_id: str | None
    tries: tuple[Try, ...]
    expires: bool

    @property
    def order_id(self) -> str:
        """What Autopay calls it."""
        return self.payment_id.replace("-", "")


@dataclass(frozen=True, slots=True)
class Expire:
    """Payments looks whether a payment's time is over: it is."""

    payment_id: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Payments records a fact it was told: a refund, a transfer. `key` makes telling it twice harmless."""

    subject: str
    event: EventData
    key: str


Request: TypeAlias = OrderLease | OrderCharge | StartPay | Notify | Expire | Tell


@dataclass(frozen=True, slots=True)
class Read:
    """An account asks for a lease's balance; its leases are what it may see."""

    account_id: str
    own: tuple[str, ...]
    lease_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A seed's plan. `late` parts follow after the topic `remade` was deleted and made again."""

    seed: int
    requests: tuple[Request, ...]
    sendings: tuple[Sending, ...]
    reads: tuple[Read, ...]
    weather: Weather
    remade: str | None = None
    late_requests: tuple[Request, ...] = ()
    late_sendings: tuple[Sending, ...] = ()
    poison: frozenset[bytes] = frozenset()  # values of records that break the projection for a while

    def calmer(self, fault: str) -> "Plan":
        """The plan without one kind of fault."""
        return replace(self, weather=self.weather.without(fault))


PARTS: Final = ("requests", "sendings", "reads", "late_requests", "late_sendings")


def without(plan: Plan, part: str, first: int, last: int) -> Plan:
    """The plan without some items of one of its parts."""
    items: Sequence[object] = getattr(plan, part)
    return replace(plan, **{part: (*items[:first], *items[last:])})  # type: ignore[arg-type]
