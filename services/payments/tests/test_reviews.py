"""The operators' list: what was kept but wants a person is shown to staff until one settles it."""

import re

import httpx
import pytest

from libs.events.payments import PaymentConfirmed, PaymentFailed
from services.payments.api import reviews
from services.payments.app import event_store
from services.payments.commands.reviews import Decided, NoSuchReviewError, ReviewDesk
from services.payments.domain.review import CreditParked, NotDecidableError
from services.payments.read_models import money_deeds
from services.payments.tests import itn, panel
from services.payments.tests.banks import DAY
from services.payments.tests.conftest import ASKED_GROSZE, TENANT, Office, at_once
from services.payments.tests.panel import PASSWORD_HASH, sign_in

pytestmark = pytest.mark.system


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
    await sign_in(office.http)
    page = await office.http.get("/panel/reviews")
    for words in ("inna kwota niż zlecona", "nieznane zlecenie", payment["order_id"], "nobodys", "lease-1"):
        assert words in page.text
    assert "Kanarek" not in page.text
    assert (await press(office, page)).status_code == 303
    after = await office.http.get("/panel/reviews")
    assert "nieznane zlecenie" not in after.text
    assert "inna kwota niż zlecona" in after.text
    counted = await reviews.section(office.door()).read()
    assert counted.rows == [("1",)]


async def parked(office: Office, **texts: str) -> tuple[dict[str, str], httpx.Response]:
    """A payment whose report was parked, and the page of that report; somebody is signed in."""
    payment = await office.start()
    await office.report(payment, **{"amount": "1234.00", "paymentDate": f"{DAY:%Y%m%d}120000", **texts})
    await sign_in(office.http)
    listed = await office.http.get("/panel/reviews")
    found = re.search(r'href="(/panel/reviews/[0-9]+)">Zdecyduj', listed.text)
    assert found
    return payment, await office.http.get(found[1])


async def test_a_parked_payment_is_credited_with_what_came_and_never_with_more(office: Office) -> None:
    payment, page = await parked(office)
    assert 'value="1\u00a0234,00"' in page.text
    credit = {"paid_on": str(DAY), "note": "jest w panelu Autopay"}
    for wrong in ({"amount": "1234,01"}, {"amount": "0"}, {"amount": "x"}, {"amount": "1", "note": "x"}):
        assert (await panel.press(office.http, page, ".*/credit", **{**credit, **wrong})).status_code == 422
    done = await panel.press(office.http, page, ".*/credit", amount="1 234,00", **credit)
    assert done.status_code == 303
    again = await panel.press(office.http, page, ".*/credit", amount="1,00", **credit)
    assert again.status_code == 404
    event = (await office.events())[-1]
    assert isinstance(event, PaymentConfirmed)
    assert (event.amount_grosze, event.paid_on) == (123_400, DAY)
    assert await office.status(payment["payment_id"]) == "confirmed"
    assert "Nie ma nic do wyjaśnienia" in (await office.http.get("/panel/reviews")).text
    async with office.database.connection() as connection:
        [deed] = await money_deeds.about(connection, "notice-1")
    assert (deed.deed, deed.lease_id, deed.note) == ("report_credited", "lease-1", "jest w panelu Autopay")


async def test_a_dismissed_payment_has_failed_and_a_later_success_of_the_right_amount_is_credited(
    office: Office,
) -> None:
    payment, page = await parked(office, remoteID="R1")
    assert await office.status(payment["payment_id"]) == "in_review"
    assert (await panel.press(office.http, page, ".*/dismiss", note="nie wpłynęło")).status_code == 303
    assert await office.status(payment["payment_id"]) == "failed"
    assert isinstance((await office.events())[-1], PaymentFailed)
    await office.report(payment, remoteID="R1")
    assert await office.status(payment["payment_id"]) == "confirmed"
    assert [type(event) for event in await office.events()][1:] == [PaymentFailed, PaymentConfirmed]


async def test_dismissing_one_report_leaves_other_money_of_the_payment_credited(office: Office) -> None:
    payment, page = await parked(office, remoteID="R1")
    await office.report(payment, remoteID="R2")
    assert (await panel.press(office.http, page, ".*/dismiss", note="nie wpłynęło")).status_code == 303
    assert await office.status(payment["payment_id"]) == "confirmed"
    assert [type(event) for event in await office.events()][1:] == [PaymentConfirmed]


async def test_money_that_paid_another_order_is_not_credited_once_more(office: Office) -> None:
    await office.report(await office.start(), remoteID="R1")
    _, page = await parked(office, remoteID="R1", amount=f"{ASKED_GROSZE / 100:.2f}")
    assert "transakcja zaliczona już do innego zlecenia" in page.text
    assert "/credit" not in page.text
    desk = ReviewDesk(office.database, event_store())
    with pytest.raises(NotDecidableError):
        await desk.credit(Decided(2, "an-account", "bo tak"), CreditParked(100, DAY))


async def test_of_many_decisions_at_once_on_one_report_one_counts(office: Office) -> None:
    await parked(office)
    desk = ReviewDesk(office.database, event_store())

    async def decide(place: int) -> bool:
        decided = Decided(1, "an-account", "sprawdzone")
        try:
            await (desk.credit(decided, CreditParked(100, DAY)) if place % 2 else desk.dismiss(decided))
        except NoSuchReviewError:
            return False
        return True

    assert (await at_once(*(decide(place) for place in range(6)))).count(True) == 1
    assert (await office.counts())["events"] == 2


async def test_a_parked_payment_cannot_just_be_taken_off_the_list(office: Office) -> None:
    payment, page = await parked(office)
    settled = await office.http.post(
        f"{page.url.path}/settle", data={"csrf": re.findall('value="([0-9a-f]{64})"', page.text)[0]}
    )
    assert settled.status_code == 409
    assert await office.status(payment["payment_id"]) == "in_review"


async def test_what_was_settled_once_cannot_be_settled_again(office: Office) -> None:
    await office.notify(itn.document(itn.transaction("nobodys")))
    await sign_in(office.http)
    page = await office.http.get("/panel/reviews")
    answers = [await press(office, page), await press(office, page)]
    assert [answer.status_code for answer in answers] == [303, 404]


async def test_a_forged_form_settles_nothing(office: Office) -> None:
    await office.notify(itn.document(itn.transaction("nobodys")))
    await sign_in(office.http)
    page = await office.http.get("/panel/reviews")
    assert (await press(office, page, csrf="x")).status_code == 403
    assert "nieznane zlecenie" in (await office.http.get("/panel/reviews")).text


async def test_without_a_session_of_the_panel_nothing_is_shown(office: Office) -> None:
    for headers in ({}, office.as_(TENANT)):
        answer = await office.http.get("/panel/reviews", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel/sign-in")
