"""Issuing letters: who gets one, what lies in the folder, and what is kept of it."""

import stat
from pathlib import Path

import pytest

from services.identity.commands.add_staff import grant_role, replace_password, staff_account
from services.identity.commands.issue_letters import CHUNK_LETTERS, UnknownPeopleError, addressees, issue_letters
from services.identity.domain.accounts import AccountTakenError
from services.identity.domain.leases import Lease
from services.identity.read_models import leases
from services.identity.tests.house import PRINTER, House, password_in

pytestmark = pytest.mark.system

GOOD = "zielony kubek pod oknem"
BETTER = "osiem granatowych parasoli"


async def lease(house: House, lease_id: str, person_id: str, address: str, *, ended: bool = False) -> None:
    async with house.tools.database.transaction() as tx:
        ended_on = house.tools.today() if ended else None
        parties = {person_id: "tenant"}
        await leases.save(tx, [Lease(lease_id, "erp", True, "1", address, parties, ended_on=ended_on)])  # type: ignore[arg-type]


async def test_each_person_gets_a_letter_of_their_own_with_a_password_of_its_own(house: House) -> None:
    people = CHUNK_LETTERS + 3
    await house.import_people(people)
    to = await addressees(house.tools, None, everyone=True)
    issued = [n async for n in issue_letters(house.tools, PRINTER, to, house.folder)]

    assert issued == [CHUNK_LETTERS, people]
    files = sorted(house.folder.iterdir())
    assert [file.name for file in files] == [f"P-{n:06}.pdf" for n in range(1, people + 1)]
    assert len({password_in(file) for file in files}) == people
    for n, file in enumerate(files[:2], start=1):
        assert (await house.sign_in(password_in(file), f"K{100_000 + n}")).status_code == 201


async def test_nobody_else_may_read_the_letters(house: House) -> None:
    await house.import_people()
    await house.letter()

    assert stat.S_IMODE(house.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((house.folder / "P-000001.pdf").stat().st_mode) == 0o600


async def test_a_letter_goes_to_the_premises_of_the_lease_that_has_not_ended(house: House) -> None:
    await house.import_people(2)
    await lease(house, "L-1", "P-000001", "ul. Stara 1, 99-999 Dębogród", ended=True)
    await lease(house, "L-2", "P-000001", "ul. Nowa 2, 99-999 Dębogród")
    to = await addressees(house.tools, None, everyone=True)

    assert [one.address for one in to] == ["ul. Nowa 2, 99-999 Dębogród", None]


async def test_without_a_choice_letters_go_to_those_who_have_no_other_way_in(house: House) -> None:
    await house.import_people(4)
    await house.settled(GOOD, 1)
    await house.letter("P-000002")
    used = await house.letter("P-000003")
    await house.sign_in(used, "K100003")

    assert [one.person_id for one in await addressees(house.tools, None, everyone=False)] == ["P-000003", "P-000004"]
    house.clock.forward(days=91)
    waiting = [one.person_id for one in await addressees(house.tools, None, everyone=False)]
    assert waiting == ["P-000002", "P-000003", "P-000004"]


async def test_unknown_people_get_no_letter_and_neither_do_the_others_named_with_them(house: House) -> None:
    await house.import_people()
    with pytest.raises(UnknownPeopleError) as refused:
        await addressees(house.tools, ["P-000001", "P-9", "P-8"], everyone=False)

    assert refused.value.person_ids == ["P-8", "P-9"]


async def test_letters_that_could_not_be_written_are_not_valid(house: House, tmp_path: Path) -> None:
    await house.import_people()
    (tmp_path / "file").write_text("not a folder")
    to = await addressees(house.tools, ["P-000001"], everyone=False)
    with pytest.raises(OSError, match="file"):
        assert [n async for n in issue_letters(house.tools, PRINTER, to, tmp_path / "file")]

    assert await house.rows("select * from letters") == []


async def test_of_a_letter_the_events_tell_only_its_id_and_last_day(house: House) -> None:
    await house.import_people()
    await house.letter()
    rows = await house.rows("select event_type, convert_from(body, 'UTF8') as body from events order by position")

    assert [row["event_type"] for row in rows] == [
        "iok.PersonRegistered.v1",
        "iok.AccountOpened.v1",
        "iok.PasswordLetterIssued.v1",
    ]
    letter_id = (await house.rows("select letter_id from letters"))[0]["letter_id"]
    assert f'"letter_id":"{letter_id}","expires_on":"2027-02-21"' in rows[2]["body"]


async def test_a_staff_login_is_found_and_a_tenants_is_refused(house: House) -> None:
    await house.import_people()
    account_id = await house.add_staff("Anna.Clerk", BETTER, "clerk")

    assert await staff_account(house.tools, "anna.clerk") == account_id
    assert await staff_account(house.tools, "nobody") is None
    with pytest.raises(AccountTakenError):
        await staff_account(house.tools, "K100001")


async def test_a_staff_member_gets_a_further_role_once(house: House) -> None:
    account_id = await house.add_staff("anna", BETTER, "clerk")

    assert await grant_role(house.tools, account_id, "operator")
    assert not await grant_role(house.tools, account_id, "operator")
    assert (await house.sign_in(BETTER, "anna")).json()["roles"] == ["clerk", "operator"]


async def test_a_new_password_of_a_staff_member_ends_their_sessions(house: House) -> None:
    account_id = await house.add_staff("anna", BETTER)
    token = (await house.sign_in(BETTER, "anna")).json()["token"]
    await replace_password(house.tools, account_id, "anna", GOOD)

    assert (await house.tokens(token)).status_code == 401
    assert (await house.sign_in(BETTER, "anna")).status_code == 401
    assert (await house.sign_in(GOOD, "anna")).status_code == 201
