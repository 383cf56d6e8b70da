"""The inbox of a day with many letters: found, filtered, counted, and with the urgent ones standing out."""

import re
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from libs.chassis.auth import Principal
from services.correspondence.api.shelf import Due, deadline
from services.correspondence.domain.matters import AuthorRole, MatterState
from services.correspondence.read_models.inbox import MOST_FOUND
from services.correspondence.read_models.matters import Overview
from services.correspondence.tests.conftest import CLERK, OTHER_TENANT, House
from services.correspondence.tests.test_inbox import signed_in

TODAY = date(2026, 11, 23)


def matter(due_on: date | None, state: MatterState = MatterState.OPEN) -> Overview:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    about: tuple[str, str, str, str, str, str, None] = (
        "m",
        "K/2026/000001",
        "Kran",
        "general",
        "Pismo ogólne",
        "a1",
        None,
    )
    return Overview(*about, state, at, at, AuthorRole.TENANT, 1, None, due_on, False, True, 0, 0)


@pytest.mark.parametrize(
    ("days", "words", "urgent", "late"),
    [
        (-2, "2\u00a0dni po terminie", False, True),
        (-1, "1\u00a0dzień po terminie", False, True),
        (0, "dzisiaj", True, False),
        (1, "jutro", True, False),
        (2, "za 2\u00a0dni", True, False),
        (3, "", False, False),
    ],
)
def test_a_deadline_that_is_near_or_past_says_so(days: int, words: str, urgent: bool, late: bool) -> None:
    due_on = TODAY + timedelta(days=days)
    assert deadline(matter(due_on), TODAY) == Due(f"{due_on:%d.%m.%Y}", words, urgent, late)


def test_what_does_not_wait_for_us_is_never_late() -> None:
    past = TODAY - timedelta(days=9)
    assert deadline(matter(past, MatterState.ASKED), TODAY) == Due("14.11.2026")
    assert deadline(matter(None), TODAY) is None


