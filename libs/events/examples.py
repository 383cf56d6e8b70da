"""One true example of every event: shown in the published documents, and what the tests start from."""

from datetime import UTC, date, datetime
from typing import Final

from libs.events import correspondence, identity, ledger, payments
from libs.events.envelope import Envelope, EventData
from libs.events.names import SEALS_KEY
from libs.events.topics import TOPICS

_ISSUED: Final = date(2026, 11, 2)
_DUE: Final = date(2026, 11, 16)
_PAID: Final = date(2026, 11, 14)
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_OFFSETS: Final = {"iok.charges": ledger.TopicOffsets(id="bXktdG9waWMtaWQtMTIzNA", next={"0": 118, "1": 97})}

RENT: Final = ledger.Line(
    component="rent",
    description="Czynsz",
    quantity="48.20",
    unit="m²",
    unit_price="14.5000",
    vat_rate="zw",
    amount_grosze=69_890,
)
WATER: Final = ledger.Line(
    component="cold_water",
    description="Zimna woda i ścieki, zaliczka",
    quantity="6",
    unit="m³",
    unit_price="12.8400",
    vat_rate="8",
    amount_grosze=8_320,
)


def _lease_signed() -> ledger.LeaseSigned:
    return ledger.LeaseSigned(
        number="12/2019/N",
        signed_on=date(2019, 6, 3),
        starts_on=date(2019, 7, 1),
        ends_on=date(2029, 6, 30),
        parties=(
            ledger.Party(person_id="person-0412", role="tenant"),
            ledger.Party(person_id="person-0413", role="co_tenant"),
        ),
        premises=ledger.Premises(
            premises_id="premises-0088",
            kind="dwelling",
            address="ul. Słowiańska 12/4, 50-234 Wrocław",
            usable_area_m2="48.20",
            heated_area_m2="46.90",
        ),
        meters=(ledger.Meter(meter_id="meter-771", medium="cold_water"),),
        persons=3,
        waste_segregated=True,
        bank_account="PL61109010140000071219812874",
        due_day=31,
        deposit_grosze=838_680,
        charge_lines=(RENT, WATER),
    )


def _of_leases() -> tuple[EventData, ...]:
    signed = _lease_signed()
    return (
        signed,
        ledger.LeaseChanged.model_validate({**signed.to_data(), "persons": 4}),
        ledger.LeaseEnded(ended_on=date(2029, 6, 30)),
    )


def _of_charges() -> tuple[EventData, ...]:
    return (
        ledger.ChargeIssued(
            charge_id="charge-2026-11",
            month="2026-11",
            issued_on=_ISSUED,
            due_on=_DUE,
            amount_grosze=78_210,
            lines=(RENT, WATER),
        ),
        ledger.ChargeCorrected(
            correction_id="correction-17",
            charge_id="charge-2026-11",
            issued_on=date(2026, 11, 20),
            due_on=date(2026, 12, 15),
            amount_grosze=-1_387,
            lines=(WATER.model_copy(update={"quantity": "-1", "amount_grosze": -1_387}),),
        ),
        ledger.InterestCharged(
            interest_id="interest-5",
            charge_id="charge-2026-11",
            charged_on=date(2026, 12, 31),
            due_on=date(2027, 1, 15),
            from_on=date(2026, 11, 17),
            to_on=date(2026, 12, 31),
            amount_grosze=892,
        ),
    )


def _of_the_book() -> tuple[EventData, ...]:
    return (
        ledger.BalanceChanged(
            book=1,
            version=49,
            as_of=_PAID,
            balance_grosze=80_710,
            due_today_grosze=2_500,
            not_yet_due_grosze=78_210,
            overpaid_grosze=0,
            next_due=ledger.NextDue(due_on=_DUE, amount_grosze=78_210),
            offsets=_OFFSETS,
        ),
        ledger.BookSealed(
            book=1,
            offsets=_OFFSETS,
            entries=24_310,
            leases=500,
            state_hash=_DIGEST,
            set_aside=0,
            previous_seal=None,
        ),
    )


