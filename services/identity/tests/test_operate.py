"""Operators' commands, as operators type them."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.identity.commands.add_staff import open_staff_account
from services.identity.read_models.accounts import LoginTakenError
from services.identity.tests.house import LETTER_KEY, SEED, House, password_in
from services.identity.tests.lines import encoded, people_lines, person_line

pytestmark = pytest.mark.system

PASSWORD = "osiem granatowych parasoli"
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Told:
    """What a command answered."""

    code: int
    out: str
    err: str


async def operate(house: House, *arguments: str, stdin: str = "", **environment: str) -> Told:
    keys = {"IOK_IDENTITY_LETTER_KEY": LETTER_KEY, "IOK_IDENTITY_SIGNING_KEY": SEED, "IOK_VAR": str(house.folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.identity",
        *arguments,
        cwd=ROOT,
        env={**os.environ, **house.server.environment(), **keys, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(stdin.encode())
    return Told(process.returncode or 0, out.decode(), err.decode())


def file_of(house: House, *lines: bytes) -> str:
    house.folder.mkdir(exist_ok=True)
    path = house.folder / "people.jsonl"
    path.write_bytes(b"".join(lines))
    return str(path)


async def test_people_are_imported_and_the_same_file_again_changes_nothing(house: House) -> None:
    path = file_of(house, *people_lines(1_200))
    first = await operate(house, "import-people", path)
    again = await operate(house, "import-people", path, "--json")

    assert first.code == again.code == 0
    assert "1000 of 1200 people imported" in first.err
    assert first.out == "1200 people imported, 0 were there already\n"
    assert json.loads(again.out) == {"new": 0, "skipped": 1_200, "bad": 0}


async def test_a_file_with_a_bad_line_changes_nothing_and_says_which_and_why(house: House) -> None:
    bad = encoded(person_line(2, pesel="44051401358"))
    told = await operate(house, "import-people", file_of(house, encoded(person_line(1)), bad))

    assert told.code == 1
    assert "line 2: pesel: " in told.err
    assert "44051401358" not in told.err + told.out
    assert told.out == "1 bad lines: nothing was changed\n"
    assert await house.rows("select * from people") == []


async def test_a_missing_file_is_told(house: House) -> None:
    told = await operate(house, "import-people", "/nowhere/people.jsonl")

    assert told.code == 1
    assert "cannot read /nowhere/people.jsonl" in told.err


async def test_letters_go_to_a_folder_and_their_passwords_nowhere_else(house: House) -> None:
    await house.import_people(2)
    told = await operate(house, "issue-letters", "--all", "--out", str(house.folder / "out"))

    assert told.code == 0
    assert told.out.startswith(f"2 letters in {house.folder / 'out'}")
    for n in (1, 2):
        password = password_in(house.folder / "out" / f"P-{n:06}.pdf")
        assert password not in told.out + told.err
        assert (await house.sign_in(password, f"K{100_000 + n}")).status_code == 201


async def test_letters_for_unknown_people_are_refused(house: House) -> None:
    told = await operate(house, "issue-letters", "--person", "P-9")

    assert told.code == 1
    assert "no such people: P-9" in told.err


async def test_a_member_of_staff_signs_in_with_the_password_of_standard_input(house: House) -> None:
    told = await operate(house, "add-staff", "anna", "--role", "clerk", stdin=PASSWORD + "\n")
    again = await operate(house, "add-staff", "anna", "--role", "operator", "--name", "Anna  Nowak")

    assert (told.code, again.code) == (0, 0)
    assert [row["name"] for row in await house.rows("select name from accounts")] == ["Anna Nowak"]
    assert "keeps the password" in again.err
    assert (await house.sign_in(PASSWORD, "anna")).json()["roles"] == ["clerk", "operator"]


async def test_a_poor_password_or_a_tenants_login_makes_no_member_of_staff(house: House) -> None:
    await house.import_people()
    poor = await operate(house, "add-staff", "anna", "--role", "clerk", stdin="haslo1234567\n")
    taken = await operate(house, "add-staff", "K100001", "--role", "clerk", stdin=PASSWORD)

    assert (poor.code, taken.code) == (1, 1)
    assert "haslo1234567" not in poor.err
    assert await house.rows("select * from staff_roles") == []


async def test_a_member_of_staff_is_signed_out_everywhere(house: House) -> None:
    await house.add_staff("anna", PASSWORD)
    token = (await house.sign_in(PASSWORD, "anna")).json()["token"]
    told = await operate(house, "end-sessions", "--staff", "anna")

    assert told.out == "1 sessions ended\n"
    assert (await house.tokens(token)).status_code == 401


async def test_a_missing_key_is_told_and_nothing_is_done(house: House) -> None:
    told = await operate(house, "issue-letters", IOK_IDENTITY_LETTER_KEY="c2hvcnQ=")

    assert told.code == 1
    assert "IOK_IDENTITY_LETTER_KEY must be 32 random bytes" in told.err
    assert "c2hvcnQ" not in told.err


async def test_all_events_can_be_published_again(house: House) -> None:
    await house.import_people(3)
    told = await operate(house, "republish")

    assert told.code == 0
    assert [row["n"] for row in await house.rows("select count(*) as n from outbox")] == [6]


async def test_a_login_taken_at_the_last_moment_is_told_without_the_login(house: House) -> None:
    await house.add_staff("operator", PASSWORD)

    with pytest.raises(LoginTakenError) as told:
        await open_staff_account(house.tools, "operator", "clerk", PASSWORD)

    assert "operator" not in f"{told.value} {told.value.__cause__}"
