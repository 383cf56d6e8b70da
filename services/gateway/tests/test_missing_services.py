"""A service that is away costs its own part of a page and nothing else, within a second."""

import asyncio
import time

import pytest

from services.gateway.tests.conftest import Portal

WITHIN_SECONDS = 8.0  # a page takes 1 s on a quiet machine; the slow service would have taken 30
PARTS = {
    "ledger": ("saldo i terminy płatności", "Korespondencja"),
    "payments": ("płatności internetowe", "1\u00a0221,25\u00a0zł"),
    "correspondence": ("korespondencja", "1\u00a0221,25\u00a0zł"),
}


@pytest.mark.parametrize("service", PARTS)
@pytest.mark.parametrize("mood", ["away", "slow", "stopped"])
async def test_the_start_page_names_what_is_missing_and_shows_the_rest(anna: Portal, service: str, mood: str) -> None:
    await anna.see("/")
    fake = getattr(anna.company, service)
    fake.away, fake.slow = mood == "away", mood == "slow"
    if mood == "stopped":
        await fake.stop()
    began = time.perf_counter()
    text = await anna.see("/")
    assert time.perf_counter() - began < WITHIN_SECONDS
    named, still_there = PARTS[service]
    assert "Chwilowo nie możemy pokazać" in text
    assert named in text.partition("Chwilowo nie możemy pokazać")[2].partition("</p>")[0]
    assert still_there in text


@pytest.mark.parametrize("page", ["/umowa/L-1/finanse", "/umowa/L-1/historia", "/umowa/L-1/place", "/umowa/L-1/lokal"])
async def test_a_page_whose_heart_is_missing_keeps_its_frame_and_says_when_to_ask_again(
    anna: Portal, page: str
) -> None:
    anna.company.ledger.slow = True
    began = time.perf_counter()
    answer = await anna.browser.get(page)
    assert time.perf_counter() - began < WITHIN_SECONDS
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert "Chwilowo nie możemy pokazać" in answer.text
    assert 'href="/korespondencja"' in answer.text


async def test_while_identity_is_silent_nobody_new_comes_in_but_is_told_why(portal: Portal) -> None:
    portal.company.identity.away = True
    answer = await portal.sign_in()
    assert answer.status_code == 503
    assert "Logowanie chwilowo nie działa" in answer.text
    assert 'value="anna"' in answer.text


async def test_an_unknown_session_while_identity_is_silent_is_no_sign_in(portal: Portal) -> None:
    portal.company.identity.slow = True
    portal.browser.cookies.set("iok", "opaque-nieznana")
    began = time.perf_counter()
    answer = await portal.browser.get("/")
    assert time.perf_counter() - began < WITHIN_SECONDS
    assert answer.status_code == 503


async def test_many_requests_of_one_session_ask_identity_once(portal: Portal) -> None:
    await portal.sign_in()
    answers = await asyncio.gather(*(portal.browser.get("/korespondencja") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(portal.company.identity.calls("POST", "/tokens")) == 1


async def test_a_service_that_does_not_take_our_token_is_away_and_nobody_is_signed_out(anna: Portal) -> None:
    anna.company.ledger.refuses_tokens = True
    text = await anna.see("/")
    assert "Chwilowo nie możemy pokazać" in text
