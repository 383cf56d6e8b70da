"""Imports and charge runs on a real PostgreSQL: whole or not at all, each line once."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from libs.chassis.event_store import EventStore
from libs.chassis.kafka import Record
from libs.chassis.postgres import Database
from libs.events.decoding import read_data
from libs.events.ledger import LeaseChanged
from services.ledger.commands.charge_run import Charger, ChargeRun
from services.ledger.commands.import_charges import ChargeLines, charges_in
from services.ledger.commands.import_files import BadFileError, Imported, Importer
from services.ledger.commands.import_leases import LeaseLines
from services.ledger.commands.leases import LeaseDesk
from services.ledger.consumer.projector import BookProjector
from services.ledger.domain import ChangeLease, EndLease, LeaseEndedOtherwiseError, LeaseNotSignedError
from services.ledger.tests.facts import ERP, LEDGER, TODAY, charge, correction, lease_terms, line, record

pytestmark = pytest.mark.system

STORE = EventStore(LEDGER, read_data)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(line, …)` makes a file of JSON Lines; a text is written as it is."""

    def made(*lines: dict[str, Any] | str) -> Path:
        texts = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in lines]
        file = tmp_path / "file.jsonl"
        file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return file

    return made


def lease_line(lease_id: str, **fields: Any) -> dict[str, Any]:
    return {"lease_id": lease_id, **lease_terms(**fields)}


def charge_line(lease_id: str, charge_id: str = "C-1", amount_grosze: int = 100, **fields: Any) -> dict[str, Any]:
    return {"lease_id": lease_id, "type": "ChargeIssued", **charge(amount_grosze, charge_id, **fields)}


def correction_line(lease_id: str, correction_id: str = "K-1", charge_id: str = "C-1") -> dict[str, Any]:
    return {"lease_id": lease_id, "type": "ChargeCorrected", **correction(-5, correction_id, charge_id)}


async def import_leases(database: Database, file: Path) -> Imported:
    return await Importer(database, STORE, LeaseLines(STORE), lambda *_: None).run(file)


async def import_charges(database: Database, file: Path) -> Imported:
    lines = ChargeLines(STORE, charges_in(file))
    return await Importer(database, STORE, lines, lambda *_: None).run(file)


async def bad_lines(importing: Callable[[Database, Path], Any], database: Database, file: Path) -> dict[int, str]:
    with pytest.raises(BadFileError) as refusal:
        await importing(database, file)
    assert await events(database) == []
    return {bad.number: bad.reason for bad in refusal.value.bad}


async def events(database: Database) -> list[tuple[str, str, str, int]]:
    async with database.connection() as connection:
        rows = await connection.fetch("select topic, subject, event_type, stream_version from events order by position")
        assert len(rows) == await connection.fetchval("select count(*) from outbox where topic <> 'iok.balances'")
    return [tuple(row) for row in rows]


async def project(database: Database, projector: BookProjector, *records: Record) -> None:
    async with database.transaction() as tx:
        assert await projector.project(tx, records) == []


async def test_leases_are_signed_and_an_import_run_again_skips_them(database: Database, write: Write) -> None:
    assert await import_leases(database, write(lease_line("L-1"), "", lease_line("L-2"))) == Imported(2, 2, 0)
    assert await import_leases(
        database, write(lease_line("L-1"), lease_line("L-2"), lease_line("L-3"), lease_line("L-3"))
    ) == Imported(4, 1, 3)
    assert await events(database) == [("iok.leases", lease, "iok.LeaseSigned.v1", 1) for lease in ("L-1", "L-2", "L-3")]


async def test_one_bad_line_and_nothing_changes_and_every_bad_line_is_told(database: Database, write: Write) -> None:
    without_parties = lease_line("L-4")
    del without_parties["parties"]
    told = await bad_lines(
        import_leases,
        database,
        write(
            lease_line("L-1"),
            "{",
            lease_line("no such id"),
            without_parties,
            lease_line("L-5", persons=-1),
            lease_line("L-1", persons=9),
            lease_line("L-6", ends_on="2019-01-01"),
            '{"lease_id": "L-7", "lease_id": "L-8"}',
            lease_line("L-9", deposit_grosze=1e3),
            "[]",
        ),
    )
    assert set(told) == {2, 3, 4, 5, 6, 7, 8, 9, 10}
    assert "parties" in told[4]
    assert "persons" in told[5]
    assert "earlier line" in told[6]
    assert "dwa razy" in told[8]


