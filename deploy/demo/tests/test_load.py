"""Loading does what operators and tenants would, once; again, it goes on or finds all done."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pypdf import PdfWriter

from deploy.demo import export, passwords
from deploy.demo.__main__ import main
from deploy.demo.letters import one_time_password
from deploy.demo.load import Load, load, order_for
from deploy.demo.mistakes import Mistake
from deploy.demo.operators import operate
from deploy.demo.places import DemoError, Places, read_json
from deploy.demo.tests.system import StandInSystem
from libs.events.decoding import Reason, Rejected, decode

LEASES, SEED = 6, 7


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "var", tmp_path / "var" / "run" / "stack.json")


@pytest.fixture
async def system(places: Places) -> AsyncIterator[StandInSystem]:
    async with StandInSystem().running(places) as running:
        yield running


async def run(places: Places, system: StandInSystem, leases: int = LEASES) -> list[str]:
    told: list[str] = []
    await load(Load(order_for(places, leases, SEED), places, told.append, system.operate, system.publish))
    return told


def reason_of(one: Mistake) -> Reason:
    with pytest.raises(Rejected) as rejected:
        decode(one.topic, one.lease_id.encode(), one.value, company_sources=("erp",))
    return rejected.value.reason


async def test_a_load_imports_everything_and_leaves_people_who_can_sign_in(
    places: Places, system: StandInSystem
) -> None:
    told = await run(places, system)
    meta = export.read_meta(places.export)
    assert meta is not None
    people = read_json(places.people)
    assert set(people) == {"tenant", "other_tenant", "operator"}
    assert people["tenant"]["lease_id"] == meta.tenant.lease_id
    for who in people.values():
        assert system.passwords[who["login"]] == who["password"]
    assert system.letters == {}
    assert len(system.lines["charges"]) == meta.lines["charges"]
    assert places.people.stat().st_mode & 0o077 == 0
    assert "the ledger has booked everything" in told


async def test_files_are_imported_after_what_they_need(places: Places, system: StandInSystem) -> None:
    await run(places, system)
    order = {command: place for place, command in enumerate(system.commands)}
    assert order["import-leases"] < order["import-charges"]
    assert order["import-leases"] < order["import-payments"]
    assert order["import-people"] < order["issue-letters"]
    assert order["import-payments"] < order["import-statement"]


async def test_a_second_load_finds_all_done_and_runs_no_command(places: Places, system: StandInSystem) -> None:
    await run(places, system)
    system.commands.clear()
    told = await run(places, system)
    assert told == ["the demo company is loaded already", "the demo's tenants see their leases and balances"]
    assert system.commands == []


async def test_the_company_system_makes_each_mistake_once_and_never_with_those_who_sign_in(
    places: Places, system: StandInSystem
) -> None:
    await run(places, system)
    places.loaded.unlink()
    await run(places, system)
    reasons = Counter(reason_of(one) for one in system.published)
    assert reasons == {
        Reason.DATA_AGAINST_SCHEMA: 3,
        Reason.LINES_DO_NOT_ADD_UP: 2,
        Reason.SOURCE_NOT_ALLOWED: 1,
        Reason.NOT_JSON: 1,
        Reason.UNKNOWN_VERSION: 1,
    }
    meta = export.read_meta(places.export)
    assert meta
    assert not {meta.tenant.lease_id, meta.other_tenant.lease_id} & {one.lease_id for one in system.published}


@pytest.mark.parametrize("broken", ["import-people", "import-leases", "import-charges", "import-payments", "add-staff"])
async def test_an_interrupted_load_says_what_failed_and_goes_on_when_run_again(
    places: Places, system: StandInSystem, broken: str
) -> None:
    system.failing = {broken}
    with pytest.raises(DemoError, match=broken):
        await run(places, system)
    assert not places.people.exists()
    system.failing = set()
    await run(places, system)
    assert places.people.exists()


async def test_a_load_interrupted_after_the_passwords_were_chosen_issues_no_second_letter(
    places: Places, system: StandInSystem
) -> None:
    await run(places, system)
    places.loaded.unlink()
    system.commands.clear()
    await run(places, system)
    assert "issue-letters" not in system.commands
    assert "import-charges" in system.commands


async def test_people_who_forgot_their_demo_passwords_get_new_letters(places: Places, system: StandInSystem) -> None:
    await run(places, system)
    login = read_json(places.people)["tenant"]["login"]
    system.passwords[login] = "changed in the portal"
    system.commands.clear()
    await run(places, system)
    assert system.commands.count("issue-letters") == 1
    assert system.passwords[login] == read_json(places.people)["tenant"]["password"]


async def test_the_first_load_tries_no_password_in_vain(places: Places, system: StandInSystem) -> None:
    await run(places, system)
    assert system.refusals == 0


async def test_a_larger_company_is_loaded_on_top_with_the_same_today(places: Places, system: StandInSystem) -> None:
    await run(places, system)
    before = export.read_meta(places.export)
    await run(places, system, leases=LEASES + 4)
    after = export.read_meta(places.export)
    assert before is not None
    assert after is not None
    assert (after.leases, after.today) == (LEASES + 4, before.today)


async def test_a_failing_command_is_reported_with_what_it_said(places: Places) -> None:
    with pytest.raises(DemoError, match=r"services\.nobody import-people failed \(1\)"):
        await operate(places, "nobody", ["import-people"])


def test_without_a_running_system_loading_says_how_to_start_it(
    places: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IOK_VAR", str(places.var))
    monkeypatch.delenv("IOK_RUN_FILE", raising=False)
    assert main(["load"]) == 1
    assert "make up" in capsys.readouterr().err


def test_a_size_that_is_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IOK_DEMO_LEASES", "many")
    assert main(["load"]) == 2
    assert "many" in capsys.readouterr().err


def test_passwords_are_chosen_once_and_kept_from_others(places: Places) -> None:
    first = passwords.chosen(places)
    assert passwords.chosen(places) == first
    assert set(first) == {"tenant", "other_tenant", "operator"}
    assert len(set(first.values())) == 3
    assert all(len(password) >= 12 for password in first.values())
    assert places.passwords.stat().st_mode & 0o077 == 0
    assert json.loads(places.passwords.read_text()) == first


def test_a_letter_without_a_password_is_refused(tmp_path: Path) -> None:
    blank = tmp_path / "blank.pdf"
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(blank)
    with pytest.raises(DemoError, match="0 passwords"):
        one_time_password(blank)