def hidden_of(form: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def form_of(page: str, text: str) -> str:
    """The form of the page that leads where its button says."""
    forms = re.findall(r'<form method="post" action="/panel/inbox">.*?</form>', page, re.DOTALL)
    [found] = [form for form in forms if text in form]
    return str(found)


async def looked_for(house: House, **typed: str) -> httpx.Response:
    """What the form of the inbox brings: a page at once, or the address of one."""
    form = re.search(r'<form method="post" action="/panel/inbox".*?</form>', await inbox(house), re.DOTALL)
    assert form
    return await house.client.post("/panel/inbox", data={**hidden_of(form[0]), **typed}, follow_redirects=True)


async def inbox(house: House) -> str:
    return (await house.client.get("/panel/inbox")).text


async def shown(house: House, **asked: str) -> list[str]:
    """The titles that the list shows, as a clerk sees it."""
    page = await looked_for(house, **asked)
    assert page.status_code == 200, page.text
    return re.findall(r"<td>(?:<strong>)?([^<]+)(?:</strong>)?[^/]*(?:</span>)?<br>", page.text)


@pytest.mark.system
async def test_a_matter_is_found_by_number_subject_tenant_address_or_lease(house: House) -> None:
    await house.open(title="Cieknący kran w łazience")
    await house.open(OTHER_TENANT, title="Żarówka na 100% spalona", lease_id="L2")
    await signed_in(house)
    bulb, tap = "Żarówka na 100% spalona", "Cieknący kran w łazience"
    for words in ("/000001", "lazience CIEKN", "anna", "Anna Żak kran", "a1 kran"):
        assert await shown(house, search=words) == [tap], words
    for words in ("000002", "100%", "L2", "lipowa", "ul. Lipowa żarówka", "L2 spalona 000002"):
        assert await shown(house, search=words) == [bulb], words
    for words in ("10%", "anna lipowa", "L2 kran", "lipowa kran"):
        assert await shown(house, search=words) == [], words
    assert "wpisz więcej słów" in (await looked_for(house, search="a")).text


@pytest.mark.system
async def test_the_list_of_a_lease_has_its_matters_alone_whatever_is_typed(house: House) -> None:
    neighbour = Principal("a12", leases={"1": "tenant"})
    await house.open(title="Kran w łazience", lease_id="L1")
    await house.open(neighbour, title="Kran w kuchni", lease_id="1")
    await house.open(neighbour, title="Winda 1", lease_id="1")
    await signed_in(house)
    page = (await house.client.get("/panel/inbox?lease=1")).text
    assert re.findall(r"Kran w \w+|Winda 1", page) == ["Winda 1", "Kran w kuchni"]
    assert ("Sprawy 1\u20132 z 2" in page, 'Wszystkie <span class="count">(2)' in page) == (True, True)
    form = re.search(r'<form method="post" action="/panel/inbox".*?</form>', page, re.DOTALL)
    assert form
    typed = await house.client.post("/panel/inbox", data={**hidden_of(form[0]), "search": "kran"})
    assert re.findall(r"Kran w \w+|Winda 1", typed.text) == ["Kran w kuchni"]


# Copies of the only matter: its letter again under other numbers, each a minute earlier.
COPIES = """
insert into matters select matter_id || n, account_id, lease_id, matter_type_id, matter_type_version, state,
    assignee_id, due_on, opened_at, last_message_at - n * interval '1 minute', last_author, first_message_id,
    message_count
from matters cross join generate_series(1, $1::integer) n
"""
NUMBERS = """
insert into matter_register select matter_id, 'K/2025/' || row_number() over () from matters
where matter_id not in (select matter_id from matter_register)
"""


@pytest.mark.system
async def test_words_that_mean_too_many_matters_ask_for_more_of_them(house: House) -> None:
    await house.open(title="Kran")
    await signed_in(house)
    await house.value(COPIES, MOST_FOUND - 1)
    await house.value(NUMBERS)
    assert ("Pasuje ponad" in (await looked_for(house, search="kran")).text) is False
    await house.open(title="Kran w kuchni")
    assert "wpisz więcej słów" in (await looked_for(house, search="kran")).text
    found = [(await house.get("/inbox", CLERK, search=words)).json() for words in ("kran", "kuchni")]
    assert [one["complete"] for one in found] == [False, True]
    assert found[0]["items"][0]["title"] == "Kran w kuchni"


@pytest.mark.system
async def test_words_are_looked_for_in_every_state_unless_one_is_chosen_beside_them(house: House) -> None:
    await house.reply(await house.open(title="Zgubione klucze"))
    await signed_in(house)
    shelf = (await house.client.get("/panel/inbox?status=open&order=deadline")).text
    assert "Zgubione klucze" not in shelf
    typed = {**hidden_of(shelf), "search": "klucze", "status": "open", "order": "deadline"}
    found = await house.client.post("/panel/inbox", data=typed)
    assert "Zgubione klucze" in found.text
    chosen = {**hidden_of(found.text), "search": "klucze", "status": "open"}
    narrowed = (await house.client.post("/panel/inbox", data=chosen)).text
    assert ("Zgubione klucze" in narrowed, "Nic nie znaleziono. W innych stanach: 1." in narrowed) == (False, True)
    button = form_of(narrowed, "Szukaj we wszystkich stanach")
    assert "Zgubione klucze" in (await house.client.post("/panel/inbox", data=hidden_of(button))).text
    nowhere = (await house.client.post("/panel/inbox", data={**chosen, "search": "winda"})).text
    assert ("Nic nie znaleziono." in nowhere, "W innych" in nowhere) == (True, False)


@pytest.mark.system
async def test_no_address_holds_what_was_typed(house: House) -> None:
    await house.open(title="Cieknący kran")
    await signed_in(house)
    found = await looked_for(house, search="anna", status="open")
    assert str(found.url).endswith("/panel/inbox")
    assert not re.search(r'(?:href|action)="[^"]*anna', found.text)
    assert "Cieknący kran" in (await house.client.get("/panel/inbox?search=nobody")).text
    assert str((await looked_for(house, status="open", search="")).url).endswith("/panel/inbox?status=open")
    assert (await looked_for(house, search="anna", kind="../x")).status_code == 422


@pytest.mark.system
async def test_filters_go_together_and_each_shelf_tells_how_much_lies_on_it(house: House) -> None:
    first = await house.open(title="Pierwsza", matter_type_id="persons", lease_id="L1")
    await house.open(title="Druga")
    third = await house.open(title="Trzecia")
    await house.post(f"/inbox/{first}/assignee", {}, CLERK)
    await house.reply(third)
    await house.value("update matters set due_on = '2020-01-01' where matter_id = $1", first)
    await signed_in(house)
    page = (await house.client.get("/panel/inbox")).text
    shelves = dict(re.findall(r'>([^<]+) <span class="count">\((\d+)\)', page))
    assert shelves == {
        "Czekają na odpowiedź": "2", "Moje": "1", "Bez opiekuna": "1", "Po terminie": "1", "Czekamy na najemcę": "0",
        "Odpowiedziano": "1", "Zamknięte": "0", "Wszystkie": "3",
    }  # fmt: skip
    assert re.search(r'value="persons">[^<]+\(1\)', page)
    assert await shown(house, status="open", assignee="nobody") == ["Druga"]
    assert await shown(house, status="open", kind="persons", assignee="me", late="true") == ["Pierwsza"]
    assert await shown(house, status="answered", late="true") == []
    assert await shown(house, status="", kind="", assignee="", search="") == ["Trzecia", "Druga", "Pierwsza"]
    assert [one["title"] for one in (await house.get("/inbox", CLERK, kind="persons")).json()["items"]] == ["Pierwsza"]


@pytest.mark.system
async def test_a_shelf_keeps_the_words_and_counts_what_they_leave(house: House) -> None:
    await house.open(title="Kran w kuchni")
    await house.reply(await house.open(title="Kran w łazience"))
    await house.reply(await house.open(title="Winda"))
    await signed_in(house)
    found = (await looked_for(house, search="kran anna")).text
    shelves = dict(re.findall(r'>([^<]+) <span class="count">\((\d+)\)', found))
    assert [shelves[one] for one in ("Czekają na odpowiedź", "Odpowiedziano", "Wszystkie")] == ["1", "1", "2"]
    answered = (await house.client.post("/panel/inbox", data=hidden_of(form_of(found, "Odpowiedziano")))).text
    assert re.findall(r"Kran w \w+|Winda", answered) == ["Kran w łazience"]
    assert 'value="kran anna"' in answered
    of_lease = (await house.client.get("/panel/inbox?lease=L1")).text
    assert 'href="/panel/inbox?status=answered&amp;lease=L1"' in of_lease


@pytest.mark.system
async def test_the_next_page_keeps_what_was_asked_for(house: House) -> None:
    for n in range(51):
        await house.open(title=f"Winda {n}")
    await house.open(title="Kosz")
    await signed_in(house)
    page = await looked_for(house, search="winda", assignee="nobody")
    assert "Sprawy 1\u201350 z 51" in page.text
    second = await house.client.post("/panel/inbox", data=hidden_of(form_of(page.text, "Starsze")))
    assert re.findall(r"Winda \d+|Kosz", second.text) == ["Winda 0"]
    assert ("Sprawy 51\u201351 z 51" in second.text, "Starsze" in second.text) == (True, False)
    first = await house.client.post("/panel/inbox", data=hidden_of(form_of(second.text, "Na początek listy")))
    assert "Sprawy 1\u201350 z 51" in first.text
    every = await house.client.get("/panel/inbox?assignee=nobody")
    link = re.search(r'href="(/panel/inbox\?[^"]*cursor=[^"]+)">Starsze', every.text)
    assert link
    rest = await house.client.get(link[1].replace("&amp;", "&"))
    assert re.findall(r"Winda \d+|Kosz", rest.text) == ["Winda 1", "Winda 0"]
    assert "Sprawy 51\u201352 z 52" in rest.text


@pytest.mark.system
async def test_what_waits_is_listed_with_the_nearest_deadline_first_page_by_page(house: House) -> None:
    for n, due_on in enumerate(("2026-12-03", "2026-12-01", None, "2026-12-02")):
        matter_id = await house.open(title=f"Sprawa {n}")
        day = None if due_on is None else date.fromisoformat(due_on)
        await house.value("update matters set due_on = $2 where matter_id = $1", matter_id, day)
    first = (await house.get("/inbox", CLERK, order="deadline", limit=2)).json()
    more = {"order": "deadline", "limit": 2, "cursor": first["next_cursor"]}
    second = (await house.get("/inbox", CLERK, **more)).json()
    titles = [one["title"] for one in [*first["items"], *second["items"]]]
    assert titles == ["Sprawa 1", "Sprawa 3", "Sprawa 0", "Sprawa 2"]
    assert (await house.get("/inbox", CLERK, cursor=first["next_cursor"])).status_code == 422
