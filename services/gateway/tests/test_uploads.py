"""Files of letters on the pages, without JavaScript: dropped in, taken away, refused, and never lost with a form."""

import json

import httpx
import pytest

from services.gateway.tests.company import PASSWORD
from services.gateway.tests.conftest import Portal, hidden_fields

NEW = "/korespondencja/nowa/general"
PERSONS = "/korespondencja/nowa/persons"
THREAD = "/korespondencja/sprawa/mat-1"
LETTER = {"title": "Zalany sufit", "text": "Woda kapie."}
ANSWERS = {
    "fields.count": "3",
    "fields.since": "2026-12-01",
    "fields.reason": "inny",
    "fields.more": "",
    "fields.true-data": "tak",
    "title": "Osoby",
    "text": "",
}


async def send(portal: Portal, path: str, fields: dict[str, str], *files: tuple[str, bytes]) -> httpx.Response:
    given = [("files", file) for file in files] or [("files", ("", b""))]
    return await portal.browser.post(path, data=fields, files=given)


def sent_body(portal: Portal, path: str) -> dict[str, object]:
    body: dict[str, object] = json.loads(portal.company.correspondence.calls("POST", path)[-1][3])
    return body


async def test_a_letter_takes_its_files_along(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    answer = await send(anna, NEW, fields | LETTER, ("sufit żółty.pdf", b"%PDF 1"), ("pokój.pdf", b"%PDF 2"))
    text = await anna.see(answer.headers["location"])
    assert "sufit żółty.pdf" in text
    assert "pokój.pdf" in text
    assert len(sent_body(anna, "/matters")["attachment_ids"]) == 2  # type: ignore[arg-type]  # a list


async def test_files_are_added_and_taken_away_before_sending(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    added = await send(anna, NEW, fields | LETTER | {"deed": "add"}, ("a.pdf", b"1"), ("b.pdf", b"2"))
    assert added.status_code == 200
    assert "Woda kapie." in added.text
    assert 'role="status"><p>Dołączono: a.pdf, b.pdf</p>' in added.text
    assert 'formaction="#zalaczniki"' in added.text.partition('<div id="zalaczniki">')[2]
    again = hidden_fields(added.text, "")
    first = again["drafts"].split(",")[0]
    removed = await send(anna, NEW, again | LETTER | {"deed": f"remove-{first}"})
    assert ("a.pdf" in removed.text, "b.pdf" in removed.text) == (False, True)
    assert len(anna.company.drafts) == 1
    sent = await send(anna, NEW, hidden_fields(removed.text, "") | LETTER)
    assert sent.status_code == 303


async def test_a_refused_file_is_named_with_its_reason_and_the_rest_is_kept(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    refused = await send(anna, NEW, fields | LETTER, ("dobry.pdf", b"1"), ("bad.pdf", b"2"))
    assert "<title>Błąd: " in refused.text
    assert 'href="#files"' in refused.text
    assert "bad.pdf: PDF ma skrypt." in refused.text
    assert "Woda kapie." in refused.text
    kept = hidden_fields(refused.text, "")
    assert len(kept["drafts"].split(",")) == 1
    assert (await send(anna, NEW, kept | LETTER)).status_code == 303


async def test_a_letter_that_is_refused_loses_neither_text_nor_files(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    refused = await send(anna, NEW, fields | LETTER | {"title": "x" * 121}, ("umowa.pdf", b"1"))
    assert "Temat może mieć najwyżej 120 znaków." in refused.text
    assert "umowa.pdf" in refused.text
    assert (await send(anna, NEW, hidden_fields(refused.text, "") | LETTER)).status_code == 303


async def test_a_file_that_is_too_large_is_refused_here_already(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    refused = await send(anna, NEW, fields | LETTER, ("film.pdf", b"0" * (10 * 1024 * 1024 + 1)))
    assert "film.pdf: plik ma więcej niż 10 MB." in refused.text
    assert anna.company.drafts == {}


async def test_while_correspondence_is_away_the_text_stays_and_the_files_are_asked_for_again(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    anna.company.correspondence.away = True
    refused = await send(anna, NEW, fields | LETTER, ("umowa.pdf", b"1"))
    assert "Wybierz je ponownie" in refused.text
    assert "Woda kapie." in refused.text


@pytest.mark.parametrize("path", [NEW, THREAD])
@pytest.mark.parametrize("mood", ["away", "slow"])
async def test_files_added_before_stay_with_the_letter_while_correspondence_does_not_answer(
    anna: Portal, mood: str, path: str
) -> None:
    fields = await anna.hidden(path, "" if path == NEW else path)
    added = await send(anna, path, fields | LETTER | {"deed": "add"}, ("zdjęcie.jpg", b"1"))
    assert "Dołączono: zdjęcie.jpg" in added.text
    setattr(anna.company.correspondence, mood, True)
    again = hidden_fields(added.text, "" if path == NEW else path)
    refused = await send(anna, path, again | LETTER | {"text": ""})
    assert "Pliki dodane wcześniej są nadal dołączone" in refused.text
    assert "Wybierz je ponownie" not in refused.text
    setattr(anna.company.correspondence, mood, False)
    kept = hidden_fields(refused.text, "" if path == NEW else path)
    assert (await send(anna, path, kept | LETTER)).status_code == 303
    sent = sent_body(anna, "/matters" if path == NEW else "/messages")
    assert sent["attachment_ids"] == list(anna.company.drafts)


async def test_two_clicks_take_a_file_once(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    answers = [await send(anna, NEW, fields | LETTER, ("umowa.pdf", b"1")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(anna.company.drafts) == 1


async def test_a_reply_takes_files_too(anna: Portal) -> None:
    fields = await anna.hidden(THREAD, THREAD)
    assert f'formaction="{THREAD}#zalaczniki"' in await anna.see(f"{THREAD}?wyslano=1")
    answer = await send(anna, THREAD, fields | {"text": ""}, ("zgoda.pdf", b"1"))
    assert answer.status_code == 303
    assert sent_body(anna, "/messages")["attachment_ids"]


async def test_a_form_with_files_needs_our_own_token(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    forged = await send(anna, NEW, fields | LETTER | {"token": "0" * 96}, ("umowa.pdf", b"1"))
    assert forged.status_code == 403
    assert anna.company.drafts == {}


@pytest.mark.parametrize("body", [b"--x\r\n", b"no form", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'])
async def test_a_broken_form_with_files_is_answered_plainly(anna: Portal, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await anna.browser.post(NEW, content=body, headers=headers)
    assert answer.status_code in (400, 403)


async def test_a_file_of_a_matter_is_handed_on_to_be_saved(anna: Portal) -> None:
    fields = await anna.hidden(NEW, "")
    await send(anna, NEW, fields | LETTER, ("umowa.pdf", b"%PDF tresc"))
    draft = next(iter(anna.company.drafts))
    answer = await anna.browser.get(f"/korespondencja/sprawa/mat-2/plik/{draft}")
    assert answer.content == b"%PDF tresc"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert (await anna.browser.get("/korespondencja/sprawa/mat-2/plik/nie-ma")).status_code == 404


async def test_the_list_offers_what_fits_the_persons_leases(anna: Portal) -> None:
    text = await anna.see("/korespondencja/nowa")
    assert "Zmiana liczby osób" in text
    assert "Szyld lokalu" not in text


async def test_a_form_filled_in_here_is_sent_with_what_is_known_of_the_tenant(anna: Portal) -> None:
    text = await anna.see(PERSONS)
    assert "Zmiana działa od kolejnych miesięcy." in text
    assert "Odpowiemy w ciągu 14 dni." in text
    fields = await anna.hidden(PERSONS, "")
    answer = await send(anna, PERSONS, fields | ANSWERS)
    assert answer.status_code == 303, answer.text
    body = sent_body(anna, "/matters")
    assert body["fields"] == {"count": "3", "since": "2026-12-01", "reason": "inny", "more": "", "true-data": "tak"}
    facts = body["facts"]
    assert isinstance(facts, dict)
    assert facts["najemca"] == "Anna Zażółć"
    assert {"numer_umowy", "adres", "rachunek", "osoby"} <= facts.keys()


async def test_who_has_filled_in_the_form_elsewhere_only_adds_it(anna: Portal) -> None:
    path = f"{PERSONS}?sposob=pismo"
    assert 'name="fields.count"' not in await anna.see(path)
    answer = await send(anna, path, (await anna.hidden(path, "")) | LETTER, ("oswiadczenie.pdf", b"1"))
    assert answer.status_code == 303
    assert "fields" not in sent_body(anna, "/matters")


@pytest.mark.parametrize("ending", ["pdf", "docx"])
async def test_a_form_is_downloaded_with_the_leases_data(anna: Portal, ending: str) -> None:
    answer = await anna.browser.get(f"{PERSONS}/wzor.{ending}?lokal=L-1")
    assert "numer_umowy" in answer.text
    foreign = await anna.browser.get(f"{PERSONS}/wzor.{ending}?lokal=L-3")
    assert "numer_umowy" not in foreign.text
    for missing in (f"{PERSONS}/wzor.exe", "/korespondencja/nowa/%00/wzor.pdf", "/korespondencja/nowa/bad/wzor.pdf"):
        assert (await anna.browser.get(missing)).status_code == 404


async def test_client_apps_give_files_and_forms_too(anna: Portal) -> None:
    token = await anna.browser.post("/api/v1/session", json={"login": "anna", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {token.json()['token']}", "Idempotency-Key": "k"}
    named = {**headers, "X-File-Name": "umowa%20nowa.pdf"}
    draft = await anna.browser.post("/api/v1/attachments", content=b"%PDF", headers=named)
    assert (draft.status_code, draft.json()["name"]) == (201, "umowa nowa.pdf")
    body = {"matter_type_id": "persons", "title": "a", "lease_id": "L-1", "fields": {"count": "3"}}
    body["attachment_ids"] = [draft.json()["attachment_id"]]
    assert (await anna.browser.post("/api/v1/matters", json=body, headers=headers)).status_code == 201
    assert "facts" in sent_body(anna, "/matters")
    forged = await anna.browser.post("/api/v1/matters", json={**body, "facts": {"najemca": "x"}}, headers=headers)
    assert forged.status_code == 422
    form = await anna.browser.get("/api/v1/matter-types/persons/form.pdf?lease_id=L-1", headers=headers)
    assert form.status_code == 200
