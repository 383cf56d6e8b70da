"""What must hold of money: figures, promises kept, every payment credited once, every read true."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final, TypeGuard

from pydantic import JsonValue

from libs.events.decoding import Fact, Reason, Skipped
from libs.events.payments import PaymentConfirmed
from services.ledger.domain import Booked, ChangeLease, CorrectCharge, IssueCharge, SignLease, allocate, figures_of
from services.ledger.domain.entries import EntryKind
from services.ledger.domain.postings import RECEIVABLE, postings_of
from services.payments.domain.payment import PaymentStatus
from tests.simulation.checks import After
from tests.simulation.ledger_api import Query
from tests.simulation.oracle_book import NaiveEntry
from tests.simulation.oracle_money import Paid, naive_figures, rightly_paid
from tests.simulation.plan import OrderCharge, OrderLease, Request, StartPay, Tell
from tests.simulation.world import TODAY

EARLIER: Final = date(2026, 10, 20)
PAID: Final = (PaymentStatus.CONFIRMED, PaymentStatus.REFUNDED)


def check_figures(end: After, query: Query) -> Iterator[str]:
    """Today's and an earlier day's figures, the history's order, and what is unpaid of each debt."""
    booked, oracle = end.final
    by_lease: dict[str, list[Booked]] = defaultdict(list)
    for item in booked:
        by_lease[item.entry.lease_id].append(item)
    for lease, naive in oracle.entries.items():
        history = query.history(by_lease[lease])
        ordered = [entry.key for entry in sorted(naive, key=lambda entry: entry.place)]
        if [item.arrival.key for item in history] != ordered:
            yield f"R3: the history of {lease} is not in canonical order"
        yield from _check_day(lease, history, naive, TODAY)
        past = [item for item in history if item.entry.booked_on <= EARLIER]
        earlier = [entry for entry in naive if entry.fields["booked_on"] <= EARLIER.isoformat()]
        yield from _check_day(lease, past, earlier, EARLIER)


def _check_day(lease: str, history: list[Booked], naive: list[NaiveEntry], day: date) -> Iterator[str]:
    items = [item.entry for item in history]
    figures, expected = figures_of(items, day), naive_figures(naive, day.isoformat())
    if figures.balance_grosze != figures.due_today_grosze + figures.not_yet_due_grosze - figures.overpaid_grosze:
        yield f"R3: the figures of {lease} on {day} do not add up: {figures}"
    next_due = (
        None if figures.next_due is None else (figures.next_due.due_on.isoformat(), figures.next_due.amount_grosze)
    )
    found = (figures.balance_grosze, figures.due_today_grosze, figures.not_yet_due_grosze, figures.overpaid_grosze)
    wanted = (expected.balance, expected.due_today, expected.not_yet_due, expected.overpaid)
    if (found, next_due) != (wanted, expected.next_due):
        yield f"R3: the figures of {lease} on {day} are {figures}, by the oracle {expected}"
    keys = {id(item.entry): item.arrival.key for item in history}
    unpaid = {keys[id(debt.item)]: debt.unpaid_grosze for debt in allocate(items).debts}
    if unpaid != expected.unpaid:
        yield f"R3: unpaid of {lease} on {day} is {unpaid}, by the oracle {expected.unpaid}"


def check_promises(end: After) -> Iterator[str]:
    """What was acknowledged is in the log: once, however often it was asked."""
    ids: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for record in end.world.broker.records():
        envelope = getattr(end.world.decode(record), "envelope", None)
        if envelope is not None:
            for name in _business_ids(envelope.data):
                ids[(envelope.type.split(".")[1], envelope.subject, envelope.source, name)].add(envelope.id)
    for request in dict.fromkeys(end.world.seen.acknowledged):
        for promise, is_once in _promises(request):
            found = len(ids[promise])
            if not found or (is_once and found > 1):
                yield f"R1: acknowledged {request}, found {found} times: {promise}"


def _business_ids(data: dict[str, JsonValue]) -> list[str]:
    names = ("charge_id", "correction_id", "payment_id", "refund_id", "chargeback_id", "transfer_id")
    return ["", *(str(data[name]) for name in names if name in data)]


