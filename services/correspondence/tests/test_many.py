"""A morning with a hundred letters: many ticked at once, and what came of each told."""

import re

import httpx
import pytest

from services.correspondence.api.many import LEFT, UNSURE
from services.correspondence.domain.matters import UNSEEN
from services.correspondence.tests.conftest import CLERK, House
from services.correspondence.tests.test_inbox import press, signed_in

pytestmark = pytest.mark.system


# Ends the session of whoever asks, as a server that goes away does; first the sessions that close one of two letters.
LOSE = """
create function lose() returns trigger language plpgsql as $$
begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$
"""
LOSE_AT_CLOSING = """
create trigger lose before update on matters for each row
when (new.message_count = 2 and new.state = 'closed') execute function lose()
"""
LOSE_AT_LISTING = """
create or replace function inbox_matters(
    states text[], assignee text, due_before date, lease text, kind text, found text[])
returns setof matter_overviews language plpgsql as $$
begin perform pg_terminate_backend(pg_backend_pid()); return; end $$
"""


async def send(house: House, page: str, deed: str, *ticked: str, **more: str) -> httpx.Response:
    """Send the list's form with these matters ticked, as the page holds them."""
    form = re.search(r'<form method="post" action="/panel/inbox/chosen".*?</form>', page, re.DOTALL)
    assert form
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    boxes = dict(re.findall(r'type="checkbox" id="[^"]+" name="(matter-[^"]+)" value="(\d+)"', form[0]))
    chosen = {f"matter-{one}": boxes[f"matter-{one}"] for one in ticked}
    return await house.client.post("/panel/inbox/chosen", data={**hidden, **chosen, **more, "deed": deed})


async def states(house: House) -> dict[str, str]:
    items = (await house.get("/inbox", CLERK)).json()["items"]
    return {one["title"]: one["status"] for one in items}


async def test_ticked_matters_are_closed_and_what_came_of_each_is_told(house: House) -> None:
    tap, lift = await house.open(title="Kran"), await house.open(title="Winda")
    await house.open(title="Kosz")
    await signed_in(house)
    page = (await house.client.get("/panel/inbox?status=open&order=deadline")).text
    await house.post(f"/matters/{lift}/messages", {"text": "Już nie działa wcale."})
    told = (await send(house, page, "close", tap, lift)).text
    assert "Zamknięto 1 z 2 zaznaczonych spraw." in told
    assert re.findall(r"<li>(K/\d+/000002: [^<]+)</li>", told) == [f"K/{told.split('K/')[1][:4]}/000002: {UNSEEN}"]
    assert await states(house) == {"Kran": "closed", "Winda": "open", "Kosz": "open"}
    assert re.findall("Kran|Winda|Kosz", told[told.index("<tbody>") :]) == ["Winda", "Kosz"]


async def test_what_a_lost_database_left_undone_is_told_even_when_the_list_is_not_shown(house: House) -> None:
    matters = [await house.open(title=title) for title in ("Kran", "Winda", "Kosz")]
    await house.post(f"/matters/{matters[1]}/messages", {"text": "Już nie działa wcale."})
    await signed_in(house)
    page = (await house.client.get("/panel/inbox")).text
    await house.value(LOSE)
    await house.value(LOSE_AT_CLOSING)
    told = (await send(house, page, "close", *matters)).text
    assert "Zamknięto 1 z 3 zaznaczonych spraw." in told
    assert re.findall(r"<li>K/\d+/(00000\d: [^<]+)</li>", told) == [f"000002: {UNSURE}", f"000003: {LEFT}"]
    assert await states(house) == {"Kran": "closed", "Winda": "open", "Kosz": "open"}
    await house.value(LOSE_AT_LISTING)
    hidden = await send(house, page, "close", matters[1], matters[2])
    assert (hidden.status_code, "Zamknięto 0 z 2 zaznaczonych spraw." in hidden.text) == (503, True)


async def test_ticked_matters_are_given_to_a_colleague(house: House) -> None:
    matters = [await house.open(title=title) for title in ("Kran", "Winda")]
    await signed_in(house)
    page = (await house.client.get("/panel/inbox")).text
    assert "Przydzielono 2 z 2 zaznaczonych spraw." in (await send(house, page, "assign", *matters, to="s2")).text
    items = (await house.get("/inbox", CLERK)).json()["items"]
    assert [one["assignee_id"] for one in items] == ["s2", "s2"]


async def test_every_matter_of_a_page_is_ticked_by_one_button(house: House) -> None:
    for title in ("Kran", "Winda"):
        await house.open(title=title)
    await signed_in(house)
    page = (await house.client.get("/panel/inbox")).text
    assert (page.count(" checked"), (await send(house, page, "tick")).text.count(" checked")) == (0, 2)


async def test_a_form_without_a_tick_says_so_and_keeps_the_words(house: House) -> None:
    await house.open(title="Kran")
    await signed_in(house)
    page = await house.client.get("/panel/inbox")
    found = await press(house, page, "inbox", search="kran")
    missing = await send(house, found.text, "close")
    assert (missing.status_code, "Zaznacz co najmniej jedną sprawę." in missing.text) == (422, True)
    assert 'value="kran"' in missing.text
    assert (await send(house, page.text, "burn", *re.findall(r'name="matter-([^"]+)"', page.text))).status_code == 404
    assert (await house.client.get("/panel/inbox/chosen")).headers["location"].startswith("/panel/inbox?")
