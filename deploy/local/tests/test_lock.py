"""There is one stack per folder, and what a killed supervisor leaves behind is ended, but nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.lock import StackLock, end_leftovers
from deploy.local.places import Places

SLEEPS = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "var")
    found.make()
    return found


@pytest.fixture
def left_behind(places: Places) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this stack, told by the last run file."""
    with start(IOK_VAR=str(places.var)) as process:
        tell(places, process.pid)
        yield process
        process.kill()


def start(**environment: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(SLEEPS, env=os.environ | environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def tell(places: Places, pid: int) -> None:
    places.run_file.write_text(json.dumps({"processes": {"ledger-api": {"pid": pid}}}), encoding="utf-8")


def test_a_second_stack_in_the_same_folder_is_refused(places: Places) -> None:
    first, second = StackLock(places), StackLock(places)
    assert first.take()
    assert not second.take()
    assert second.taken
    assert not second.held


def test_asking_whether_it_is_taken_does_not_take_it(places: Places) -> None:
    assert not StackLock(places).taken
    assert StackLock(places).take()


def test_the_lock_tells_who_holds_it(places: Places) -> None:
    lock = StackLock(places)
    lock.take()
    lock.tell(launcher=12, supervisor=34)
    assert StackLock(places).holders() == [12, 34]


def test_a_process_left_behind_is_ended(places: Places, left_behind: subprocess.Popen[bytes]) -> None:
    assert end_leftovers(places) == [left_behind.pid]
    assert left_behind.wait(5) != 0


def test_a_process_that_got_the_number_since_is_left_alone(places: Places) -> None:
    with start(IOK_VAR="/elsewhere") as another:
        tell(places, another.pid)
        assert end_leftovers(places) == []
        assert another.poll() is None
        another.kill()