def _promises(request: Request) -> Iterator[tuple[tuple[str, ...], bool]]:
    ledger, payments = "iok/ledger", "iok/payments"
    match request:
        case OrderLease(lease, command):
            name = {SignLease: "LeaseSigned", ChangeLease: "LeaseChanged"}.get(type(command), "LeaseEnded")
            yield (name, lease, ledger, ""), name == "LeaseSigned"
        case OrderCharge(lease, IssueCharge() as command):
            yield ("ChargeIssued", lease, ledger, command.charge_id), True
        case OrderCharge(lease, CorrectCharge() as command):
            yield ("ChargeCorrected", lease, ledger, command.correction_id), True
        case StartPay():
            yield ("PaymentInitiated", request.lease_id, payments, request.payment_id), True
        case Tell(subject, event, key):
            last = key.rsplit(":", 1)[1]
            yield (event.type_name, subject, payments, last), True
        case _:
            return


def check_money(end: After) -> Iterator[str]:
    """Payments confirmed are payments credited: each right success once, nothing else, and a payer is told so."""
    facts = [end.world.decode(record) for record in end.world.broker.records()]
    told = Counter({fact.envelope.id: _paid(fact) for fact in facts if _is_confirmation(fact)}.values())
    booked = Counter(_paid(item.arrival.fact) for item in end.final[0] if item.entry.kind is EntryKind.PAYMENT)
    if told != booked:
        yield f"R2: told {dict(told - booked)} and not booked, booked {dict(booked - told)} and not told"
    due = rightly_paid(end.world.seen.acknowledged)
    credited: dict[str, list[Paid]] = defaultdict(list)
    for paid in told.elements():
        credited[paid[2]].append(paid)
    for remote_id in sorted(credited.keys() | due.keys()):
        if len(credited[remote_id]) != (remote_id in due) or not set(credited[remote_id]) <= due.get(remote_id, set()):
            yield f"R2: {remote_id} was credited as {credited[remote_id]}, right is one of {due.get(remote_id)}"
    paid_ids = {payment_id for _, payment_id, _, _ in told}
    for held in end.world.payments.tables["payments"].values():
        if (held.status in PAID) != (held.payment_id in paid_ids):
            yield f"R2: payment {held.payment_id} is {held.status}, paid: {held.payment_id in paid_ids}"


def check_postings(end: After) -> Iterator[str]:
    """Every entry balances in double entry, and what it does to the receivable is its amount."""
    for item in end.final[0]:
        postings = postings_of(item.arrival.fact.data)
        owed = sum(amount for account, amount in postings.items() if account.startswith(RECEIVABLE))
        if sum(postings.values()) != 0 or owed != item.entry.amount_grosze:
            yield f"R3: the postings of {item.arrival.key} are {postings}, its amount is {item.entry.amount_grosze}"


def _is_confirmation(fact: Fact | Skipped | Reason) -> TypeGuard[Fact]:
    return isinstance(fact, Fact) and isinstance(fact.data, PaymentConfirmed)


def _paid(fact: Fact) -> Paid:
    data = PaymentConfirmed.model_validate(fact.envelope.data)
    return (fact.envelope.subject, data.payment_id, data.remote_id, data.amount_grosze)


def check_answers(end: After) -> Iterator[str]:
    """Every balance read was that of the entries up to the version it names, and only of leases one may see."""
    amounts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for item in end.booked:
        amounts[item.entry.lease_id].append((item.version, item.entry.amount_grosze))
    for answer in end.world.seen.answers:
        read, figures = answer.read, answer.figures
        may_see = read.lease_id in read.own
        if (answer.status == 200) != may_see:
            yield f"security: {read.account_id} was answered {answer.status} for {read.lease_id}"
        if figures is None:
            continue
        then = [amount for version, amount in sorted(amounts[read.lease_id]) if version <= answer.version]
        if then != list(answer.amounts) or sum(then) != figures.balance_grosze:
            yield f"R3: {read.lease_id} at version {answer.version} was read as {answer.amounts}, it was {then}"
