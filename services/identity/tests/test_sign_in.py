"""Signing in: from the letter to one's own password, and one answer to whatever goes wrong."""

import asyncio
import time

import httpx
import pytest

from services.identity.tests.house import House

pytestmark = pytest.mark.system

GOOD = "zielony kubek pod oknem"
BETTER = "osiem granatowych parasoli"


async def test_a_letters_password_signs_in_and_must_be_changed(house: House) -> None:
    await house.import_people()
    answer = await house.sign_in(await house.letter())

    assert answer.status_code == 201
    body = answer.json()
    assert body["must_change_password"] is True
    assert body["roles"] == []
    assert body["expires_at"] == "2026-11-23T12:15:00Z"
    assert len(body["token"]) >= 43


async def test_a_letters_password_works_once(house: House) -> None:
    await house.import_people()
    password = await house.letter()

    assert (await house.sign_in(password)).status_code == 201
    assert (await house.sign_in(password)).status_code == 401


async def test_of_several_sign_ins_at_once_by_one_letter_one_succeeds(house: House) -> None:
    await house.import_people()
    password = await house.letter()
    answers = await asyncio.gather(*[house.sign_in(password) for _ in range(4)])

    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_a_new_letter_makes_the_one_before_void(house: House) -> None:
    await house.import_people()
    old, new = await house.letter(), await house.letter()

    assert (await house.sign_in(old)).status_code == 401
    assert (await house.sign_in(new)).status_code == 201


async def test_a_letter_is_over_after_its_last_day(house: House) -> None:
    await house.import_people()
    password = await house.letter()
    house.clock.forward(days=90, hours=10)  # 23:00 in Warsaw on the last day
    assert (await house.sign_in(password)).status_code == 201

    password = await house.letter()
    house.clock.forward(days=90, hours=1)
    assert (await house.sign_in(password)).status_code == 401


