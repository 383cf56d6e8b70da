"""A file of statements on a real database: taken once, whole, and every transfer credited or kept for an operator."""

from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import pytest

from libs.chassis import own_events
from libs.events.decoding import read_data, read_envelope
from libs.events.envelope import EventData
from libs.events.payments import (
    PaymentConfirmed,
    SettlementReceived,
    TransferCredited,
    TransferReceived,
    TransferReturned,
    TransferUncredited,
)
from services.payments.app import event_store, statement_rules
from services.payments.commands.restoring import Following
from services.payments.commands.statements import File, StatementImporter
from services.payments.commands.transfers import NoSuchLeaseError, NoSuchTransferError, Order, TransferDesk
from services.payments.domain.matching import By, Unclear
from services.payments.domain.report import Report
from services.payments.domain.statement import Movement, StatementRefusedError
from services.payments.domain.transfer import NotInThatStateError, TransferStatus
from services.payments.read_models import lease_accounts, money_deeds, settlements, statements, transfers
from services.payments.read_models.lease_accounts import ToldAccount
from services.payments.read_models.transfers import Search, TransferRow
from services.payments.tests.banks import DAY, MBANK_ACCOUNT, Line, bph, camt, mbank, pko, virtual
from services.payments.tests.conftest import LEASE, NEIGHBOURS, Office, at_once

pytestmark = pytest.mark.system
BY = "account-of-an-operator"


def importer(office: Office) -> StatementImporter:
    return StatementImporter(office.database, event_store(), statement_rules(office.settings))


def desk(office: Office) -> TransferDesk:
    return TransferDesk(office.database, event_store())


async def take(office: Office, data: bytes, name: str = "wyciag.sta") -> Report:
    return await importer(office).take(File(name, data, BY))


async def stored(office: Office, status: TransferStatus) -> list[TransferRow]:
    async with office.database.connection() as connection:
        return await transfers.page(connection, status, Search(), None, 100)


async def told(office: Office) -> list[EventData]:
    return [event for event in await office.events() if not isinstance(event, PaymentConfirmed)]


@pytest.fixture
async def accounts(office: Office) -> None:
    async with office.database.transaction() as tx:
        mine = [ToldAccount(LEASE, virtual(1), "iok/ledger"), ToldAccount(NEIGHBOURS, virtual(2), "iok/ledger")]
        await lease_accounts.project(tx, [*mine, ToldAccount(LEASE, virtual(3), "another")])


@pytest.mark.usefixtures("accounts")
async def test_each_transfer_is_credited_by_the_number_it_bears_or_kept_for_an_operator(office: Office) -> None:
    report = await take(
        office,
        mbank([Line(100, payer=1, title=f"na {virtual(2)}"), Line(200, f"czynsz {virtual(2)[:10]} {virtual(2)[10:]}")])
        + mbank([Line(300), Line(400, payer=9), Line(500, payer=3)], number="13", opening=100_300),
    )
    assert (report.entries, report.credited, report.credited_grosze) == (5, 2, 300)
    assert (report.to_clarify, report.to_clarify_grosze, report.warnings) == (3, 1200, [])
    credited = {row.amount_grosze: (row.lease_id, row.reason) for row in await stored(office, TransferStatus.CREDITED)}
    assert credited == {100: (LEASE, By.PAYER_ID), 200: (NEIGHBOURS, By.TEXT)}
    waiting = {row.amount_grosze: row.reason for row in await stored(office, TransferStatus.TO_CLARIFY)}
    assert waiting == {300: Unclear.NO_NUMBER, 400: Unclear.UNKNOWN_NUMBER, 500: Unclear.UNKNOWN_NUMBER}
    events = await told(office)
    assert [type(event) for event in events].count(TransferReceived) == 5
    assert [event for event in events if isinstance(event, TransferCredited)] == [
        TransferCredited(transfer_id=row.transfer_id, paid_on=DAY, amount_grosze=row.amount_grosze)
        for row in sorted(await stored(office, TransferStatus.CREDITED), key=lambda row: row.amount_grosze)
    ]


@pytest.mark.usefixtures("accounts")
async def test_the_virtual_account_paid_to_credits_in_every_format_that_tells_it(office: Office) -> None:
    for write in (bph, camt, lambda lines: camt(lines, "08", number="13")):
        report = await take(office, write([Line(100, to_account=virtual(1))]))
        assert (report.credited, report.to_clarify) == (1, 0)


