"""Korespondencja: writing, reading, replying, and losing nothing of it."""

import pytest

from services.gateway.tests.conftest import Portal, hidden_fields

NEW = "/korespondencja/nowa/general"
THREAD = "/korespondencja/sprawa/mat-1"
LETTER = {"title": "Zalany sufit", "text": "Woda kapie.\nProszę o pomoc <b>szybko</b>."}


async def test_a_matter_is_raised_and_confirmed_with_number_and_time(anna: Portal) -> None:
    assert "Dodaj korespondencję" in await anna.see("/korespondencja")
    assert "Pismo ogólne" in await anna.see("/korespondencja/nowa")
    fields = await anna.hidden(NEW, "")
    answer = await anna.browser.post(NEW, data=fields | LETTER)
    assert answer.headers["location"] == "/korespondencja/sprawa/mat-2/wyslano"
    text = await anna.see(answer.headers["location"])
    assert "2026/00017" in text
    assert "23\u00a0listopada\u00a02026, 14:05" in text


async def test_two_clicks_are_one_letter(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    for _ in range(2):
        assert (await anna.browser.post(NEW, data=fields | LETTER)).status_code == 303
    assert len(anna.company.stored) == 1


async def test_a_letter_names_the_lease_it_is_about(portal: Portal) -> None:
    await portal.sign_in("jan")
    text = await portal.see(NEW)
    assert text.count('name="lease_id" type="radio"') == 2
    fields = await portal.hidden(NEW, "")
    await portal.browser.post(NEW, data=fields | LETTER | {"lease_id": "L-3"})
    assert b'"lease_id": "L-3"' in portal.company.correspondence.calls("POST", "/matters")[0][3]


async def test_an_empty_letter_is_refused_at_its_fields(anna: Portal) -> None:
    answer = await anna.browser.post(NEW, data=await anna.hidden(NEW, ""))
    assert 'href="#title"' in answer.text
    assert 'href="#text"' in answer.text
    assert "<title>Błąd: " in answer.text


async def test_what_the_service_refuses_is_said_at_the_field_and_nothing_written_is_lost(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    answer = await anna.browser.post(NEW, data=fields | LETTER | {"title": "x" * 121})
    assert "Temat może mieć najwyżej 120 znaków." in answer.text
    assert "Proszę o pomoc &lt;b&gt;szybko&lt;/b&gt;." in answer.text
    assert "x" * 121 in answer.text


@pytest.mark.parametrize("mood", ["away", "slow"])
async def test_while_correspondence_is_away_nothing_written_is_lost(anna: Portal, mood: str) -> None:
    fields = await anna.hidden(NEW, "")
    if mood == "away":
        anna.company.correspondence.away = True
    else:
        await anna.company.correspondence.stop()
    answer = await anna.browser.post(NEW, data=fields | LETTER)
    assert answer.status_code == 503
    assert "Treść jest zachowana" in answer.text
    assert "Proszę o pomoc" in answer.text
    assert f'value="{fields["key"]}"' in answer.text


async def test_a_thread_shows_both_sides_as_they_were_written(anna: Portal) -> None:
    text = await anna.see(THREAD)
    assert text.index("kran w kuchni cieknie od wczoraj") < text.index("Odpowiedź pracownika")
    assert "20\u00a0listopada\u00a02026, 10:30" in text


async def test_a_reply_appears_in_the_thread(anna: Portal) -> None:
    fields = await anna.hidden(THREAD, THREAD)
    answer = await anna.browser.post(THREAD, data=fields | {"text": "Dziękuję, będę w domu."})
    assert "Dziękuję, będę w domu." in await anna.see(answer.headers["location"])


async def test_an_empty_reply_is_refused(anna: Portal) -> None:
    answer = await anna.browser.post(THREAD, data=await anna.hidden(THREAD, THREAD) | {"text": "   "})
    assert "Napisz wiadomość." in answer.text


@pytest.mark.parametrize(
    "path", ["/korespondencja/sprawa/cudza", "/korespondencja/nowa/nie-ma", "/korespondencja?od=%00"]
)
async def test_what_is_not_there_is_not_found(anna: Portal, path: str) -> None:
    assert (await anna.browser.get(path)).status_code == 404


async def test_while_identity_is_away_a_letter_can_be_sent_again_as_it_was(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    anna.company.identity.away = True
    sessions = dict(anna.company.sessions)
    anna.browser.cookies.set("iok", "opaque-z-innej-bramy")
    answer = await anna.browser.post(NEW, data=fields | LETTER)
    assert answer.status_code == 503
    assert "Nic jeszcze nie wysłano" in answer.text
    assert "Proszę o pomoc &lt;b&gt;szybko&lt;/b&gt;." in answer.text
    anna.company.identity.away = False
    anna.browser.cookies.set("iok", next(iter(sessions)))
    again = hidden_fields(answer.text, "")
    assert (await anna.browser.post(NEW, data=again)).status_code == 303
