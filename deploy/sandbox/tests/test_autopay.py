"""The Autopay stand-in as a payer's browser and our service meet it; our service is a small real HTTP server here."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from aiohttp import web
from defusedxml import ElementTree

from deploy.sandbox.autopay import protocol
from deploy.sandbox.autopay.app import create_app
from deploy.sandbox.autopay.settings import Settings

KEY, SERVICE_ID = "2test2", "2"
WAIT_SECONDS = 5.0
QUICK = {"sandbox_autopay_itn_delay_seconds": 0.0, "sandbox_autopay_retry_seconds": "0.02,0.04"}


@dataclass
class OurService:
    """Takes notifications; answers wrongly as often as told, then confirms."""

    url: str = ""
    answers_before: list[tuple[int, str]] = field(default_factory=list)
    heard: list[dict[str, str]] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        form = await request.post()
        document = base64.b64decode(str(form["transactions"])).decode()
        leaves = [(node.tag, node.text or "") for node in ElementTree.fromstring(document).iter() if len(node) == 0]
        assert leaves[-1] == ("hash", protocol.digest([text for _, text in leaves[:-1]], KEY))
        self.documents.append(document)
        self.heard.append(dict(leaves))
        if self.answers_before:
            status, text = self.answers_before.pop(0)
            return web.Response(status=status, text=text)
        order_id = self.heard[-1]["orderID"]
        digest = protocol.digest((SERVICE_ID, order_id, "CONFIRMED"), KEY)
        return web.Response(
            content_type="text/xml",
            text=f"<confirmationList><serviceID>{SERVICE_ID}</serviceID><transactionsConfirmations>"
            f"<transactionConfirmed><orderID>{order_id}</orderID><confirmation>CONFIRMED</confirmation>"
            f"</transactionConfirmed></transactionsConfirmations><hash>{digest}</hash></confirmationList>",
        )


@pytest.fixture
async def our_service() -> AsyncIterator[OurService]:
    service = OurService()
    application = web.Application()
    application.router.add_post("/autopay/itn", service.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


@asynccontextmanager
async def autopay(var: Path, our_url: str, **changes: object) -> AsyncIterator[httpx.AsyncClient]:
    """Run the stand-in over its file below ``var``."""
    values = {"autopay_service_id": SERVICE_ID, "autopay_key": KEY, "public_url": our_url, "var": var}
    app = create_app(Settings.model_validate({**values, **QUICK, **changes}))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://ap") as client:
        yield client


def start(amount: str = "123.45", order_id: str = "a1", **more: str) -> dict[str, str]:
    fields = {"ServiceID": SERVICE_ID, "OrderID": order_id, "Amount": amount, "Description": "Czynsz", **more}
    return {**fields, "Hash": protocol.digest([fields.get(name, "") for name in protocol.START_FIELDS], KEY)}


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():  # noqa: ASYNC110  (what is awaited happens in the service under test)
            await asyncio.sleep(0.01)


async def pay(client: httpx.AsyncClient, outcome: str = "SUCCESS", **fields: str) -> httpx.Response:
    page = await client.get("/payment", params=start(**fields))
    assert page.status_code == 200, page.text
    action = re.search(r'action="([^"]+)"', page.text)
    assert action
    return await client.post(action[1], data={"outcome": outcome})


async def press(client: httpx.AsyncClient, path_ends: str, **data: str) -> httpx.Response:
    page = await client.get("/")
    action = re.search(rf'action="([^"]+/{path_ends})"', page.text)
    assert action
    return await client.post(action[1], data=data)


async def test_a_payer_sees_what_is_asked_and_three_ways_out(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url, sandbox_autopay_fee_grosze=150) as client:
        page = await client.get("/payment", params=start(amount="1234.56"))
    for words in ("a1", "Czynsz", "1\u00a0234,56\u00a0zł", "1,50\u00a0zł", "1\u00a0236,06\u00a0zł", '<html lang="pl">'):
        assert words in page.text
    assert re.findall(r'name="outcome" value="(\w+)"', page.text) == ["SUCCESS", "PENDING", "FAILURE"]
    assert "style=" not in page.text
    assert "<script" not in page.text


async def test_a_paid_order_goes_back_with_a_hash_and_is_notified(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        answer = await pay(client)
        await until(lambda: len(our_service.heard) == 1)
    back = urlsplit(answer.headers["location"])
    assert answer.status_code == 303
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{our_service.url}/autopay/return"
    digest = protocol.digest((SERVICE_ID, "a1"), KEY)
    assert parse_qsl(back.query) == [("ServiceID", SERVICE_ID), ("OrderID", "a1"), ("Hash", digest)]
    told = our_service.heard[0]
    assert (told["orderID"], told["amount"], told["currency"]) == ("a1", "123.45", "PLN")
    assert (told["paymentStatus"], told["paymentStatusDetails"]) == ("SUCCESS", "AUTHORIZED")
    assert re.fullmatch(r"20\d{12}", told["paymentDate"])
    assert "startAmount" not in told


async def test_a_start_may_come_as_a_form_too(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        page = await client.post("/payment", data=start())
    assert 'name="outcome"' in page.text


async def test_a_server_starting_a_transaction_gets_the_payers_address(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        header = {"BmHeader": "pay-bm-continue-transaction-url"}
        answer = await client.post("/payment", data=start(), headers=header)
        texts = {node.tag: node.text or "" for node in ElementTree.fromstring(answer.content)}
        page = await client.get(texts["redirecturl"])
    values = ("PENDING", texts["redirecturl"], "a1", texts["remoteID"])
    assert texts["hash"] == protocol.digest(values, KEY)
    assert 'name="outcome"' in page.text


async def test_a_start_with_a_forged_hash_is_an_error_document(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        answer = await client.get("/payment", params={**start(), "Amount": "0.01"})
        listed = await client.get("/")
    assert answer.status_code == 406
    assert "<statusCode>7</statusCode><name>INVALID_HASH</name>" in answer.text
    assert "a1" not in listed.text


async def test_a_notification_is_repeated_until_it_is_confirmed(tmp_path: Path, our_service: OurService) -> None:
    our_service.answers_before = [(500, ""), (200, "OK"), (200, "<confirmationList/>")]
    async with autopay(tmp_path, our_service.url) as client:
        await pay(client)
        await until(lambda: len(our_service.heard) == 4)
        await asyncio.sleep(0.2)
        listed = (await client.get("/")).text
    assert len(set(our_service.documents)) == 1
    assert len(our_service.documents) == 4
    for words in ("HTTP 500", "answer is no XML", "wrong hash", "CONFIRMED", "Prób: 4"):
        assert words in listed


async def test_a_notification_outlives_a_restart(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, "http://127.0.0.1:9") as client:
        await pay(client)
        await asyncio.sleep(0.2)
        assert "not delivered" in (await client.get("/")).text
    async with autopay(tmp_path, our_service.url):
        await until(lambda: len(our_service.heard) == 1)


async def test_a_pending_payment_is_answered_later(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        await pay(client, "PENDING")
        await until(lambda: len(our_service.heard) == 1)
        await press(client, "answer", outcome="SUCCESS")
        await until(lambda: len(our_service.heard) == 2)
        late = await client.post(
            f"/transactions/{our_service.heard[0]['remoteID']}/answer", data={"outcome": "FAILURE"}
        )
    assert [told["paymentStatus"] for told in our_service.heard] == ["PENDING", "SUCCESS"]
    assert len({told["remoteID"] for told in our_service.heard}) == 1
    assert late.status_code == 409


async def test_a_confirmed_notification_can_be_sent_again(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        await pay(client)
        await until(lambda: len(our_service.heard) == 1)
        assert (await press(client, "again")).status_code == 303
        await until(lambda: len(our_service.heard) == 2)
    assert our_service.documents[0] == our_service.documents[1]


async def test_a_second_click_changes_nothing(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        page = await client.get("/payment", params=start())
        action = re.findall(r'action="([^"]+)"', page.text)[0]
        answers = [await client.post(action, data={"outcome": outcome}) for outcome in ("SUCCESS", "FAILURE")]
        await until(lambda: len(our_service.heard) == 1)
        await asyncio.sleep(0.1)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(our_service.heard) == 1


async def test_an_order_can_be_paid_twice_unless_forbidden(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        await pay(client)
        again = await client.get("/payment", params=start())
        await pay(client)
        await until(lambda: len(our_service.heard) == 2)
    async with autopay(tmp_path, our_service.url, sandbox_autopay_block_paid=True) as client:
        refused = await client.get("/payment", params=start())
    assert "już opłacone" in again.text
    assert len({told["remoteID"] for told in our_service.heard}) == 2
    assert "<reason>MULTIPLY_PAID_TRANSACTION</reason>" in refused.text


@pytest.mark.parametrize(("inside", "amount", "start_amount"), [(True, "124.95", "123.45"), (False, "123.45", None)])
async def test_the_payers_fee_is_told_in_either_way(
    tmp_path: Path, our_service: OurService, inside: bool, amount: str, start_amount: str | None
) -> None:
    fee = {"sandbox_autopay_fee_grosze": 150, "sandbox_autopay_fee_in_amount": inside}
    async with autopay(tmp_path, our_service.url, **fee) as client:
        await pay(client)
        await until(lambda: len(our_service.heard) == 1)
    assert (our_service.heard[0]["amount"], our_service.heard[0].get("startAmount")) == (amount, start_amount)


async def test_autopays_test_amounts_fail_each_in_its_way(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        page = await client.get("/payment", params=start(amount="756.37"))
        await pay(client, "FAILURE", amount="756.37")
        await until(lambda: len(our_service.heard) == 1)
    assert '<option value="BAD_PIN" selected>' in page.text
    assert our_service.heard[0]["paymentStatusDetails"] == "BAD_PIN"


async def test_the_status_of_an_order_names_its_payments(tmp_path: Path, our_service: OurService) -> None:
    question = {"ServiceID": SERVICE_ID, "OrderID": "a1", "Hash": protocol.digest((SERVICE_ID, "a1"), KEY)}
    async with autopay(tmp_path, our_service.url) as client:
        before = await client.post("/webapi/transactionStatus", data=question)
        await pay(client)
        after = await client.post("/webapi/transactionStatus", data=question)
        forged = await client.post("/webapi/transactionStatus", data={**question, "OrderID": "a2"})
    assert "<transactions></transactions>" in before.text
    assert "<paymentStatus>SUCCESS</paymentStatus>" in after.text
    assert "<gatewayID>106</gatewayID>" in after.text  # the channel paid by, as the notification said
    assert forged.status_code == 406


async def test_the_gateway_list_is_given_to_whoever_knows_the_key(tmp_path: Path, our_service: OurService) -> None:
    values = {"ServiceID": SERVICE_ID, "MessageID": "1" * 32, "Currencies": "PLN", "Language": "PL"}
    question = {**values, "Hash": protocol.digest(values.values(), KEY)}
    async with autopay(tmp_path, our_service.url) as client:
        answer = (await client.post("/gatewayList/v3", json=question)).json()
        forged = (await client.post("/gatewayList/v3", json={**question, "Language": "EN"})).json()
    assert [channel["gatewayID"] for channel in answer["gatewayList"]] == [106, 509, 1500]
    assert (answer["result"], answer["messageID"]) == ("OK", "1" * 32)
    assert (forged["result"], forged["errorStatus"], forged["gatewayList"]) == ("ERROR", "INVALID_HASH", [])


async def test_an_unknown_transaction_or_outcome_is_refused(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        absent = await client.get("/payment/continue/NOSUCH/key")
        wrong = await pay(client, "MAYBE")
        huge = await client.post("/payment", content=b"x" * 70_000)
    assert (absent.status_code, wrong.status_code, huge.status_code) == (404, 422, 413)


async def test_the_policy_lets_the_form_lead_back_to_us(tmp_path: Path, our_service: OurService) -> None:
    async with autopay(tmp_path, our_service.url) as client:
        page = await client.get("/payment", params=start())
        css = await client.get("/static/autopay.css")
    assert f"form-action 'self' {our_service.url}" in page.headers["content-security-policy"]
    assert css.headers["content-type"].startswith("text/css")


def test_a_wrong_setting_is_refused_at_start() -> None:
    for wrong in ("", "0", "1,-2", "one"):
        with pytest.raises(ValueError, match="sandbox_autopay_retry_seconds"):
            Settings(sandbox_autopay_retry_seconds=wrong)
