"""What the staff can do: the inbox as JSON and as pages."""

import re

import httpx
import pytest

from libs.chassis.auth import Principal
from libs.chassis.event_store import utc_now
from services.correspondence.commands.matters import today
from services.correspondence.tests.conftest import ACCOUNTANT, CLERK, OTHER_TENANT, SESSION, TENANT, House, Identity
from services.correspondence.tests.test_files import pdf

pytestmark = pytest.mark.system

OPERATOR = Principal("s3", frozenset({"operator"}))


async def signed_in(house: House) -> None:
    answer = await house.client.post("/panel/sign-in", data={"login": "clerk", "password": "p"})
    assert answer.status_code == 303, answer.text


async def press(house: House, page: httpx.Response, ends: str, **fields: str) -> httpx.Response:
    """Send the page's form whose action ends so, with its hidden fields."""
    form = re.search(rf'<form method="post" action="([^"]+/{ends})".*?</form>', page.text, re.DOTALL)
    assert form, page.text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    return await house.client.post(form[1], data={**hidden, **fields})


async def test_the_inbox_shows_every_accounts_matters_by_state(house: House) -> None:
    mine, others = await house.open(TENANT), await house.open(OTHER_TENANT)
    await house.reply(others)
    everything = (await house.get("/inbox", OPERATOR)).json()["items"]
    waiting = (await house.get("/inbox", CLERK, status="open")).json()["items"]
    assert {(item["matter_id"], item["account_id"]) for item in everything} == {(mine, "a1"), (others, "a2")}
    assert [(item["matter_id"], item["unread"]) for item in waiting] == [(mine, True)]
    assert (await house.get("/inbox", CLERK, status="lost")).status_code == 422


async def test_a_thread_read_by_staff_is_no_longer_new_to_them(house: House) -> None:
    matter_id = await house.open()
    thread = (await house.get(f"/inbox/{matter_id}", CLERK)).json()
    assert (thread["account_id"], thread["messages"][0]["account_id"]) == ("a1", "a1")
    assert (await house.get("/inbox", CLERK)).json()["items"][0]["unread"] is False
    assert (await house.get("/inbox/absent", CLERK)).status_code == 404


async def test_the_inbox_is_for_clerks_and_operators_alone(house: House) -> None:
    matter_id = await house.open()
    for who, status in ((TENANT, 404), (ACCOUNTANT, 403)):
        assert (await house.get("/inbox", who)).status_code == status
        assert (await house.get(f"/inbox/{matter_id}", who)).status_code == status
        assert (await house.post(f"/inbox/{matter_id}/messages", {"text": "a"}, who)).status_code == status
        assert (await house.post(f"/inbox/{matter_id}/close", {}, who)).status_code == status


async def test_a_session_of_staff_opens_the_inbox_too(house: House, identity: Identity) -> None:
    await house.open()
    headers = {"Authorization": f"Bearer {SESSION}"}
    assert len((await house.client.get("/inbox", headers=headers)).json()["items"]) == 1
    wrong = await house.client.get("/inbox", headers={"Authorization": "Bearer of-nobody"})
    identity.staff = TENANT
    tenant = await house.client.get("/inbox", headers=headers)
    assert (wrong.status_code, tenant.status_code) == (401, 401)