@pytest.mark.usefixtures("accounts")
async def test_the_same_file_again_and_the_same_statement_in_another_file_add_nothing(office: Office) -> None:
    lines = [Line(100, payer=1, reference="A"), Line(100, payer=1, reference="A"), Line(100, payer=1), Line(7)]
    first = await take(office, mbank(lines))
    events = (await office.counts())["events"]
    again = await take(office, mbank(lines))
    elsewhere = await take(office, mbank(lines, ending="\n"), "ten-sam.sta")
    twice = await take(office, mbank(lines) + mbank(lines))
    assert (first.credited, first.to_clarify, first.known) == (3, 1, 0)
    assert (again.known_file, again.file_id, again.credited) == (True, first.file_id, 3)
    assert (elsewhere.known_file, elsewhere.credited, elsewhere.known) == (False, 0, 4)
    assert (twice.credited, twice.known, twice.warnings) == (0, 8, [])
    assert (await office.counts())["events"] == events == 7


@pytest.mark.usefixtures("accounts")
async def test_of_many_imports_of_one_file_at_once_one_takes_it(office: Office) -> None:
    data = mbank([Line(100, payer=1), Line(200, payer=2)])
    reports = await at_once(*(take(office, data) for _ in range(6)))
    assert sorted(report.known_file for report in reports) == [False, *[True] * 5]
    assert (await office.counts())["events"] == 4


@pytest.mark.usefixtures("accounts")
async def test_a_file_with_one_wrong_statement_is_refused_whole(office: Office) -> None:
    with pytest.raises(StatementRefusedError, match="13/2026 nie zgadza się"):
        await take(office, mbank([Line(100, payer=1)]) + mbank([Line(1)], number="13", close=5))
    counts = await office.counts()
    assert (counts["events"], counts["outbox"]) == (0, 0)
    assert await stored(office, TransferStatus.CREDITED) == []


@pytest.mark.usefixtures("accounts")
async def test_outgoing_transfers_and_reversals_are_told_and_credit_nobody(office: Office) -> None:
    report = await take(
        office,
        mbank([
            Line(100, payer=1, movement=Movement.DEBIT),
            Line(100, payer=1, movement=Movement.CREDIT_REVERSED),
            Line(100, payer=1, movement=Movement.DEBIT_REVERSED),
        ]),
    )  # fmt: skip
    assert (report.entries, report.outgoing, report.reversed, report.credited) == (3, 1, 2, 0)
    assert await told(office) == []


async def test_a_gap_and_a_statement_with_other_balances_are_warned_of(office: Office) -> None:
    await take(office, mbank([Line(1)]))
    gap = await take(office, mbank([Line(1)], number="15", opening=100_001))
    other = await take(office, mbank([Line(2)]))
    assert gap.warnings == ["przed wyciągiem 15/2026 brakuje wyciągów nr 13-14"]
    assert other.warnings == ["wyciąg 12/2026 był już wczytany z innymi saldami; sprawdź go w banku"]
    async with office.database.connection() as connection:
        [latest, *_] = await statements.files(connection, None, 10)
        assert await statements.file(connection, latest.id) == latest
    assert (latest.imported_by, latest.report.warnings) == (BY, other.warnings)


async def test_a_statement_of_an_account_that_is_not_ours_is_refused_where_ours_are_set(office: Office) -> None:
    settings = office.settings.model_copy(update={"our_accounts": {MBANK_ACCOUNT: "mbank"}})
    strict = StatementImporter(office.database, event_store(), statement_rules(settings))
    assert (await strict.take(File("a", mbank([Line(1)]), BY))).entries == 1
    with pytest.raises(StatementRefusedError, match="nie jest na liście"):
        await strict.take(File("b", pko([Line(1)]), BY))
    with pytest.raises(StatementRefusedError, match="nie ma takiego profilu"):
        await strict.take(File("c", mbank([Line(1)]), BY), "nobodys")


async def test_a_file_taken_before_is_known_by_whatever_profile_it_is_sent_again(office: Office) -> None:
    first = await take(office, mbank([Line(1)]))
    again = await importer(office).take(File("a", mbank([Line(1)]), BY), "pko")
    assert (again.known_file, again.file_id) == (True, first.file_id)