async def test_a_lease_recorded_with_other_terms_is_a_bad_line(database: Database, write: Write) -> None:
    await import_leases(database, write(lease_line("L-1")))
    with pytest.raises(BadFileError):
        await import_leases(database, write(lease_line("L-2"), lease_line("L-1", persons=9)))
    assert len(await events(database)) == 1


async def test_a_lease_of_a_company_system_is_a_bad_line(
    database: Database, projector: BookProjector, write: Write
) -> None:
    await project(database, projector, record("LeaseSigned", lease_terms(), source=ERP))
    told = await bad_lines(import_leases, database, write(lease_line("L-1")))
    assert "erp" in told[1]


async def test_charges_and_corrections_are_appended_once_in_any_order(database: Database, write: Write) -> None:
    await import_leases(database, write(lease_line("L-1")))
    lines = [correction_line("L-1"), charge_line("L-1"), charge_line("L-1", "C-2", month="2026-11")]
    assert await import_charges(database, write(*lines)) == Imported(3, 3, 0)
    assert await import_charges(database, write(*lines)) == Imported(3, 0, 3)
    assert [(kind, version) for _, _, kind, version in (await events(database))[1:]] == [
        ("iok.ChargeCorrected.v1", 1),
        ("iok.ChargeIssued.v1", 2),
        ("iok.ChargeIssued.v1", 3),
    ]


async def test_charges_of_unknown_leases_and_wrong_amounts_are_bad_lines(
    database: Database, projector: BookProjector, write: Write
) -> None:
    await project(database, projector, record("LeaseSigned", lease_terms(), source=ERP))
    told = await bad_lines(
        import_charges,
        database,
        write(
            charge_line("L-1"),
            charge_line("L-unknown"),
            charge_line("L-1", "C-2", 0, lines=[line(0)]),
            charge_line("L-1", "C-3", -5, lines=[line(-5)]),
            charge_line("L-1", "C-4", 10**12, lines=[line(10**11)] * 10),
            charge_line("L-1", "C-5", 5, lines=[line(4)]),
            charge_line("L-1", "C-6", lines=[line(100, description="x" * 81)]),
            correction_line("L-1", charge_id="C-never"),
            {**charge_line("L-1", "C-7"), "type": "InterestCharged"},
            charge_line("L-1", "C-1", 101),
        ),
    )
    assert set(told) == set(range(2, 11))
    assert "not known" in told[2]
    assert "add up" in told[6]
    assert "never issued" in told[8]


async def test_a_charge_of_a_company_system_may_be_corrected(
    database: Database, projector: BookProjector, write: Write
) -> None:
    records = [
        record("LeaseSigned", lease_terms(), source=ERP),
        record("ChargeIssued", charge(100, "C-ERP"), source=ERP, offset=1),
    ]
    await project(database, projector, *records)
    assert (await import_charges(database, write(correction_line("L-1", charge_id="C-ERP")))).appended == 1


async def test_an_interrupted_import_goes_on_when_run_again(database: Database, write: Write) -> None:
    lines = [lease_line(f"L-{number:05}") for number in range(2_500)]
    file = write(*lines)

    def interrupt(done: int, _: int) -> None:
        if done >= 2_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Importer(database, STORE, LeaseLines(STORE), interrupt).run(file)
    assert await import_leases(database, file) == Imported(2_500, 500, 2_000)


async def test_a_lease_of_the_ledgers_own_changes_and_ends_by_commands(database: Database, write: Write) -> None:
    await import_leases(database, write(lease_line("L-1")))
    desk = LeaseDesk(database, STORE)
    change = ChangeLease(LeaseChanged.model_validate(lease_terms(persons=3)))
    assert [await desk.handle("L-1", change), await desk.handle("L-1", change)] == [1, 0]
    assert await desk.handle("L-1", EndLease(date(2026, 12, 31))) == 1
    with pytest.raises(LeaseEndedOtherwiseError):
        await desk.handle("L-1", EndLease(date(2027, 1, 31)))
    with pytest.raises(LeaseNotSignedError):
        await desk.handle("L-2", change)
    assert [event[2:] for event in await events(database)] == [
        ("iok.LeaseSigned.v1", 1),
        ("iok.LeaseChanged.v1", 2),
        ("iok.LeaseEnded.v1", 3),
    ]


