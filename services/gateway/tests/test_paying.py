"""„Płacę”, „Zapłać”, and coming back from Autopay."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.gateway.tests import company
from services.gateway.tests.company import MONTH_GROSZE, MONTHS
from services.gateway.tests.conftest import PUBLIC_URL, Opened, Portal

PLACE = "/umowa/L-1/place"
THIS_MONTH = f"{PLACE}?miesiac={MONTHS[0]}"
DUE_TODAY = "due_today::122125"
MONTH = f"charge:ch-{MONTHS[0]}:{MONTH_GROSZE}"
RETURN = f"/autopay/return?ServiceID=100&OrderID=o1&Hash={'a' * 64}"


async def form(anna: Portal) -> dict[str, str]:
    return await anna.hidden(THIS_MONTH, THIS_MONTH)


def choices(text: str) -> list[str]:
    found = re.findall(r'name="choice" type="radio" value="([^"]+)"', text)
    assert not found or found[-1] == "other"
    return found[:-1]


async def pay(anna: Portal, fields: dict[str, str], choice: str) -> httpx.Response:
    return await anna.browser.post(THIS_MONTH, data=fields | {"choice": choice})


async def test_the_months_charge_is_shown_line_by_line_with_its_correction(anna: Portal) -> None:
    text = await anna.see(f"{PLACE}?miesiac={MONTHS[1]}")
    assert "Zaliczka na zimną wodę i ścieki" in text
    assert "Korekta z 20" in text
    assert "1\u00a0008,80\u00a0zł" in text


async def test_all_that_is_due_or_the_months_charge_can_be_paid(anna: Portal) -> None:
    assert choices(await anna.see(THIS_MONTH)) == [DUE_TODAY, MONTH]


async def test_the_earliest_month_with_something_unpaid_is_shown_with_what_is_left_of_it(anna: Portal) -> None:
    text = await anna.see(PLACE)
    assert "Opłata za październik\u00a02026" in text
    assert choices(text) == [DUE_TODAY, f"charge:ch-{MONTHS[1]}:120125"]


async def test_a_month_that_is_paid_says_so_and_has_nothing_to_pay(anna: Portal) -> None:
    text = await anna.see(f"{PLACE}?miesiac={MONTHS[5]}")
    assert "Ta opłata jest zapłacona." in text
    assert "Zapłać\n" not in text
    assert choices(text) == []
    assert f'href="{PLACE}">Zobacz, co jest jeszcze do zapłaty' in text


async def test_when_nothing_is_due_today_the_next_sum_can_be_paid(anna: Portal) -> None:
    anna.company.balance["due_today_grosze"] = 0
    assert choices(await anna.see(PLACE)) == [f"charge:ch-{MONTHS[1]}:120125", f"next_due::{MONTH_GROSZE}"]
    await pay(anna, await form(anna), f"next_due::{MONTH_GROSZE}")
    body = anna.company.payments.calls("POST", "/payments")[0][3]
    assert body == f'{{"amount_grosze": {MONTH_GROSZE}}}'.encode()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("pending", "Wpłata 1\u00a0221,25\u00a0zł czeka na potwierdzenie. Nie płać drugi raz."),
        ("initiated", "Rozpoczęto płatność 1\u00a0221,25\u00a0zł, ale nie mamy jej potwierdzenia."),
    ],
)
@pytest.mark.parametrize("page", ["", "/finanse", "/place"])
async def test_a_payment_that_waits_is_named_before_the_button(anna: Portal, page: str, status: str, said: str) -> None:
    anna.company.payment_status = status
    before, _, _ = (await anna.see(f"/umowa/L-1{page}")).partition("govuk-button")
    assert said in before


async def test_a_payment_that_waits_is_named_before_the_choices(anna: Portal) -> None:
    before, choice, after = (await anna.see(PLACE)).partition('name="choice"')
    assert choice
    assert ("czeka na potwierdzenie" in before, "czeka na potwierdzenie" in after) == (True, False)


async def test_while_payments_are_away_the_month_is_still_shown(anna: Portal) -> None:
    anna.company.payments.away = True
    text = await anna.see(PLACE)
    assert "nie możemy pokazać: płatności internetowe." in text
    assert choices(text)


async def test_paying_leads_to_autopay_with_its_fields(anna: Portal) -> None:
    answer = await pay(anna, await form(anna), DUE_TODAY)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert f"{target.scheme}://{target.netloc}" == anna.company.autopay_url
    assert parse_qs(target.query)["ServiceID"] == ["100"]
    _, _, headers, body = anna.company.payments.calls("POST", "/payments")[0]
    assert body == b'{"amount_grosze": 122125}'
    assert len(headers["Idempotency-Key"]) == 64


async def test_paying_a_month_names_its_charge(anna: Portal) -> None:
    await pay(anna, await form(anna), MONTH)
    body = anna.company.payments.calls("POST", "/payments")[0][3]
    assert (
        body == f'{{"amount_grosze": {MONTH_GROSZE}, "charge_id": "ch-{MONTHS[0]}", "month": "{MONTHS[0]}"}}'.encode()
    )


@pytest.mark.parametrize(("typed", "grosze"), [("250", 25_000), ("1\u00a0234,5", 123_450), (" 0.05 zł ", 5)])
async def test_another_amount_can_be_paid(anna: Portal, typed: str, grosze: int) -> None:
    answer = await anna.browser.post(THIS_MONTH, data=await form(anna) | {"choice": "other", "kwota": typed})
    assert answer.status_code == 303
    assert anna.company.payments.calls("POST", "/payments")[0][3] == f'{{"amount_grosze": {grosze}}}'.encode()


@pytest.mark.parametrize("typed", ["", "0", "0,00", "-5", "1e3", "12,345", "dużo", "1234567890"])
async def test_what_is_no_amount_is_an_error_at_the_amount_and_stays_typed(anna: Portal, typed: str) -> None:
    answer = await anna.browser.post(THIS_MONTH, data=await form(anna) | {"choice": "other", "kwota": typed})
    assert 'href="#kwota"' in answer.text
    assert f'value="{typed}"' in answer.text or not typed
    assert not anna.company.stored


async def test_a_typed_amount_beside_another_choice_is_asked_about_and_never_passed_over(anna: Portal) -> None:
    answer = await anna.browser.post(THIS_MONTH, data=await form(anna) | {"choice": DUE_TODAY, "kwota": "100"})
    assert 'href="#kwota">Wpisana jest inna kwota.' in answer.text
    assert re.search(r'name="choice" type="radio" value="other" checked', answer.text)
    assert not anna.company.stored


async def test_a_channel_can_be_picked_and_nobody_has_to(anna: Portal) -> None:
    assert 'name="channel"' not in await anna.see(THIS_MONTH)
    anna.company.channels = [{"channel_id": "509", "name": "BLIK", "min_grosze": 1, "max_grosze": 10**9}]
    fields = await form(anna)
    text = await anna.see(THIS_MONTH)
    assert re.search(r'name="channel" type="radio" value="0" checked', text)
    assert "BLIK" in text
    await anna.browser.post(THIS_MONTH, data=fields | {"choice": DUE_TODAY, "channel": "509"})
    await anna.browser.post(THIS_MONTH, data=fields | {"choice": DUE_TODAY, "channel": "0"})
    bodies = [call[3] for call in anna.company.payments.calls("POST", "/payments")]
    assert bodies == [b'{"amount_grosze": 122125, "channel": "509"}', b'{"amount_grosze": 122125}']
    assert len(anna.company.stored) == 2


async def test_a_refusal_stands_at_its_field_and_the_form_gets_a_new_key(anna: Portal) -> None:
    anna.company.channels = [{"channel_id": "509", "name": "BLIK", "min_grosze": 1, "max_grosze": 2}]
    anna.company.refused_fields = [{"field": "channel", "message": "Tym sposobem można zapłacić mniej."}]
    fields = await form(anna)
    answer = await anna.browser.post(THIS_MONTH, data=fields | {"choice": DUE_TODAY, "channel": "509"})
    assert 'href="#channel">Tym sposobem' in answer.text
    assert f'value="{fields["key"]}"' not in answer.text


async def test_the_operators_fee_is_named_before_leaving(anna: Portal, opened: Opened) -> None:
    assert "Operator może doliczyć niewielką opłatę" in await anna.see(THIS_MONTH)
    async with opened(PUBLIC_URL, payer_fee_grosze=34, payer_fee_percent="1.19") as portal:
        await portal.sign_in()
        text = await portal.see(THIS_MONTH)
    assert "Operator dolicza do wpłaty swoją opłatę, niezależną od nas: 1,19% kwoty + 0,34\u00a0zł." in text
    assert "razem z opłatą operatora: 1\u00a0236,12\u00a0zł" in text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("confirmed", "zapłacono"),
        ("pending", "nie płać drugi raz"),
        ("initiated", "Dokończ tę płatność"),
        ("failed", "Zapłać ponownie"),
        ("expired", "Zapłać ponownie"),
        ("refunded", "zwrócona"),
        ("in_review", "sprawdzamy ją"),
    ],
)
async def test_each_payment_tells_its_state_and_how_to_go_on(anna: Portal, status: str, said: str) -> None:
    anna.company.payment_status = status
    main = (await anna.see("/umowa/L-1/platnosci")).partition("<main")[2]
    assert said in main
    assert ("Zapłać ponownie" in main) == (status in {"failed", "expired"})
    assert ("Dokończ" in main) == (status == "initiated")


async def test_a_payment_left_before_another_is_not_offered_again(anna: Portal) -> None:
    anna.company.payment_status = "confirmed"
    anna.company.payments_before = [company.payment("initiated")]
    main = (await anna.see("/umowa/L-1/platnosci")).partition("<main")[2]
    assert "rozpoczęta, bez potwierdzenia" in main
    assert "Dokończ" not in main


async def test_an_imported_payment_is_known_by_its_day_alone(anna: Portal) -> None:
    anna.company.payment_more = {"begun_at": "2026-07-01T00:00:00Z"}
    assert "1\u00a0lipca\u00a02026, 02:00" in await anna.see("/umowa/L-1/platnosci")
    anna.company.payment_more |= {"order_id": None}
    assert "1\u00a0lipca\u00a02026</span>" in await anna.see("/umowa/L-1/platnosci")


async def test_a_payment_that_failed_is_not_offered_again_when_nothing_is_owed(anna: Portal) -> None:
    anna.company.payment_status = "failed"
    anna.company.balance |= {"due_today_grosze": 0, "not_yet_due_grosze": 0}
    text = await anna.see("/umowa/L-1/platnosci")
    assert "nie udała się" in text
    assert "Zapłać ponownie" not in text


async def test_a_payment_that_was_left_goes_on_with_the_same_order_and_a_settled_one_does_not(anna: Portal) -> None:
    anna.company.payment_status = "initiated"
    answer = await anna.browser.get("/umowa/L-1/platnosci/p-1/dalej")
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["OrderID"] == ["o1"]
    assert not anna.company.stored
    anna.company.payment_status = "confirmed"
    settled = await anna.browser.get("/umowa/L-1/platnosci/p-1/dalej")
    assert settled.headers["location"] == "/umowa/L-1/platnosci"
    assert (await anna.browser.get("/umowa/L-1/platnosci/p-9/dalej")).status_code == 404


async def test_two_clicks_are_one_payment(anna: Portal) -> None:
    fields = await form(anna)
    first, second = await pay(anna, fields, DUE_TODAY), await pay(anna, fields, DUE_TODAY)
    assert first.headers["location"] == second.headers["location"]
    assert len(anna.company.stored) == 1


async def test_another_choice_or_another_page_is_another_payment(anna: Portal) -> None:
    fields = await form(anna)
    await pay(anna, fields, DUE_TODAY)
    await pay(anna, fields, MONTH)
    await pay(anna, await form(anna), DUE_TODAY)
    assert len(anna.company.stored) == 3


async def test_a_click_while_the_first_is_in_flight_waits_for_its_answer(anna: Portal) -> None:
    fields = await form(anna)
    anna.company.in_flight_times = 2
    assert (await pay(anna, fields, DUE_TODAY)).status_code == 303
    assert len(anna.company.payments.calls("POST", "/payments")) == 3


@pytest.mark.parametrize("choice", ["", "due_today::0", "due_today::-5", "charge:a b:1", "due_today::1e3", "x"])
async def test_no_choice_is_an_error_at_the_choice(anna: Portal, choice: str) -> None:
    answer = await pay(anna, await form(anna), choice)
    assert "<title>Błąd: Płacę" in answer.text
    assert "Wybierz, co chcesz zapłacić." in answer.text
    assert not anna.company.stored


async def test_while_payments_are_away_the_form_stays_with_its_key(anna: Portal) -> None:
    fields = await form(anna)
    anna.company.payments.away = True
    answer = await pay(anna, fields, MONTH)
    assert answer.status_code == 503
    assert "Niczego nie pobraliśmy" in answer.text
    assert f'value="{fields["key"]}"' in answer.text
    assert re.search(rf'value="{MONTH}" checked', answer.text)


async def test_nobody_is_led_to_another_host_than_autopays(anna: Portal) -> None:
    fields = await form(anna)
    anna.company.autopay_url = "http://zly.example"
    answer = await pay(anna, fields, DUE_TODAY)
    assert answer.status_code == 503
    assert "location" not in answer.headers


@pytest.mark.parametrize("status", ["initiated", "pending"])
async def test_until_the_notification_comes_the_payment_waits(anna: Portal, status: str) -> None:
    anna.company.payment_status = status
    text = await anna.see(RETURN)
    assert "Wpłata oczekuje na potwierdzenie" in text
    assert "potwierdził" not in text
    assert '<noscript><meta http-equiv="refresh" content="2; url=/autopay/return?' in text
    assert "data-hx-get" in text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("confirmed", ">Zobacz saldo</a>"),
        ("failed", "Spróbuj ponownie"),
        ("expired", "Spróbuj ponownie"),
        ("refunded", "została zwrócona"),
        ("in_review", "Sprawdzamy ją"),
    ],
)
async def test_what_the_notification_said_is_shown_and_nothing_is_asked_again(
    anna: Portal, status: str, said: str
) -> None:
    anna.company.payment_status = status
    text = await anna.see(RETURN)
    assert said in text
    assert "http-equiv" not in text
    assert "data-hx-get" not in text


async def test_the_script_reloads_the_page_once_the_outcome_is_known(anna: Portal) -> None:
    waiting = await anna.browser.get(RETURN, headers={"HX-Request": "true"})
    assert 'id="stan"' in waiting.text
    assert "<html" not in waiting.text
    anna.company.payment_status = "confirmed"
    settled = await anna.browser.get(RETURN, headers={"HX-Request": "true"})
    assert settled.headers["hx-refresh"] == "true"


async def test_the_page_asks_ever_more_slowly_and_then_leaves_it_to_the_reader(anna: Portal) -> None:
    assert 'content="300;' in await anna.see(f"{RETURN}&proba=16")
    last = await anna.see(f"{RETURN}&proba=999")
    assert "http-equiv" not in last
    assert "Sprawdź teraz" in last


async def test_after_half_a_minute_the_page_says_how_long_it_may_take(anna: Portal) -> None:
    assert "Zwykle trwa to kilka sekund" in await anna.see(f"{RETURN}&proba=8")
    slow = await anna.see(f"{RETURN}&proba=9")
    assert "do następnego dnia roboczego" in slow
    assert "kilka sekund" not in slow


async def test_coming_back_works_for_somebody_who_is_not_signed_in(portal: Portal) -> None:
    assert "oczekuje na potwierdzenie" in await portal.see(RETURN)


async def test_a_return_that_autopay_did_not_sign_shows_nothing(anna: Portal) -> None:
    answer = await anna.browser.get(f"/autopay/return?ServiceID=100&OrderID=o1&Hash={'b' * 64}")
    assert answer.status_code == 404


async def test_while_payments_are_away_the_return_page_says_so_and_goes_on_asking(anna: Portal) -> None:
    anna.company.payments.away = True
    answer = await anna.browser.get(RETURN)
    assert answer.status_code == 503
    assert "wpłata nie przepadnie" in answer.text
    assert "http-equiv" in answer.text