@pytest.mark.usefixtures("accounts")
async def test_an_account_that_two_leases_named_credits_neither(office: Office) -> None:
    async with office.database.transaction() as tx:
        await lease_accounts.project(tx, [ToldAccount(NEIGHBOURS, virtual(1), "iok/ledger")])
    assert (await take(office, mbank([Line(100, payer=1)]))).to_clarify == 1
    [row] = await stored(office, TransferStatus.TO_CLARIFY)
    assert row.reason == Unclear.AMBIGUOUS


async def waiting(office: Office, lines: Sequence[Line] = (Line(100),)) -> TransferRow:
    await take(office, mbank(lines))
    return (await stored(office, TransferStatus.TO_CLARIFY))[0]


async def test_an_operator_credits_a_transfer_takes_it_off_credits_it_again_and_each_leaves_a_deed(
    office: Office,
) -> None:
    found = await waiting(office)
    order = Order(found.transfer_id, BY, "dzwonił")
    assert await desk(office).credit(order, f"{LEASE}/2024") == LEASE
    await desk(office).uncredit(replace(order, note="pomyłka"))
    assert await desk(office).credit(order, LEASE) == LEASE
    await desk(office).uncredit(order)
    assert await desk(office).credit(order, NEIGHBOURS) == NEIGHBOURS
    assert [type(event) for event in await told(office)] == [
        TransferReceived, TransferCredited, TransferUncredited, TransferCredited, TransferUncredited, TransferCredited,
    ]  # fmt: skip
    async with office.database.connection() as connection:
        deeds = await money_deeds.about(connection, found.transfer_id)
    assert [(deed.deed, deed.lease_id, deed.account_id) for deed in deeds] == [
        ("credited", LEASE, BY), ("uncredited", LEASE, BY), ("credited", LEASE, BY), ("uncredited", LEASE, BY),
        ("credited", NEIGHBOURS, BY),
    ]  # fmt: skip
    assert deeds[1].note == "pomyłka"


async def test_a_transfer_sent_back_is_neither_credited_nor_sent_back_again(office: Office) -> None:
    found = await waiting(office)
    order = Order(found.transfer_id, BY)
    await desk(office).send_back(order, DAY)
    for again in (desk(office).send_back(order, DAY), desk(office).credit(order, LEASE), desk(office).uncredit(order)):
        with pytest.raises(NotInThatStateError):
            await again
    returned = TransferReturned(transfer_id=found.transfer_id, returned_on=DAY, amount_grosze=100)
    assert (await told(office))[-1] == returned


async def test_two_operators_at_once_credit_a_transfer_once(office: Office) -> None:
    order = Order((await waiting(office)).transfer_id, BY)

    async def credit(lease_id: str) -> str:
        try:
            return await desk(office).credit(order, lease_id)
        except NotInThatStateError:
            return "too late"

    answers = await at_once(*(credit(lease_id) for lease_id in (LEASE, NEIGHBOURS, LEASE)))
    assert answers.count("too late") == 2
    assert len(await told(office)) == 2


async def test_what_there_is_not_is_credited_to_nobody(office: Office) -> None:
    found = await waiting(office)
    with pytest.raises(NoSuchTransferError):
        await desk(office).credit(Order("none", BY), LEASE)
    with pytest.raises(NoSuchLeaseError):
        await desk(office).credit(Order(found.transfer_id, BY), "lease-9")
    assert len(await told(office)) == 1


async def test_a_transfer_is_found_by_name_title_amount_or_account(office: Office) -> None:
    found = await waiting(office)
    searches = {
        "żółć": Search("żółć"),
        "ZA MARZEC": Search("ZA MARZEC"),
        "1,00": Search("1,00", 100, "100"),
        "the sender's account": Search("2222 3333", None, "22223333"),
        "nobody": Search("nobody"),
        "another amount": Search("1,01", 101, "101"),
        "another account": Search("77776666", None, "77776666"),
    }
    async with office.database.connection() as connection:
        hits = {
            name: await transfers.page(connection, TransferStatus.TO_CLARIFY, search, None, 10)
            for name, search in searches.items()
        }
        assert await transfers.count(connection, TransferStatus.TO_CLARIFY) == (1, 100)
    assert [name for name, rows in hits.items() if rows == [found]] == [
        "żółć", "ZA MARZEC", "1,00", "the sender's account",
    ]  # fmt: skip