async def test_two_commands_at_once_on_one_lease_are_decided_one_after_the_other(
    database: Database, write: Write
) -> None:
    await import_leases(database, write(lease_line("L-1")))
    desk = LeaseDesk(database, STORE)
    changes = [ChangeLease(LeaseChanged.model_validate(lease_terms(persons=n))) for n in range(5)]
    assert sum(await asyncio.gather(*[desk.handle("L-1", change) for change in changes])) >= 4
    versions = [event[3] for event in await events(database)]
    assert versions == list(range(1, len(versions) + 1))


async def run_charges(database: Database, month: str) -> ChargeRun:
    return await Charger(database, STORE, lambda _: None, leases_at_once=2).run(month, TODAY)


async def charged(database: Database) -> dict[str, dict[str, Any]]:
    async with database.connection() as connection:
        found = await connection.fetch("select subject, body from events where topic = 'iok.charges'")
    return {row["subject"]: json.loads(row["body"])["data"] for row in found}


async def test_a_charge_run_charges_every_lease_that_runs_in_the_month_once(
    database: Database, projector: BookProjector
) -> None:
    records = [
        record("LeaseSigned", lease_terms(due_day=31), subject="L-1", offset=0),
        record("LeaseSigned", lease_terms(), subject="L-2", source=ERP, offset=1),
        record("LeaseSigned", lease_terms(ends_on="2026-10-31"), subject="L-3", offset=2),
        record("LeaseSigned", lease_terms(charge_lines=[]), subject="L-4", offset=3),
        record("LeaseSigned", lease_terms(charge_lines=[line(-5)]), subject="L-5", offset=4),
        record("LeaseSigned", lease_terms(), subject="L-6", offset=5),
        record("ChargeIssued", charge(80_000, "N-1", month="2026-11"), subject="L-6", source=ERP, offset=6),
        record("LeaseSigned", lease_terms(), subject="L-7", offset=7),
        record(
            "ChargeIssued", charge(5, "N-2", month="2026-11", lines=[line(5, "rozliczenie")]), subject="L-7", offset=8
        ),
        record("LeaseChanged", lease_terms(), subject="L-8", offset=9),
    ]
    await project(database, projector, *records)
    done = await run_charges(database, "2026-11")
    assert (done.issued, done.amount_grosze, done.charged_before) == (3, 300_000, 1)
    assert (done.not_running, done.without_lines, done.refused) == (1, 1, 1)
    assert set(await charged(database)) == {"L-1", "L-2", "L-7"}
    first = (await charged(database))["L-1"]
    assert (first["charge_id"], first["month"], first["due_on"], first["issued_on"]) == (
        "run-2026-11",
        "2026-11",
        "2026-11-30",
        str(TODAY),
    )
    assert first["lines"] == lease_terms()["charge_lines"]
    again = await run_charges(database, "2026-11")
    assert (again.issued, again.charged_before) == (0, 4)
    assert (await run_charges(database, "2026-12")).issued == 4
    assert date.fromisoformat((await charged(database))["L-1"]["due_on"]) == date(2026, 12, 31)


async def test_a_charge_run_that_fails_says_why_and_keeps_the_pages_before(
    database: Database, projector: BookProjector
) -> None:
    signed = [record("LeaseSigned", lease_terms(), subject=f"L-{n}", offset=n) for n in range(6)]
    await project(database, projector, *signed)

    def tell(looked_at: int) -> None:
        if looked_at >= 4:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await Charger(database, STORE, tell, leases_at_once=2).run("2026-11", TODAY)

    kept = len(await charged(database))
    assert kept in {4, 6}
    again = await run_charges(database, "2026-11")
    assert (again.issued, again.charged_before) == (6 - kept, kept)
