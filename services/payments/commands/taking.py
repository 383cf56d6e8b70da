"""A file of statements on its way in: what each of its entries comes to, and all that is to be written for it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from libs.chassis.event_store import Append
from services.payments.domain import matching, transfer
from services.payments.domain.matching import Match, Numbers, Unclear
from services.payments.domain.report import Report, StatementTaken
from services.payments.domain.settlement import Collected, Settled
from services.payments.domain.statement import Entry, Movement, Statement, transfer_ids
from services.payments.domain.transfer import RECEIVED_ONCE, Arrival, Deed, Transfer, TransferStatus, credited_key
from services.payments.read_models.money_deeds import NewDeed
from services.payments.read_models.transfers import TransferRow


@dataclass(frozen=True, slots=True)
class Received:
    """An entry that is money which came."""

    arrival: Arrival
    entry: Entry
    numbers: Numbers


@dataclass(slots=True)
class Taking:
    """What comes of the statements of a file, in its order; `settled`: what each settlement paid out."""

    statements: Sequence[Statement]
    warnings: list[str]
    report: Report = field(init=False)
    received: list[Received] = field(default_factory=list)
    appends: list[Append] = field(default_factory=list)
    rows: list[TransferRow] = field(default_factory=list)
    deeds: list[NewDeed] = field(default_factory=list)
    settled: dict[str, Sequence[Collected]] = field(default_factory=dict)
    retold: list[TransferRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Sort the entries: money that came, and what is no payment of anybody's."""
        self.report = Report(warnings=self.warnings)
        for each in self.statements:
            self._sort(each)

    def _sort(self, each: Statement) -> None:
        report = self.report
        report.entries += len(each.entries)
        report.not_booked += each.left_out
        report.statements.append(
            StatementTaken(each.account, each.label, each.opening_grosze, each.closing_grosze, len(each.entries))
        )
        for entry, transfer_id in zip(each.entries, transfer_ids(each), strict=True):
            match entry.movement:
                case Movement.CREDIT:
                    self.received.append(_received(each, entry, transfer_id))
                case Movement.DEBIT:
                    report.outgoing += 1
                case Movement.CREDIT_REVERSED | Movement.DEBIT_REVERSED:
                    report.reversed += 1

    @property
    def transfer_ids(self) -> list[str]:
        """Ids of all the money that came."""
        return [each.arrival.transfer_id for each in self.received]

    @property
    def paid_out(self) -> frozenset[tuple[str, str]]:
        """Autopay's transactions, as (payment, remote id), that settlements earlier in the file paid out."""
        return frozenset(_keys(payment for payments in self.settled.values() for payment in payments))

    def leave_out(self, known: Collection[str]) -> None:
        """Leave out what was taken before, or stands in this file twice."""
        seen = set(known)
        fresh: list[Received] = []
        for each in self.received:
            if each.arrival.transfer_id not in seen:
                fresh.append(each)
            elif each.arrival.transfer_id in known:
                self.retold.append(_row(each, TransferStatus.TO_CLARIFY, None))
            seen.add(each.arrival.transfer_id)
        self.report.known += len(self.received) - len(fresh)
        self.received = fresh

    def receive(self, received: Received, found: Match | Unclear) -> None:
        """Take a transfer, and credit it where its lease was found."""
        arrival = received.arrival
        self.appends.append(Append(arrival.transfer_id, transfer.receive(arrival), RECEIVED_ONCE))
        if isinstance(found, Unclear):
            self.report.to_clarify += 1
            self.report.to_clarify_grosze += arrival.amount_grosze
            self.rows.append(_row(received, TransferStatus.TO_CLARIFY, found))
            return
        came = Transfer(arrival.transfer_id, arrival.amount_grosze, arrival.booked_on, TransferStatus.TO_CLARIFY)
        key = credited_key(arrival.transfer_id, 1)
        self.appends.append(Append(found.lease_id, transfer.credit(came), key))
        self.deeds.append(NewDeed(arrival.transfer_id, Deed.CREDITED, found.lease_id, found.by))
        self.rows.append(_row(received, TransferStatus.CREDITED, found.by, found.lease_id))
        self.report.credited += 1
        self.report.credited_grosze += arrival.amount_grosze

    def settle(self, received: Received, found: Settled) -> None:
        """Take a settlement of Autopay's, with the payments it is of."""
        arrival = received.arrival
        event = transfer.settle(arrival, found.payment_ids)
        self.appends.append(Append(arrival.transfer_id, event, RECEIVED_ONCE))
        self.rows.append(_row(received, TransferStatus.SETTLED, None))
        self.settled[arrival.transfer_id] = found.payments
        self.report.settlements += 1
        self.report.settlements_grosze += arrival.amount_grosze


def _received(each: Statement, entry: Entry, transfer_id: str) -> Received:
    arrival = Arrival(transfer_id, entry.amount_grosze, entry.booked_on, each.account, each.label)
    return Received(arrival, entry, matching.numbers_of(entry.details))


def _keys(payments: Iterable[Collected]) -> Iterable[tuple[str, str]]:
    return ((each.payment_id, each.remote_id) for each in payments)


def _row(received: Received, status: TransferStatus, reason: str | None, lease_id: str | None = None) -> TransferRow:
    """A transfer as it is stored; the file's id is not known yet."""
    arrival, entry = received.arrival, received.entry
    return TransferRow(
        transfer_id=arrival.transfer_id,
        file_id=0,
        line=entry.line,
        our_account=arrival.our_account,
        statement_ref=arrival.statement_ref,
        booked_on=arrival.booked_on,
        amount_grosze=arrival.amount_grosze,
        bank_reference=entry.reference,
        payer_name=entry.details.payer_name,
        payer_account=entry.details.payer_account,
        title=entry.details.title,
        status=status,
        reason=reason,
        lease_id=lease_id,
        credits=1 if lease_id is not None else 0,
    )
