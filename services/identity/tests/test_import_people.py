"""Importing people: the whole file first, then in chunks, and the same again as often as one likes."""

import pytest

from services.identity.commands import import_people as room
from services.identity.commands.import_people import (
    BadLine,
    Checked,
    ImportRunningError,
    check_people,
    hold_import_lock,
    import_people,
)
from services.identity.domain.accounts import account_of
from services.identity.tests.house import House
from services.identity.tests.lines import encoded, people_lines, person_line

pytestmark = pytest.mark.system


async def checked(house: House, *lines: object) -> Checked:
    return await check_people(house.tools, [line if isinstance(line, bytes) else encoded(line) for line in lines])


async def counts(house: House) -> dict[str, int]:
    rows = await house.rows(
        "select (select count(*) from people) as people, (select count(*) from accounts) as accounts, "
        "(select count(*) from events) as events, (select count(*) from outbox) as outbox"
    )
    return dict(rows[0])


async def test_every_person_of_a_file_gets_an_account_and_an_event(house: House) -> None:
    await house.import_people(2_500)

    assert await counts(house) == {"people": 2_500, "accounts": 2_500, "events": 2_500, "outbox": 2_500}
    rows = await house.rows("select subject, event_type, body from events where stream_version = 1 order by position")
    assert rows[0]["subject"] == account_of("P-000001")
    assert rows[0]["event_type"] == "iok.PersonRegistered.v1"
    assert b"P-000001" in rows[0]["body"]


async def test_events_carry_no_name_login_or_address(house: House) -> None:
    await house.import_people(1, pesel="44051401359", nip="8567346215")
    body = bytes((await house.rows("select body from outbox"))[0]["body"]).decode()

    for personal in ("ucja", "Kowalska", "K100001", "example.invalid", "44051401359", "8567346215"):
        assert personal not in body


async def test_a_pesel_can_be_read_nowhere_in_the_database(house: House) -> None:
    await house.import_people(1, pesel="44051401359")

    assert "44051401359" not in str((await house.rows("select p::text as told from people p"))[0]["told"])


async def test_the_same_file_again_changes_nothing(house: House) -> None:
    await house.import_people(3)
    again = await check_people(house.tools, people_lines(3))

    assert (len(again.new), again.skipped, again.bad) == (0, 3, [])


async def test_an_import_that_was_interrupted_goes_on_where_it_was(house: House) -> None:
    lines = people_lines(2 * room.CHUNK_PEOPLE)
    begun = import_people(house.tools, (await check_people(house.tools, lines)).new)
    assert await anext(begun) == room.CHUNK_PEOPLE

    again = await check_people(house.tools, lines)
    assert (len(again.new), again.skipped) == (room.CHUNK_PEOPLE, room.CHUNK_PEOPLE)
    assert [taken async for taken in import_people(house.tools, again.new)] == [room.CHUNK_PEOPLE]
    assert (await counts(house))["people"] == 2 * room.CHUNK_PEOPLE


async def test_a_known_person_with_other_content_is_a_bad_line(house: House) -> None:
    await house.import_people(1)
    found = await checked(house, person_line(1, family_name="Inna"), person_line(2))

    assert found.bad == [BadLine(1, "person_id: known with other content from an earlier import")]


async def test_a_login_of_somebody_else_is_a_bad_line(house: House) -> None:
    await house.import_people(1)
    await house.add_staff("operator", "osiem granatowych parasoli")
    found = await checked(house, person_line(2, login="k100001"), person_line(3, login="OPERATOR"))

    assert [bad.reason for bad in found.bad] == ["login: taken by another account"] * 2


async def test_a_file_that_contradicts_itself_is_told_line_by_line(house: House) -> None:
    found = await checked(
        house, person_line(1), person_line(1), person_line(1, given_name="Ewa"), person_line(2, login="K100001")
    )

    assert found.skipped == 1
    assert found.bad == [
        BadLine(3, "person_id: known with other content from line 1"),
        BadLine(4, "login: the same as in line 1"),
    ]


BROKEN = [
    (b"{", "not_json"),
    (b"\xff\xfe", "not_json"),
    (b'{"person_id": "\xff"}', "not_utf8"),
    (b'{"person_id": "a", "person_id": "b"}', "duplicate_key"),
    (b'{"person_id": NaN}', "not_json"),
    (b"[]", "not a JSON object"),
    (b'"x"', "not a JSON object"),
    (b"{}", "person_id: missing; given_name: missing; family_name: missing; login: missing"),
    (b"[" * 5_000, "too_deep"),
    (b'{"person_id": "' + b"x" * 300_000 + b'"}', "too_large"),
]


async def test_every_broken_line_is_told_with_its_number_and_reason_and_empty_ones_are_none(house: House) -> None:
    found = await checked(house, person_line(1), b"\n", *[line + b"\r\n" for line, _ in BROKEN], person_line(2))

    assert len(found.new) == 2
    assert [bad.number for bad in found.bad] == list(range(3, 3 + len(BROKEN)))
    for bad, (_, reason) in zip(found.bad, BROKEN, strict=True):
        assert bad.reason.startswith(reason)
        assert len(bad.reason) < 300


async def test_two_imports_do_not_run_at_once(house: House) -> None:
    async with house.tools.database.session() as other:
        async with house.tools.database.session() as one:
            await hold_import_lock(one)
            with pytest.raises(ImportRunningError):
                await hold_import_lock(other)
        await hold_import_lock(other)


async def test_a_chunk_that_fails_leaves_nothing_behind(house: House) -> None:
    found = await check_people(house.tools, people_lines(3))
    await house.import_people(1, person_id="P-000003", login="taken-meanwhile")
    before = await counts(house)
    with pytest.raises(Exception, match="duplicate key"):
        assert [taken async for taken in import_people(house.tools, found.new)]

    assert await counts(house) == before
