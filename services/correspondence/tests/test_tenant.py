"""What a tenant can do with correspondence, and what nobody else can."""

import asyncio
import base64
import json

import pytest

from libs.chassis.auth import Principal
from services.correspondence.tests.conftest import ACCOUNTANT, CLERK, OTHER_TENANT, TENANT, House

pytestmark = pytest.mark.system

LETTER = {"matter_type_id": "general", "title": "Hałas", "text": "Głośno po dwudziestej drugiej."}


async def test_the_list_of_what_can_be_raised_begins_with_the_general_letter(house: House) -> None:
    items = (await house.get("/matter-types")).json()["items"]
    assert (items[0]["name"], items[0]["version"], items[0]["audience"]) == ("Pismo ogólne", 1, "everyone")
    assert [item["matter_type_id"] for item in items] == [
        "general", "fault", "persons", "waste", "instalments", "certificate", "renovation", "termination",
    ]  # fmt: skip


async def test_a_matter_is_raised_listed_and_read(house: House) -> None:
    answer = await house.post("/matters", {**LETTER, "lease_id": "L1"})
    raised = answer.json()
    assert answer.status_code == 201
    assert raised["number"] == f"K/{raised['opened_at'][:4]}/000001"
    assert (raised["status"], raised["title"]) == ("open", "Hałas")
    listed = (await house.get("/matters")).json()
    assert [item["matter_id"] for item in listed["items"]] == [raised["matter_id"]]
    assert listed["next_cursor"] is None
    thread = await house.thread(raised["matter_id"])
    assert (thread["title"], thread["matter_type"], thread["lease_id"]) == ("Hałas", "Pismo ogólne", "L1")
    assert [(one["author"], one["text"]) for one in thread["messages"]] == [("tenant", LETTER["text"])]


async def test_numbers_of_a_year_have_no_gaps(house: House) -> None:
    refused = await house.post("/matters", {**LETTER, "text": ""})
    answers = await asyncio.gather(*(house.post("/matters", LETTER) for _ in range(5)))
    assert refused.status_code == 422
    assert sorted(answer.json()["number"][-6:] for answer in answers) == [f"{n:06d}" for n in range(1, 6)]


async def test_a_reply_makes_the_matter_answered_and_unread_until_it_is_opened(house: House) -> None:
    matter_id = await house.open()
    await house.reply(matter_id)
    listed = (await house.get("/matters")).json()["items"][0]
    assert (listed["status"], listed["unread"], listed["last_author"]) == ("answered", True, "staff")
    thread = await house.thread(matter_id)
    assert [one["author"] for one in thread["messages"]] == ["tenant", "staff"]
    assert (await house.get("/matters")).json()["items"][0]["unread"] is False


async def test_who_of_the_staff_wrote_is_not_told(house: House) -> None:
    matter_id = await house.open()
    await house.reply(matter_id)
    assert "s1" not in [value for one in (await house.thread(matter_id))["messages"] for value in one.values()]


async def test_a_letter_in_a_closed_matter_opens_it_again(house: House) -> None:
    matter_id = await house.open()
    await house.reply(matter_id, close=True)
    assert (await house.thread(matter_id))["status"] == "closed"
    answer = await house.post(f"/matters/{matter_id}/messages", {"text": "Nadal cieknie."})
    assert (answer.status_code, answer.json()["status"]) == (201, "open")
    assert (await house.thread(matter_id))["message_count"] == 3


@pytest.mark.parametrize("who", [OTHER_TENANT, CLERK, ACCOUNTANT], ids=["co-tenant", "clerk", "accountant"])
async def test_a_foreign_matter_is_answered_like_one_that_does_not_exist(house: House, who: Principal) -> None:
    matter_id = await house.open(lease_id="L1")
    answers = [await house.get(f"/matters/{path}", who) for path in (matter_id, "absent", "%00", "x" * 65)]
    writing = [await house.post(f"/matters/{path}/messages", {"text": "a"}, who) for path in (matter_id, "absent")]
    assert {answer.status_code for answer in [*answers, *writing]} == {404}
    assert len({answer.text for answer in [*answers, *writing]}) == 1
    assert (await house.thread(matter_id))["message_count"] == 1


async def test_a_list_shows_the_accounts_own_matters_alone(house: House) -> None:
    await house.open(lease_id="L1")
    assert (await house.get("/matters", OTHER_TENANT)).json() == {"items": [], "next_cursor": None}
    assert (await house.get("/matters", CLERK)).status_code == 404


async def test_a_lease_of_somebody_else_cannot_be_written_about(house: House) -> None:
    answer = await house.post("/matters", {**LETTER, "lease_id": "L2"})
    assert answer.status_code == 404
    assert (await house.get("/matters")).json()["items"] == []


