"""The panel's pages about bank money: statements sent in, what is unclear found and decided, settlements shown."""

import re

import httpx
import pytest

from libs.events.payments import TransferCredited, TransferReceived, TransferReturned, TransferUncredited
from services.payments.read_models import lease_accounts
from services.payments.read_models.lease_accounts import ToldAccount
from services.payments.tests.banks import DAY, Line, mbank, pko, virtual
from services.payments.tests.conftest import LEASE, NEIGHBOURS, TENANT, Office
from services.payments.tests.panel import PASSWORD_HASH, press, sign_in

pytestmark = pytest.mark.system
PAGES = ("/panel/transfers", "/panel/statements", "/panel/settlements", "/panel/transfers/x", "/panel/statements/1")


@pytest.fixture
def panel_password_hash() -> str:
    return PASSWORD_HASH


async def upload(office: Office, data: bytes, name: str = "wyciag.sta", **fields: str) -> httpx.Response:
    page = await office.http.get("/panel/statements")
    return await press(office.http, page, "/panel/statements", files={"file": (name, data)}, **fields)


async def open_first(office: Office) -> httpx.Response:
    listed = await office.http.get("/panel/transfers")
    found = re.search(r'href="(/panel/transfers/[0-9a-f]{32})"', listed.text)
    assert found
    return await office.http.get(found[1])


async def test_a_statement_sent_in_is_reported_and_what_is_unclear_is_found_credited_and_taken_off(
    office: Office,
) -> None:
    await sign_in(office.http)
    sent = await upload(office, mbank([Line(12_345, f"za luty {virtual(1)}"), Line(99, movement=Line(1).movement)]))
    assert sent.status_code == 303
    report = await office.http.get(sent.headers["location"])
    assert "12/2026" in report.text
    assert "(hasło awaryjne)" in report.text
    assert re.search(r"Do wyjaśnienia</dt><dd>2, razem 124,44\u00a0zł", report.text)
    again = await upload(office, mbank([Line(12_345, f"za luty {virtual(1)}"), Line(99)]))
    assert "był już wczytany" in (await office.http.get(again.headers["location"])).text

    listed = await office.http.get("/panel/transfers")
    assert "Ł••• Ż•••" in listed.text
    assert "ŁUCJA" not in listed.text
    assert "za luty" not in listed.text
    found = await press(office.http, listed, r"/panel/transfers\?status=to_clarify", text="123,45 zł")
    assert found.text.count("numer nie należy do żadnej umowy") == 1
    page = await office.http.get(re.findall(r'href="(/panel/transfers/[0-9a-f]{32})"', found.text)[0])
    assert "ŁUCJA ŻÓŁĆ" in page.text
    assert "za luty" in page.text
    wrong = await press(office.http, page, ".*/credit", lease="nobodys")
    assert (wrong.status_code, "Błąd: " in wrong.text, "Nie ma takiej umowy" in wrong.text) == (422, True, True)
    asked = await press(office.http, page, ".*/credit", lease=f"{LEASE}/2024", note="dzwonił najemca")
    assert (asked.status_code, "Czy to ta umowa?" in asked.text, f"{LEASE}/2024</dd>" in asked.text) == (
        200,
        True,
        True,
    )
    assert f'name="confirmed" value="{LEASE}"' in asked.text
    assert "Wpłacający według banku</dt><dd>ŁUCJA ŻÓŁĆ" in asked.text
    assert all(f'/panel/leases{way}{LEASE}"' in asked.text for way in ("?lease=", "/"))
    assert not [event for event in await office.events() if isinstance(event, TransferCredited)]
    credited = await press(office.http, asked, ".*/credit", lease=LEASE, confirmed=LEASE, note="dzwonił najemca")
    page = await office.http.get(credited.headers["location"])
    assert "Przelew zaliczono na umowę" in page.text
    assert "dzwonił najemca" in page.text
    without_note = await press(office.http, page, ".*/uncredit", note=" ")
    assert (without_note.status_code, "Napisz powód" in without_note.text) == (422, True)
    assert (await press(office.http, page, ".*/uncredit", note="nie ta umowa")).status_code == 303
    late = await press(office.http, page, ".*/uncredit", note="jeszcze raz")
    assert (late.status_code, "zmienił stan" in late.text) == (422, True)
    assert [type(event) for event in await office.events()] == [
        TransferReceived, TransferReceived, TransferCredited, TransferUncredited,
    ]  # fmt: skip