async def test_a_reply_is_sent_once_per_key(house: House) -> None:
    matter_id = await house.open()
    answers = [await house.post(f"/inbox/{matter_id}/messages", {"text": "Tak."}, CLERK, "k") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (await house.thread(matter_id))["message_count"] == 2


async def test_closing_twice_is_closing_once(house: House) -> None:
    matter_id = await house.open()
    answers = [await house.post(f"/inbox/{matter_id}/close", {}, CLERK) for _ in range(2)]
    assert [answer.json()["status"] for answer in answers] == ["closed", "closed"]
    assert await house.value("select count(*) from events where event_type = 'iok.MatterClosed.v1'") == 1
    assert (await house.post("/inbox/absent/close", {}, CLERK)).status_code == 404


async def test_an_empty_reply_says_what_is_wrong(house: House) -> None:
    matter_id = await house.open()
    answer = await house.post(f"/inbox/{matter_id}/messages", {"text": ""}, CLERK)
    assert answer.json()["errors"] == [{"field": "text", "message": "Napisz treść wiadomości."}]


async def test_the_panel_asks_who_is_there(house: House) -> None:
    answer = await house.client.get("/panel/inbox")
    assert (answer.status_code, answer.headers["location"]) == (303, "/panel/sign-in")


async def test_a_clerk_reads_replies_and_closes_on_pages(house: House) -> None:
    matter_id = await house.open(title="Hałas <script>", text="Wiersz 1\nWiersz 2")
    await signed_in(house)
    inbox = await house.client.get("/panel/inbox?status=open")
    assert f'href="/panel/inbox/{matter_id}"' in inbox.text
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    assert "Hałas &lt;script&gt;" in page.text
    assert re.search(r"Wiersz 1\s*<br>\s*Wiersz 2", page.text)
    assert (await press(house, page, "reply", text="Porozmawiamy z sąsiadem.")).status_code == 303
    assert (await house.thread(matter_id))["messages"][1]["text"] == "Porozmawiamy z sąsiadem."
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    closed = await press(house, page, "close")
    assert "Sprawę zamknięto." in (await house.client.get(closed.headers["location"])).text
    assert (await house.thread(matter_id))["status"] == "closed"


async def test_what_was_done_is_told_on_the_page_that_follows(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    sent = await press(house, page, "reply", text="O którym kranie mowa?", then="ask")
    told = await house.client.get(sent.headers["location"])
    assert "Pytanie wysłano. Sprawa czeka na odpowiedź najemcy." in told.text
    assert "Gotowe" not in (await house.client.get(f"/panel/inbox/{matter_id}?done=<b>")).text


async def test_a_matter_is_not_closed_over_a_letter_that_was_not_on_the_page(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    await house.post(f"/matters/{matter_id}/messages", {"text": "Jeszcze jedno."})
    refused = await press(house, page, "close")
    assert (refused.status_code, "W międzyczasie przybyła wiadomość" in refused.text) == (409, True)
    assert (await house.thread(matter_id))["status"] == "open"


async def test_a_reply_that_closes_is_not_sent_over_a_letter_that_was_not_on_the_page(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    await house.post(f"/matters/{matter_id}/messages", {"text": "Jeszcze jedno."})
    refused = await press(house, page, "reply", text="Załatwione.", then="close")
    assert (refused.status_code, "W międzyczasie przybyła wiadomość" in refused.text) == (409, True)
    thread = await house.thread(matter_id)
    assert (thread["status"], thread["message_count"]) == ("open", 2)
    assert (await press(house, refused, "reply", text="Załatwione.", then="close")).status_code == 303
    assert (await house.thread(matter_id))["status"] == "closed"


async def test_a_reply_can_close_the_matter(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    await press(house, page, "reply", text="Załatwione.", then="close")
    thread = await house.thread(matter_id)
    assert (thread["status"], thread["message_count"]) == ("closed", 2)


async def test_a_form_sent_twice_counts_once(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    answers = [await press(house, page, "reply", text="Raz.") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert (await house.thread(matter_id))["message_count"] == 2


async def test_a_failed_reply_shows_the_form_again_with_what_was_typed(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    failed = await press(house, page, "reply", text="x" * 8001)
    assert failed.status_code == 422
    assert "<title>Błąd: " in failed.text
    assert "Treść może mieć najwyżej 8000 znaków" in failed.text
    assert "x" * 8001 in failed.text


async def test_a_form_from_elsewhere_is_refused(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    forged = await house.client.post(f"/panel/inbox/{matter_id}/reply", data={"text": "a", "csrf": "guess"})
    assert forged.status_code == 403
    assert (await house.thread(matter_id))["message_count"] == 1


async def test_an_accountant_at_the_panel_sees_no_letters(house: House, identity: Identity) -> None:
    identity.staff = ACCOUNTANT
    matter_id = await house.open()
    await signed_in(house)
    for path in ("/panel/inbox", f"/panel/inbox/{matter_id}"):
        assert (await house.client.get(path)).status_code == 403


async def test_the_overview_tells_how_much_waits(house: House) -> None:
    await house.open()
    await signed_in(house)
    page = await house.client.get("/panel")
    assert "Czeka na odpowiedź" in page.text
    assert 'href="/panel/inbox?status=open&amp;order=deadline"' in page.text


async def test_a_reply_to_a_full_thread_is_kept_on_the_page(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    for _ in range(199):
        await house.reply(matter_id, "Kolejna.")
    refused = await press(house, page, "reply", text="Jeszcze jedna.")
    assert refused.status_code == 409
    assert "W tej sprawie jest już 200 wiadomości" in refused.text
    assert "Jeszcze jedna." in refused.text


async def test_people_are_named_and_the_staff_take_care_of_matters(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    assert "Anna Żak" in page.text
    nobody = await press(house, page, "assign", assignee="Anna Żak")
    assert (nobody.status_code, "Wybierz osobę z listy" in nobody.text) == (422, True)
    assert (await press(house, page, "assign", assignee="s2")).status_code == 303
    assert "grażyna" in (await house.client.get(f"/panel/inbox/{matter_id}")).text
    assert "grażyna" in (await house.client.get("/panel/inbox")).text
    assert matter_id not in (await house.client.get("/panel/inbox?assignee=me")).text
    await house.post(f"/inbox/{matter_id}/assignee", {}, CLERK)
    assert matter_id in (await house.client.get("/panel/inbox?assignee=me")).text
    mine = (await house.get("/inbox", CLERK, assignee="me")).json()["items"]
    assert [item["assignee_id"] for item in mine] == ["s1"]


async def test_matters_are_given_to_staff_alone_and_without_identity_to_oneself(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    fields = {"csrf": re.findall('name="csrf" value="([^"]+)', page.text)[0], f"matter-{matter_id}": "1"}

    async def statuses(who: str) -> list[int]:
        ticked = await house.client.post("/panel/inbox/chosen", data={**fields, "deed": "assign", "to": who})
        asked = await house.post(f"/inbox/{matter_id}/assignee", {"assignee_id": who}, CLERK)
        return [(await press(house, page, "assign", assignee=who)).status_code, ticked.status_code, asked.status_code]

    assert (await statuses("a1"), await statuses("s2")) == ([422, 422, 422], [303, 200, 200])
    house.parts.app().state.door.directory._url = "http://127.0.0.1:9/directory"
    assert (await statuses("s2"), await statuses("s1")) == ([422, 422, 422], [303, 200, 200])


async def test_a_deadline_that_has_passed_is_shown_and_listed(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    refused = await press(house, page, "deadline", due_on="2020-01-01")
    assert (refused.status_code, "Termin to dzień od dziś" in refused.text) == (409, True)
    assert (await press(house, page, "deadline", due_on="jutro")).status_code == 422
    assert (await house.client.get("/panel/inbox?late=true")).text.count(matter_id) == 0
    await house.value("update matters set due_on = '2020-01-01'")
    assert "po terminie" in (await house.client.get("/panel/inbox?late=true")).text
    assert "po terminie" in (await house.client.get(f"/panel/inbox/{matter_id}")).text


def changes_told(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, ...]]:
    """Deed, matter and account of every line of the log that tells of a change."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", "".join(capsys.readouterr())).splitlines()
    told = [dict(re.findall(r"(deed|matter_id|account_id)=(\S+)", line)) for line in lines if "matter changed" in line]
    return [(one["deed"], one["matter_id"], one["account_id"]) for one in told]


async def test_who_changed_a_matter_is_logged_once_by_whichever_door(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    for _ in range(2):
        await press(house, page, "assign", assignee="s2")
    await house.post(f"/inbox/{matter_id}/deadline", {"due_on": str(today(utc_now()))}, OPERATOR)
    listed = await house.client.get("/panel/inbox")
    ticked = {"csrf": re.findall('name="csrf" value="([^"]+)', listed.text)[0], f"matter-{matter_id}": "1"}
    await house.client.post("/panel/inbox/chosen", data={**ticked, "deed": "close"})
    await house.post(f"/inbox/{matter_id}/reopen", {}, OPERATOR)
    told = [("assign", "s1"), ("deadline", "s3"), ("close", "s1"), ("reopen", "s3")]
    assert changes_told(capsys) == [(deed, matter_id, who) for deed, who in told]


async def test_a_question_asks_the_tenant_and_an_answer_gives_it_back(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    await press(house, page, "reply", text="O którym kranie mowa?", then="ask")
    thread = await house.thread(matter_id)
    assert (thread["status"], thread["messages"][1]["asks"]) == ("asked", True)
    await house.post(f"/matters/{matter_id}/messages", {"text": "W kuchni."})
    assert (await house.thread(matter_id))["status"] == "open"


async def test_a_closed_matter_is_opened_again_by_staff(house: House) -> None:
    matter_id = await house.open()
    await house.post(f"/inbox/{matter_id}/close", {}, CLERK)
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    assert (await press(house, page, "reopen")).status_code == 303
    assert (await house.thread(matter_id))["status"] == "open"


async def test_both_sides_see_what_the_other_has_read(house: House) -> None:
    matter_id = await house.open()
    assert (await house.thread(matter_id))["messages"][0]["read_by_other_side"] is False
    await house.get(f"/inbox/{matter_id}", CLERK)
    assert (await house.thread(matter_id))["messages"][0]["read_by_other_side"] is True


async def test_who_answers_has_read_what_was_written_before_and_who_only_closes_has_not(house: House) -> None:
    answered, closed = await house.open(), await house.open()
    await house.reply(answered)
    assert (await house.post(f"/inbox/{closed}/close", {"seen": 0}, CLERK)).status_code == 409
    assert (await house.post(f"/inbox/{closed}/close", {"seen": 1}, CLERK)).status_code == 200
    assert (await house.thread(answered))["messages"][0]["read_by_other_side"] is True
    assert (await house.thread(closed))["messages"][0]["read_by_other_side"] is False


async def test_a_reply_takes_files_and_a_refused_one_keeps_the_rest(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    files = [("files", ("zgoda.pdf", pdf())), ("files", ("zły.pdf", b"MZ"))]
    address = f"/panel/inbox/{matter_id}/reply"
    failed = await house.client.post(address, data={**hidden, "text": "Zgoda w załączniku."}, files=files)
    assert failed.status_code == 422
    assert "zły.pdf: To program" in failed.text
    assert "Zgoda w załączniku." in failed.text
    kept = re.findall(r'name="kept" value="(\w+)"', failed.text)
    sent = await house.client.post(address, data={**hidden, "text": "Zgoda w załączniku.", "kept": kept})
    assert sent.status_code == 303
    assert [one["name"] for one in (await house.thread(matter_id))["messages"][1]["attachments"]] == ["zgoda.pdf"]


async def test_without_identity_the_inbox_shows_ids_and_goes_on(house: House) -> None:
    matter_id = await house.open()
    await signed_in(house)
    house.parts.app().state.door.directory._url = "http://127.0.0.1:9/directory"
    page = await house.client.get(f"/panel/inbox/{matter_id}")
    assert page.status_code == 200
    assert "Przejmij sprawę" in page.text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    searched = await house.client.post("/panel/inbox", data={"csrf": csrf[1], "search": "kran"})
    assert "Usługa kont nie odpowiada" in searched.text
    assert matter_id in searched.text


async def test_without_identity_colleagues_who_have_acted_here_still_have_names(
    house: House, identity: Identity
) -> None:
    identity.staff = Principal("s1", frozenset({"clerk"}), name="Grażyna Nowak")
    matter_id = await house.open()
    await signed_in(house)
    await press(house, await house.client.get(f"/panel/inbox/{matter_id}"), "assign", assignee="s1")
    house.parts.app().state.door.directory._url = "http://127.0.0.1:9/directory"
    assert "<dt>Prowadzi</dt><dd>Grażyna Nowak</dd>" in (await house.client.get(f"/panel/inbox/{matter_id}")).text
