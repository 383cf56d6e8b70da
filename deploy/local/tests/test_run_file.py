"""The run file is there while the stack is ready, and always true."""

import json
from pathlib import Path

import pytest

from deploy.local.environment import Surroundings
from deploy.local.places import write_private
from deploy.local.run_file import RunFile

PEOPLE = {"tenant": {"login": "K1", "password": "p", "lease_id": "l"}}


@pytest.fixture
def run_file(surroundings: Surroundings) -> RunFile:
    """Begun, and the demo's people are known."""
    (surroundings.places.var / "demo").mkdir()
    write_private(surroundings.places.var / "demo" / "people.json", json.dumps(PEOPLE))
    begun = RunFile(surroundings.places)
    begun.begin(surroundings, {"ledger-api": 7})
    return begun


def test_nobody_sees_the_file_before_the_stack_is_ready_but_the_loader(
    run_file: RunFile, surroundings: Surroundings
) -> None:
    assert not surroundings.places.run_file.exists()
    draft = Path(run_file.environment()["IOK_RUN_FILE"])
    assert json.loads(draft.read_text(encoding="utf-8"))["services"]["ledger"]["pid"] == 7


def test_the_published_file_tells_the_demos_people_to_its_owner_only(
    run_file: RunFile, surroundings: Surroundings
) -> None:
    assert run_file.publish()["demo"] == PEOPLE
    assert json.loads(surroundings.places.run_file.read_text(encoding="utf-8"))["demo"] == PEOPLE
    assert surroundings.places.run_file.stat().st_mode & 0o777 == 0o600


def test_a_new_number_is_told_at_once(run_file: RunFile, surroundings: Surroundings) -> None:
    run_file.publish()
    run_file.update({"ledger-api": 8, "kafka": 9})
    told = json.loads(surroundings.places.run_file.read_text(encoding="utf-8"))
    assert told["services"]["ledger"]["pid"] == 8
    assert told["processes"] == {"ledger-api": {"pid": 8}, "kafka": {"pid": 9}}


def test_a_removed_file_does_not_come_back(run_file: RunFile, surroundings: Surroundings) -> None:
    run_file.publish()
    run_file.remove()
    run_file.update({"ledger-api": 8})
    assert not surroundings.places.run_file.exists()