async def test_the_transfers_of_a_lease_are_listed_without_those_of_another(office: Office) -> None:
    async with office.database.transaction() as tx:
        both = ((LEASE, virtual(1)), (NEIGHBOURS, virtual(2)))
        await lease_accounts.project(tx, [ToldAccount(lease, account, "iok/ledger") for lease, account in both])
    await sign_in(office.http)
    await upload(office, mbank([Line(12_345, f"za luty {virtual(1)}"), Line(200, f"za luty {virtual(2)}")]))
    every = await office.http.get("/panel/transfers?status=credited")
    assert "2 na 125,45\u00a0zł" in every.text
    listed = await office.http.get(f"/panel/transfers?status=credited&lease={LEASE}")
    found = await press(office.http, listed, r"/panel/transfers\?status=credited&amp;lease=.*?", text="luty")
    for page in (listed, found):
        assert (f"<td>{LEASE}</td>" in page.text, NEIGHBOURS in page.text) == (True, False)
        assert "1 na 123,45\u00a0zł" in page.text
    assert (await office.http.get("/panel/transfers?lease=Anna%20Kowalska")).status_code == 422


async def test_a_transfer_is_sent_back_on_a_day_that_was_and_with_a_reason(office: Office) -> None:
    await sign_in(office.http)
    await upload(office, mbank([Line(100)]))
    page = await open_first(office)
    unsure = await press(office.http, page, ".*/return", returned_on=str(DAY), note="pomyłka")
    assert (unsure.status_code, "Zaznacz, że pieniądze wróciły" in unsure.text) == (422, True)
    tomorrow = await press(office.http, page, ".*/return", returned_on="2999-01-01", note="pomyłka", sure="yes")
    assert (tomorrow.status_code, "nie późniejszy niż dzisiaj" in tomorrow.text) == (422, True)
    sent = await press(office.http, page, ".*/return", returned_on=str(DAY), note="pomyłka", sure="yes")
    assert "odesłano" in (await office.http.get(sent.headers["location"])).text
    assert isinstance((await office.events())[-1], TransferReturned)
    assert "Nic nie czeka na wyjaśnienie" in (await office.http.get("/panel/transfers")).text


async def test_a_file_that_is_refused_is_told_why_and_leaves_nothing(office: Office) -> None:
    await sign_in(office.http)
    wrong = await upload(office, mbank([Line(100)], close=7))
    assert (wrong.status_code, "nie zgadza się" in wrong.text) == (422, True)
    no_file = await press(office.http, await office.http.get("/panel/statements"), "/panel/statements")
    assert (no_file.status_code, "wybierz plik" in no_file.text) == (422, True)
    assert "Wybierz inny plik" in wrong.text
    nobodys = await upload(office, mbank([Line(100)]).replace(b":25:PL", b":25:PL9"))
    assert (nobodys.status_code, "Wybierz inny plik" in nobodys.text) == (422, False)
    assert '<a href="#profile">Wskaż sposób zapisu MT940</a>' in nobodys.text
    unknown_bank = pko([Line(1)]).replace(b":25:PL", b":25:")
    assert (await upload(office, unknown_bank, profile="none")).status_code == 422
    assert (await upload(office, b"x" * (9 * 1024 * 1024))).status_code == 413
    assert (await office.counts())["events"] == 0
    assert "Nie wczytano jeszcze żadnego wyciągu" in (await office.http.get("/panel/statements")).text


async def test_settlements_are_shown_with_what_payments_do_not_explain(office: Office) -> None:
    payment = await office.start(1_000)
    await office.report(payment, remoteID="REMOTE0001", paymentDate=f"{DAY:%Y%m%d}120000")
    await sign_in(office.http)
    await upload(office, mbank([Line(990, "Wyplata REMOTE0001", "AUTOPAY S.A.")]))
    page = await office.http.get("/panel/settlements")
    assert re.search(r"9,90\u00a0zł</td><td>1</td><td>10,00\u00a0zł</td><td[^>]*>-0,10\u00a0zł", page.text)


async def test_nothing_is_shown_or_done_without_a_session_or_by_a_forged_form(office: Office) -> None:
    for address in PAGES:
        answer = await office.http.get(address, headers=office.as_(TENANT))
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel/sign-in")
    await sign_in(office.http)
    page = await office.http.get("/panel/statements")
    forged = await press(office.http, page, "/panel/statements", files={"file": ("a", mbank([Line(1)]))}, csrf="x")
    assert forged.status_code == 403
    assert (await office.counts())["events"] == 0
    assert [(await office.http.get(missing)).status_code for missing in PAGES[3:]] == [404, 404]