async def test_a_settlement_of_autopays_is_matched_with_its_payments_once(office: Office) -> None:
    payments = [await office.start(grosze) for grosze in (1_000, 2_500)]
    for number, payment in enumerate(payments):
        await office.report(payment, remoteID=f"REMOTE000{number}", paymentDate=f"{DAY:%Y%m%d}120000")
    lines = [Line(990, "Wyplata REMOTE0000", "AUTOPAY S.A."), Line(2_500, f"Wyplata {DAY}", "AUTOPAY S.A.")]
    report = await take(office, mbank([*lines, Line(50, "Wyplata REMOTE0001", "AUTOPAY S.A.")]))
    assert (report.settlements, report.settlements_grosze, report.to_clarify) == (3, 3_540, 0)
    settled = [event for event in await office.events() if isinstance(event, SettlementReceived)]
    assert [(event.amount_grosze, event.payment_ids) for event in settled] == [
        (990, (payments[0]["payment_id"],)), (2_500, (payments[1]["payment_id"],)), (50, ()),
    ]  # fmt: skip
    async with office.database.connection() as connection:
        page = await settlements.page(connection, None, 10)
        assert await settlements.waiting(connection, DAY) == []
    assert sorted((row.amount_grosze, row.difference_grosze) for row in page) == [(50, 50), (990, -10), (2_500, 0)]


async def test_no_name_account_or_title_of_a_payer_is_in_an_event(office: Office) -> None:
    line = Line(100, "KANAREK dla cioci", "WACLAWA PRZYKLADOWA")
    await take(office, mbank([line]))
    async with office.database.connection() as connection:
        [body] = [row["body"] for row in await connection.fetch("select body from outbox")]
    for secret in ("KANAREK", "WACLAWA", line.from_account):
        assert secret.encode() not in body


RESTORED = "select body from events order by md5(event_id)"
FORGET = "truncate settled_payments, transfers, statements, statement_files, events, outbox, money_deeds"


@pytest.mark.usefixtures("accounts")
async def test_transfers_restored_from_their_events_are_not_received_again_and_learn_their_payers_from_the_statement(
    office: Office,
) -> None:
    data = mbank([Line(100, payer=1), Line(200), Line(300), Line(400, "Wyplata", "AUTOPAY S.A.")])
    await take(office, data)
    for row in await stored(office, TransferStatus.TO_CLARIFY):
        order = Order(row.transfer_id, BY)
        await desk(office).credit(order, LEASE)
        await desk(office).uncredit(order)
        await (
            desk(office).credit(order, NEIGHBOURS) if row.amount_grosze == 200 else desk(office).send_back(order, DAY)
        )
    kinds = (TransferStatus.CREDITED, TransferStatus.RETURNED, TransferStatus.SETTLED)
    before = {row.transfer_id: row for kind in kinds for row in await stored(office, kind)}
    events = (await office.counts())["events"]
    await lose_and_restore(office)
    restored = {row.transfer_id: row for kind in kinds for row in await stored(office, kind)}
    assert {row.payer_name for row in restored.values()} == {""}
    report = await take(office, data)
    assert (report.known, report.credited, report.to_clarify, report.settlements) == (4, 0, 0, 0)
    assert (await office.counts())["events"] == events
    again = {row.transfer_id: row for kind in kinds for row in await stored(office, kind)}
    assert again == {
        transfer_id: replace(row, file_id=report.file_id, reason=None) for transfer_id, row in before.items()
    }


async def lose_and_restore(office: Office) -> None:
    """Empty the database, and bring its events back in no order at all, as from many partitions of Kafka."""
    store = event_store()
    following = Following(store)
    owner = await asyncpg.connect(office.made.owner_dsn)
    bodies = [row["body"] for row in await owner.fetch(RESTORED)]
    await owner.execute(FORGET)
    await owner.close()
    async with office.database.transaction() as tx:
        for body in bodies:
            envelope = read_envelope(body)
            event = read_data(envelope)
            await tx.execute(
                own_events.RESTORE, event.topic, envelope.subject, envelope.streamversion, envelope.id, envelope.type,
                following.key_of(event), body, envelope.recorded_at,
            )  # fmt: skip
            await following.follow(tx, envelope, event)
