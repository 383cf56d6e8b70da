"""The pages of set-aside records: an operator tries, replays and discards, one or many, and everybody sees who did."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from libs.chassis.panel.records import NO_LIMIT, NO_REASON, NOTHING_CHOSEN
from libs.chassis.projection import MAX_REPLAYS
from libs.chassis.tests.panel_support import Identity, MemoryDesk, app_with_panel, browser, csrf_of, desk_record

MANY = ("/panel/records/replay", "/panel/records/discard", "/panel/records/replay-waiting")
SINGLE = ("/panel/records/1/dry-run", "/panel/records/1/replay", "/panel/records/1/discard")
EVERYTHING = {"record-1": "on", "reason": "bo tak", "limit": "5"}


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk([desk_record(1), desk_record(2, "lines_do_not_add_up"), desk_record(3)])


@pytest.fixture
async def operator(identity: Identity, desk: MemoryDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app_with_panel(identity.url, desk)[0], "token-operator") as client:
        yield client


@pytest.fixture
async def clerk(identity: Identity, desk: MemoryDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app_with_panel(identity.url, desk)[0], "token-clerk") as client:
        yield client


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await client.post(path, data={"csrf": await csrf_of(client), **fields})


def untouched(desk: MemoryDesk) -> bool:
    return not desk.noted and all(record.state == "set_aside" for record in desk.records.values())


async def test_a_dry_run_says_what_would_happen_and_decides_nothing(
    operator: httpx.AsyncClient, desk: MemoryDesk
) -> None:
    assert "zostałby przyjęty" in (await send(operator, "/panel/records/1/dry-run")).text
    refused = (await send(operator, "/panel/records/2/dry-run")).text
    assert "still_bad: as before" in refused
    assert "Nikt jeszcze o tym rekordzie nie decydował" in refused
    assert (await send(operator, "/panel/records/99/dry-run")).status_code == 404
    assert untouched(desk)


async def test_ticked_records_are_replayed_and_a_page_sums_up(operator: httpx.AsyncClient, desk: MemoryDesk) -> None:
    page = await send(operator, "/panel/records/replay", **{"record-1": "on", "record-2": "on", "record-99": "on"})
    assert page.status_code == 200
    for words in ("przyjęty</dt><dd>1<", "nadal odłożony</dt><dd>1<", "nie ma takiego rekordu", "still_bad"):
        assert words in page.text
    assert "Do decyzji pozostaje: 2." in page.text
    assert [(each.record_id, each.outcome) for each in desk.noted] == [(1, "booked"), (2, "set_aside")]


async def test_ticked_records_are_discarded_for_a_reason(operator: httpx.AsyncClient, desk: MemoryDesk) -> None:
    fields = {"record-1": "on", "record-2": "on", "reason": " zły rok "}
    assert "odrzucony</dt><dd>2<" in (await send(operator, "/panel/records/discard", **fields)).text
    assert [record.state for record in desk.records.values()] == ["discarded", "discarded", "set_aside"]
    assert {each.reason for each in desk.noted} == {"zły rok"}


async def test_many_records_of_a_reason_are_replayed_up_to_a_limit(
    operator: httpx.AsyncClient, desk: MemoryDesk
) -> None:
    await send(operator, "/panel/records/replay-waiting", kind="unknown_version", limit="1")
    assert [each.record_id for each in desk.noted] == [1]
    page = await send(operator, "/panel/records/replay-waiting", kind="", limit="200")
    assert "Do decyzji pozostaje: 1." in page.text
    assert [each.record_id for each in desk.noted] == [1, 2, 3]


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("/panel/records/replay", {}, NOTHING_CHOSEN),
        ("/panel/records/replay", {"record-": "on", "record-x": "on", "record-0": "on"}, NOTHING_CHOSEN),
        ("/panel/records/discard", {"reason": "bo tak"}, NOTHING_CHOSEN),
        ("/panel/records/discard", {"record-1": "on"}, NO_REASON),
        ("/panel/records/discard", {"record-1": "on", "reason": "no\x00"}, NO_REASON),
        ("/panel/records/discard", {"record-1": "on", "reason": "x" * 501}, NO_REASON),
        ("/panel/records/1/discard", {"reason": "  x "}, NO_REASON),
        ("/panel/records/replay-waiting", {"limit": "0"}, NO_LIMIT),
        ("/panel/records/replay-waiting", {"limit": "201"}, NO_LIMIT),
        ("/panel/records/replay-waiting", {"limit": "²"}, NO_LIMIT),
    ],
)
async def test_a_form_with_a_mistake_is_shown_again_and_decides_nothing(
    operator: httpx.AsyncClient, desk: MemoryDesk, path: str, fields: dict[str, str], words: str
) -> None:
    page = await send(operator, path, state="set_aside", **fields)
    assert page.status_code == 422
    assert "<title>Błąd: " in page.text
    assert words in page.text
    assert ('id="record-1" name="record-1" checked' in page.text) == ("record-1" in fields)
    assert untouched(desk)


@pytest.mark.parametrize("path", [*MANY, *SINGLE])
async def test_a_clerk_tries_and_decides_nothing(clerk: httpx.AsyncClient, desk: MemoryDesk, path: str) -> None:
    assert (await send(clerk, path, **EVERYTHING)).status_code == 403
    assert untouched(desk)


@pytest.mark.parametrize("path", [*MANY, *SINGLE])
async def test_a_form_without_the_sessions_secret_decides_nothing(
    operator: httpx.AsyncClient, desk: MemoryDesk, path: str
) -> None:
    assert (await operator.post(path, data=EVERYTHING)).status_code == 403
    assert untouched(desk)


async def test_a_clerk_sees_no_forms_of_decisions(clerk: httpx.AsyncClient) -> None:
    for path in ("/panel/records", "/panel/records/1"):
        page = (await clerk.get(path)).text
        assert "Odrzuć" not in page
        assert "Ponów" not in page
        assert "checkbox" not in page


async def test_every_decision_stands_on_the_records_page_and_in_the_list(
    operator: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    await send(operator, "/panel/records/2/replay")
    await send(operator, "/panel/records/2/discard", reason="zły <rok>")
    for path in ("/panel/records/2", "/panel/records/decisions"):
        page = (await clerk.get(path)).text
        for words in ("account-operator", "ponowienie", "still_bad", "odrzucenie", "zły &lt;rok&gt;"):
            assert words in page
    assert "account-operator" not in (await clerk.get("/panel/records/1")).text


async def test_long_lists_of_decisions_come_in_pages(operator: httpx.AsyncClient) -> None:
    for _ in range(51):
        await send(operator, "/panel/records/2/replay")
    first = (await operator.get("/panel/records/decisions")).text
    assert 'href="/panel/records/decisions?cursor=2"' in first
    second = (await operator.get("/panel/records/decisions?cursor=2")).text
    assert (first.count(">still_bad<"), second.count(">still_bad<")) == (50, 1)


async def test_records_are_searched_and_the_search_stays_filled_in(operator: httpx.AsyncClient) -> None:
    found = (await operator.get("/panel/records?search=L-1")).text
    assert 'href="/panel/records/3"' in found
    assert 'name="search" value="L-1"' in found
    assert "Nie ma tu żadnych rekordów" in (await operator.get("/panel/records?search=L-2")).text
    assert (await operator.get("/panel/records?search=%22")).status_code == 422


async def test_every_control_has_a_label_and_no_id_is_there_twice(operator: httpx.AsyncClient) -> None:
    await send(operator, "/panel/records/2/replay")
    for path in ("/panel/records", "/panel/records/2", "/panel/records/decisions"):
        page = (await operator.get(path)).text
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        controls = re.findall(r"<(?:input|select)\b(?![^>]*hidden)[^>]*\bid=\"([^\"]+)\"", page)
        assert set(controls) == set(re.findall(r'<label[^>]* for="([^"]+)"', page))


async def test_a_record_replayed_too_often_is_not_offered_for_replay(identity: Identity) -> None:
    desk = MemoryDesk([desk_record(1, replays=MAX_REPLAYS)])
    async with browser(app_with_panel(identity.url, desk)[0], "token-operator") as client:
        page = (await client.get("/panel/records/1")).text
    assert "nie można już ponowić" in page
    assert 'action="/panel/records/1/replay"' not in page
    assert 'action="/panel/records/1/discard"' in page
