"""The operators' list: what was kept but wants a person is shown to staff until one settles it."""

import re

import httpx
import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from services.payments.api import reviews
from services.payments.app import new_door
from services.payments.tests import itn
from services.payments.tests.conftest import TENANT, Office

pytestmark = pytest.mark.system

PASSWORD = "for when identity is away"
PASSWORD_HASH = Argon2id(salt=b"0" * 16, length=32, iterations=1, lanes=1, memory_cost=64).derive_phc_encoded(
    PASSWORD.encode()
)


async def signed_in(office: Office) -> None:
    answer = await office.http.post("/panel/sign-in", data={"login": "", "password": PASSWORD})
    assert answer.status_code == 303, answer.text


async def press(office: Office, page: httpx.Response, **changes: str) -> httpx.Response:
    """Press the first button „Załatwione” of a page."""
    action = re.search(r'action="(/panel/reviews/[^"]+)"', page.text)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert action
    assert csrf
    return await office.http.post(action[1], data={"csrf": csrf[1], **changes})


@pytest.fixture
def panel_password_hash() -> str:
    return PASSWORD_HASH


async def test_what_waits_for_an_operator_is_listed_with_its_reason_and_can_be_settled(office: Office) -> None:
    payment = await office.start()
    await office.report(payment, amount="1.00", fName="Kanarek")
    await office.notify(itn.document(itn.transaction("nobodys", remoteID="R2")))
    await signed_in(office)
    page = await office.http.get("/panel/reviews")
    for words in ("inna kwota niż zlecona", "nieznane zlecenie", payment["order_id"], "nobodys", "lease-1"):
        assert words in page.text
    assert "Kanarek" not in page.text
    assert (await press(office, page)).status_code == 303
    after = await office.http.get("/panel/reviews")
    assert "nieznane zlecenie" not in after.text
    assert "inna kwota niż zlecona" in after.text
    counted = await reviews.section(new_door(office.settings, office.database)).read()
    assert counted.rows == [("1",)]


async def test_settling_credits_nothing(office: Office) -> None:
    payment = await office.start()
    await office.report(payment, amount="1.00")
    await signed_in(office)
    await press(office, await office.http.get("/panel/reviews"))
    assert "Nie ma nic do wyjaśnienia" in (await office.http.get("/panel/reviews")).text
    assert await office.status(payment["payment_id"]) == "in_review"
    assert (await office.counts())["events"] == 1


async def test_what_was_settled_once_cannot_be_settled_again(office: Office) -> None:
    await office.notify(itn.document(itn.transaction("nobodys")))
    await signed_in(office)
    page = await office.http.get("/panel/reviews")
    answers = [await press(office, page), await press(office, page)]
    assert [answer.status_code for answer in answers] == [303, 404]


async def test_a_forged_form_settles_nothing(office: Office) -> None:
    await office.notify(itn.document(itn.transaction("nobodys")))
    await signed_in(office)
    page = await office.http.get("/panel/reviews")
    assert (await press(office, page, csrf="x")).status_code == 403
    assert "nieznane zlecenie" in (await office.http.get("/panel/reviews")).text


async def test_without_a_session_of_the_panel_nothing_is_shown(office: Office) -> None:
    for headers in ({}, office.as_(TENANT)):
        answer = await office.http.get("/panel/reviews", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel/sign-in")
