"""Importing payments: checked whole first, nothing on any bad line, once per line, going on where it stopped."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from libs.chassis.event_store import EventStore
from libs.chassis.postgres import Connection
from libs.events.decoding import read_data
from services.payments.app import event_store
from services.payments.commands.imports import CHUNK_LINES, BadFileError, Imported, PaymentImporter
from services.payments.domain.imports import BadLineError, read_line
from services.payments.read_models.import_lines import ImportRunningError, alone
from services.payments.tests.conftest import LEASE, NEIGHBOURS, TENANT, Office


def line(number: int = 1, **changes: Any) -> bytes:
    fields = {
        "lease_id": LEASE,
        "payment_id": f"old-{number}",
        "remote_id": f"R-{number}",
        "paid_on": "2025-03-10",
        "amount_grosze": 1_000 + number,
        "charge_id": "c-2025-03",
    }
    chosen = {name: value for name, value in {**fields, **changes}.items() if value is not None}
    return json.dumps(chosen).encode() + b"\n"


def lines(count: int) -> list[bytes]:
    return [line(number) for number in range(1, count + 1)]


BAD_LINES = {
    "no JSON": (b"{", "not_json"),
    "no object": (b"[]", "line"),
    "a name twice": (b'{"lease_id": "a", "lease_id": "b"}', "duplicate_key"),
    "no UTF-8": (b'{"lease_id": "\xff"}', "not_utf8"),
    "no lease": (line(lease_id=None), "lease_id"),
    "a lease that is no id": (line(lease_id="a b"), "lease_id"),
    "no remote id": (line(remote_id=None), "remote_id"),
    "a day that is none": (line(paid_on="2025-02-30"), "paid_on"),
    "a day with a time": (line(paid_on="2025-02-03T00:00:00"), "paid_on"),
    "no money": (line(amount_grosze=0), "amount_grosze"),
    "negative money": (line(amount_grosze=-1), "amount_grosze"),
    "too much money": (line(amount_grosze=10**11 + 1), "amount_grosze"),
    "money as a text": (line(amount_grosze="100"), "amount_grosze"),
    "money as a float": (line(amount_grosze=1.0), "amount_grosze"),
    "money as a truth": (line(amount_grosze=True), "amount_grosze"),
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_bad_line_is_refused_with_its_reason(kind: str) -> None:
    given, reason = BAD_LINES[kind]
    with pytest.raises(BadLineError, match=reason):
        read_line(given)


def test_a_line_without_a_charge_is_good() -> None:
    assert read_line(line(charge_id=None)).event.charge_id is None


@dataclass
class Import:
    """An import into an office's database; `told` is its progress."""

    office: Office
    told: list[str] = field(default_factory=list)

    async def run(self, given: Iterable[bytes], store: EventStore | None = None) -> Imported:
        return await PaymentImporter(self.office.database, store or event_store(), self.told.append).run(given, 0)

    async def refused(self, given: Iterable[bytes]) -> dict[int, str]:
        """Import what must be refused; gives the reasons by line, having made sure that nothing was written."""
        before = await self.office.counts()
        with pytest.raises(BadFileError) as refusal:
            await self.run(given)
        assert await self.office.counts() == before
        return {bad.line: bad.reason for bad in refusal.value.bad}


@pytest.fixture
def importing(office: Office) -> Import:
    return Import(office)


@pytest.mark.system
async def test_an_imported_payment_is_confirmed_shown_and_told(importing: Import) -> None:
    assert await importing.run([line(1)]) == Imported(1, 0)
    [event] = await importing.office.events()
    assert event == read_line(line(1)).event
    answer = await importing.office.http.get("/payments/old-1", headers=importing.office.as_(TENANT))
    assert answer.json() == {
        "payment_id": "old-1",
        "order_id": None,
        "amount_grosze": 1_001,
        "status": "confirmed",
        "redirect": None,
    }


@pytest.mark.system
async def test_a_file_imported_again_changes_nothing(importing: Import) -> None:
    given = lines(CHUNK_LINES + 5)
    assert await importing.run(given) == Imported(CHUNK_LINES + 5, 0)
    assert await importing.run(given) == Imported(0, CHUNK_LINES + 5)
    assert await importing.office.counts() == {
        "events": CHUNK_LINES + 5,
        "outbox": CHUNK_LINES + 5,
        "notifications": 0,
        "notices": 0,
    }
    assert "appended 1000 payments, up to line 1000" in importing.told