def _of_payments() -> tuple[EventData, ...]:
    amount = 78_210
    return (
        payments.PaymentInitiated(
            payment_id="payment-301", order_id="018f3a", amount_grosze=amount, charge_id="charge-2026-11"
        ),
        payments.PaymentConfirmed(
            payment_id="payment-301",
            remote_id="96E5RVCQ",
            paid_on=_PAID,
            amount_grosze=amount,
            charge_id="charge-2026-11",
        ),
        payments.PaymentFailed(payment_id="payment-302", reason="INSUFFICIENT_FUNDS"),
        payments.PaymentExpired(payment_id="payment-303"),
        payments.PaymentRefunded(
            payment_id="payment-301", refund_id="refund-9", refunded_on=date(2026, 11, 18), amount_grosze=amount
        ),
        payments.PaymentChargedBack(
            payment_id="payment-301",
            chargeback_id="chargeback-2",
            charged_back_on=date(2026, 11, 25),
            amount_grosze=amount,
        ),
        payments.TransferCredited(transfer_id="transfer-55", paid_on=_PAID, amount_grosze=amount),
        payments.TransferUncredited(transfer_id="transfer-55", uncredited_on=_DUE, amount_grosze=amount),
        payments.TransferReceived(
            transfer_id="transfer-55",
            amount_grosze=amount,
            booked_on=_PAID,
            our_account="PL61109010140000071219812874",
            statement_ref="2026/221/7",
        ),
        payments.TransferReturned(transfer_id="transfer-56", returned_on=_DUE, amount_grosze=amount),
        payments.SettlementReceived(
            transfer_id="transfer-57", booked_on=_DUE, amount_grosze=amount, payment_ids=("payment-301",)
        ),
    )


def _of_identity() -> tuple[EventData, ...]:
    account = "account-0412"
    return (
        identity.PersonRegistered(account_id=account, person_id="person-0412"),
        identity.AccountOpened(account_id=account, person_id="person-0412", opened_on=_ISSUED),
        identity.AccountClosed(account_id=account, closed_on=_DUE),
        identity.StaffRoleGranted(account_id="account-7", role="clerk"),
        identity.StaffRoleRevoked(account_id="account-7", role="clerk"),
        identity.PasswordLetterIssued(account_id=account, letter_id="letter-88", expires_on=date(2027, 1, 31)),
        identity.PasswordChanged(account_id=account),
        identity.SignInLocked(account_id=account, locked_until=datetime(2026, 11, 14, 9, 15, tzinfo=UTC)),
        identity.TrustedProfileLinked(account_id=account),
        identity.TrustedProfileUnlinked(account_id=account),
    )


def _of_correspondence() -> tuple[EventData, ...]:
    matter = "matter-2026-31"
    return (
        correspondence.MatterTypeDefined(
            matter_type_id="general-letter", content_digest=_DIGEST, version=2, active_from=_ISSUED
        ),
        correspondence.MatterOpened(
            matter_id=matter,
            account_id="account-0412",
            lease_id="lease-0007",
            matter_type_id="general-letter",
            matter_type_version=2,
            opened_on=_ISSUED,
            due_on=_DUE,
        ),
        correspondence.MessageSent(
            matter_id=matter,
            message_id="message-1",
            account_id="account-0412",
            author_role="tenant",
            sent_on=_ISSUED,
            content_digest=_DIGEST,
            attachment_count=1,
        ),
        correspondence.MatterAssigned(matter_id=matter, assignee_id="account-7", assigned_on=_PAID),
        correspondence.AnswerDeadlineSet(matter_id=matter, due_on=_DUE),
        correspondence.MatterClosed(matter_id=matter, closed_on=_DUE),
        correspondence.MatterReopened(matter_id=matter, reopened_on=_DUE),
    )


EXAMPLES: Final = (
    *_of_leases(),
    *_of_charges(),
    *_of_the_book(),
    *_of_payments(),
    *_of_identity(),
    *_of_correspondence(),
)


def example_envelope(event: EventData) -> Envelope:
    """Wrap an example as its owner would publish it: the first of its stream, with a fixed id and time."""
    topic = TOPICS[event.topic]
    data = event.to_data()
    subjects = {
        "lease": "lease-0007",
        "account": data.get("account_id"),
        "matter": data.get("matter_id", data.get("matter_type_id")),
        "transfer": data.get("transfer_id"),
    }
    envelope = Envelope.carrying(
        event,
        event_id="0193b2a4-6f1c-7d3e-9a55-3f2c8d1e7b60",
        source=topic.owner,
        at=datetime(2026, 11, 14, 9, 0, tzinfo=UTC),
        subject=str(subjects.get(topic.key, SEALS_KEY)),
    )
    is_a_stream = topic.cleanup == "delete"
    return envelope.model_copy(update={"streamversion": 1}) if is_a_stream else envelope