async def test_after_the_change_the_own_password_signs_in_without_more_ado(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    answer = await house.sign_in(GOOD, login=" k100001 ")

    assert answer.status_code == 201
    assert answer.json()["must_change_password"] is False


async def test_a_forgotten_password_stays_valid_until_the_letters_is_used_and_changed(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    letter = await house.letter()

    assert (await house.sign_in(GOOD)).status_code == 201
    began = await house.sign_in(letter)
    assert began.json()["must_change_password"] is True
    assert (await house.change(began.json()["token"], BETTER)).status_code == 200
    assert (await house.sign_in(GOOD)).status_code == 401
    assert (await house.sign_in(BETTER)).status_code == 201


async def test_choosing_a_password_makes_a_letter_still_on_its_way_void(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    letter = await house.letter()
    await house.change(token, BETTER, GOOD)

    assert (await house.sign_in(letter)).status_code == 401


async def refusals(house: House) -> dict[str, httpx.Response]:
    """One refusal of every kind."""
    await house.import_people(5)
    await house.settled(GOOD)
    used, expired = await house.letter("P-000002"), await house.letter("P-000003")
    await house.sign_in(used, "K100002")
    wrong_before_letter = await house.sign_in("AAAA-AAAA-AAAA-AAAA-AAAA", "K100003")
    house.clock.forward(days=91)
    answers = {
        "unknown login": await house.sign_in(GOOD, "nobody"),
        "wrong password": await house.sign_in("x" * 20),
        "no password yet": await house.sign_in(GOOD, "K100004"),
        "used letter": await house.sign_in(used, "K100002"),
        "expired letter": await house.sign_in(expired, "K100003"),
        "wrong letter": wrong_before_letter,
        "empty": await house.sign_in("", ""),
        "odd": await house.sign_in("a\0b\ud7ff", "k\0100001"),
        "too long for any password": await house.sign_in("x" * 1_000),
    }
    for _ in range(4):
        answers["throttled"] = await house.sign_in("y" * 20)
    return answers


async def test_every_refusal_is_the_same_answer(house: House) -> None:
    answers = await refusals(house)

    assert {answer.status_code for answer in answers.values()} == {401}
    assert len({answer.text for answer in answers.values()}) == 1
    assert "Sprawdź login i hasło" in answers["unknown login"].json()["detail"]


async def test_no_refusal_comes_before_its_time_whatever_the_reason(house: House) -> None:
    await house.import_people()
    for login in ("K100001", "nobody"):
        began = time.perf_counter()
        await house.sign_in("completely wrong", login)
        assert time.perf_counter() - began >= 0.29


async def test_every_attempt_costs_the_same_work_whatever_the_reason(house: House) -> None:
    await house.import_people(2)
    await house.settled(GOOD)
    letter = await house.letter("P-000002")
    for login, password in (("K100001", GOOD), ("K100001", "wrong"), ("nobody", GOOD), ("K100002", letter)):
        before = house.passwords.verified
        await house.sign_in(password, login)
        assert house.passwords.verified == before + 1
    for _ in range(6):
        before = house.passwords.verified
        await house.sign_in("completely wrong", "throttled")
        assert house.passwords.verified == before + 1


async def test_when_too_many_sign_in_at_once_the_rest_are_told_to_come_back(house: House) -> None:
    await house.import_people()
    answers = await asyncio.gather(*[house.sign_in("wrong", f"nobody{n}", f"192.0.2.{n}") for n in range(80)])
    busy = [answer for answer in answers if answer.status_code == 503]

    assert {answer.status_code for answer in answers} == {401, 503}
    assert {answer.headers["retry-after"] for answer in busy} == {"2"}
    counted = await house.rows("select count(*) as logins from attempts where scope = 'login'")
    assert counted[0]["logins"] == len(answers) - len(busy)


async def test_after_a_few_failures_the_right_password_must_wait_too(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    for _ in range(5):
        await house.sign_in("completely wrong")

    assert (await house.sign_in(GOOD)).status_code == 401
    house.clock.forward(seconds=2)
    assert (await house.sign_in(GOOD)).status_code == 201
    assert [row["count"] for row in await house.rows("select count from attempts where scope = 'login'")] == [0]


async def test_guesses_sent_all_at_once_are_counted_like_guesses_in_a_row(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    await asyncio.gather(*[house.sign_in("completely wrong") for _ in range(20)])

    counted = await house.rows("select count from attempts where scope = 'login'")
    assert [row["count"] for row in counted] == [5]


async def test_one_address_that_tries_many_logins_must_wait_and_others_need_not(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    await asyncio.gather(*[house.sign_in("wrong", f"nobody{n}", "192.0.2.66") for n in range(30)])

    assert (await house.sign_in(GOOD, address="192.0.2.66")).status_code == 401
    assert (await house.sign_in(GOOD, address="192.0.2.67")).status_code == 201


async def test_after_ten_failures_it_is_told_that_sign_in_waits(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    for _ in range(12):
        await house.sign_in("completely wrong")
        house.clock.forward(minutes=15)

    told = await house.rows("select event_type from events order by position")
    assert [row["event_type"] for row in told].count("iok.SignInLocked.v1") == 1


async def test_a_new_letter_lets_a_locked_tenant_in_at_once(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    for _ in range(6):
        await house.sign_in("completely wrong")

    assert (await house.sign_in(await house.letter())).status_code == 201


async def test_nothing_that_people_typed_or_are_called_stands_in_the_audit_log_or_the_events(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    await house.sign_in("completely wrong", "somebody@example.invalid")

    rows = await house.rows(
        "select audit_log::text as told from audit_log union all select encode(body, 'escape') from events"
    )
    everything = " ".join(row["told"] for row in rows)
    for secret in ("K100001", "Kowalska", "example.invalid", "192.0.2.1", GOOD, "completely"):
        assert secret not in everything


async def test_a_body_against_its_schema_is_422_and_repeats_nothing(house: House) -> None:
    for body in (
        b"",
        b"[]",
        b"{}",
        b'{"login": 1, "password": "x"}',
        b'{"login": "x"}',
        b'{"login": "' + b"x" * 300 + b'", "password": ""}',
        b'{"login": "\\ud800", "password": "\\ud800"}',
    ):
        answer = await house.client.post("/sessions", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422, body
        assert "xxx" not in answer.text