class DyingStore(EventStore):
    """A store whose process is killed in its second chunk."""

    chunks = 0

    async def append_many(self, tx: Connection, items: Any) -> Any:
        self.chunks += 1
        if self.chunks == 2:
            raise KeyboardInterrupt
        return await super().append_many(tx, items)


@pytest.mark.system
async def test_an_interrupted_import_goes_on_where_it_stopped(importing: Import) -> None:
    given = lines(CHUNK_LINES + 500)
    with pytest.raises(KeyboardInterrupt):
        await importing.run(given, DyingStore("iok/payments", read_data))
    assert (await importing.office.counts())["events"] == CHUNK_LINES
    assert await importing.run(given) == Imported(500, CHUNK_LINES)


@pytest.mark.system
async def test_every_bad_line_is_listed_and_nothing_is_imported(importing: Import) -> None:
    given = [line(1), b"{\n", line(2), line(3, amount_grosze=0), b"\n", line(4, lease_id="lease-9"), line(5)]
    reasons = await importing.refused(given)
    assert sorted(reasons) == [2, 4, 6]
    assert reasons[6] == "there is no lease lease-9"


@pytest.mark.system
@pytest.mark.parametrize(
    "change", [{"amount_grosze": 5}, {"paid_on": "2025-03-11"}, {"charge_id": None}, {"lease_id": NEIGHBOURS}]
)
async def test_the_same_payment_with_other_content_is_a_bad_line(importing: Import, change: dict[str, Any]) -> None:
    assert set(await importing.refused([line(1), line(2), line(1, **change)])) == {3}
    await importing.run([line(1)])
    assert set(await importing.refused([line(2), line(1, **change)])) == {2}


@pytest.mark.system
async def test_the_same_line_twice_in_a_file_is_imported_once(importing: Import) -> None:
    assert await importing.run([line(1), line(2), line(1)]) == Imported(2, 1)


@pytest.mark.system
async def test_two_transactions_of_one_payment_are_two_payments(importing: Import) -> None:
    await importing.run([line(1), line(1, remote_id="R-b")])
    await importing.run([line(1, remote_id="R-c")])
    answer = await importing.office.http.get(f"/leases/{LEASE}/payments", headers=importing.office.as_(TENANT))
    [item] = answer.json()["items"]
    assert (item["credited_grosze"], item["amount_grosze"]) == (3 * 1_001, 1_001)


@pytest.mark.system
async def test_a_payment_of_another_lease_is_a_bad_line(importing: Import) -> None:
    given = [line(1), line(1, remote_id="R-b", lease_id=NEIGHBOURS)]
    assert await importing.refused(given) == {2: "payment old-1 belongs to another lease"}


@pytest.mark.system
async def test_money_that_autopay_reported_is_not_imported_again(importing: Import) -> None:
    payment = await importing.office.start(1_001)
    await importing.office.report(payment)
    same = {"payment_id": payment["payment_id"], "remote_id": "R91", "paid_on": "2026-05-10", "charge_id": None}
    assert await importing.run([line(1, **same)]) == Imported(0, 1)
    assert set(await importing.refused([line(2, **same)])) == {1}


@pytest.mark.system
async def test_leases_on_their_way_are_waited_for(importing: Import) -> None:
    waiting = asyncio.Event()
    importer = PaymentImporter(
        importing.office.database, event_store(), lambda told: waiting.set() if "waiting" in told else None
    )
    running = asyncio.create_task(importer.run([line(1, lease_id="lease-late")], 30))
    await waiting.wait()
    await importing.office.hear_of("lease-late")
    assert await running == Imported(1, 0)


@pytest.mark.system
async def test_two_imports_at_once_do_not_mix(importing: Import) -> None:
    async with importing.office.database.connection() as connection, alone(connection):
        with pytest.raises(ImportRunningError):
            await importing.run([line(1)])
    assert await importing.run([line(1)]) == Imported(1, 0)