async def test_a_list_is_paged_by_activity_without_gaps_or_repeats(house: House) -> None:
    opened = [await house.open(title=f"Sprawa {n}") for n in range(5)]
    await house.post(f"/matters/{opened[1]}/messages", {"text": "Jeszcze coś."})
    expected = [opened[1], opened[4], opened[3], opened[2], opened[0]]
    found: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = (await house.get("/matters", limit=2, cursor=cursor or "")).json()
        found += [item["matter_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == expected
    assert cursor is None


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "many"},
        {"cursor": "!"},
        {"cursor": "x" * 301},
        {"cursor": base64.urlsafe_b64encode(json.dumps(["2026-01-01", "m"]).encode()).decode()},
        {"cursor": base64.urlsafe_b64encode(json.dumps(["2026-01-01T00:00:00+00:00", "a b"]).encode()).decode()},
        {"cursor": base64.urlsafe_b64encode(json.dumps({"a": 1}).encode()).decode()},
    ],
)
async def test_a_page_that_cannot_be_is_refused(house: House, params: dict[str, str | int]) -> None:
    assert (await house.get("/matters", TENANT, **params)).status_code == 422


async def test_the_same_key_sends_once_and_answers_the_same(house: House) -> None:
    first, second = [await house.post("/matters", LETTER, key="k1") for _ in range(2)]
    other = await house.post("/matters", {**LETTER, "title": "Inne"}, key="k1")
    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 409)
    assert first.json() == second.json()
    matter_id = first.json()["matter_id"]
    messages = [await house.post(f"/matters/{matter_id}/messages", {"text": "Ponaglam."}, key="k1") for _ in range(2)]
    assert messages[0].json() == messages[1].json()
    assert (await house.thread(matter_id))["message_count"] == 2


async def test_no_word_of_a_letter_is_kept_with_the_answers(house: House) -> None:
    await house.post("/matters", LETTER)
    kept = await house.value("select string_agg(convert_from(answer, 'UTF8'), '') from idempotency_keys")
    assert "matter_id" in kept
    assert not any(word in kept for word in ("Hałas", "Głośno"))


async def test_creating_without_a_key_is_refused(house: House) -> None:
    answer = await house.client.post("/matters", json=LETTER, headers=house.bearer(TENANT))
    assert answer.status_code == 400


async def test_letters_sent_at_once_all_arrive_in_one_order(house: House) -> None:
    matter_id = await house.open()
    answers = await asyncio.gather(
        *(house.post(f"/matters/{matter_id}/messages", {"text": f"Numer {n}"}) for n in range(6))
    )
    assert [answer.status_code for answer in answers] == [201] * 6
    texts = [one["text"] for one in (await house.thread(matter_id))["messages"]]
    assert sorted(texts[1:]) == [f"Numer {n}" for n in range(6)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**LETTER, "title": " "}, "title"),
        ({**LETTER, "text": "\n"}, "text"),
        ({**LETTER, "text": "x" * 8001}, "text"),
        ({**LETTER, "title": "x" * 121}, "title"),
        ({**LETTER, "matter_type_id": "unheard-of"}, "matter_type_id"),
    ],
)
async def test_a_letter_that_cannot_be_taken_is_answered_in_polish(
    house: House, body: dict[str, str], field: str
) -> None:
    answer = await house.post("/matters", body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert answer.json()["errors"][0]["message"][0].isupper()
    assert await house.value("select count(*) from letters") == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"matter_type_id": 1, "title": "a", "text": "b"}',
        b'{"matter_type_id": "a b", "title": "a", "text": "b"}',
        b'{"matter_type_id": "general", "lease_id": "a\\u0000", "title": "a", "text": "b"}',
        b'{"matter_type_id": "general", "title": true, "text": "b"}',
        b'{"matter_type_id": "general", "title": "a", "text": "\\ud800"}',
        b'{"matter_type_id": "general", "title": "a", "text": "b", "account_id": "a2"}',
    ],
)
async def test_a_body_against_its_schema_is_refused(house: House, body: bytes) -> None:
    headers = {**house.bearer(TENANT), "Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await house.client.post("/matters", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_text_of_any_script_comes_back_as_it_was_written(house: House) -> None:
    text = "Zażółć gęślą jaźń 🚿 Привіт\n\n  „cudzysłów” <b>&amp;</b> '; drop table letters; --"
    matter_id = await house.open(text=text)
    assert (await house.thread(matter_id))["messages"][0]["text"] == text


async def test_without_a_token_of_this_service_nothing_is_told(house: House) -> None:
    wrong = house.signer.issue("ledger", TENANT)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {wrong}"}):
        for path in ("/matter-types", "/matters", "/matters/m1", "/inbox"):
            assert (await house.client.get(path, headers=headers)).status_code == 401, path
