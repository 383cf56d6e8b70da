"""Whatever dies is started again, and the run file's numbers follow."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from deploy.local.keeper import Keeper
from deploy.local.places import Places
from deploy.local.program import Program
from deploy.local.supervision import Supervisor

pytestmark = pytest.mark.system

ODD = 'a "quoted" 100% sign, and a comma'
LIVES = "import os, time; open({file!r}, 'w').write(os.environ['ODD']); time.sleep(600)"
DIES = "open({file!r}, 'a').write('x')"
PATIENCE_SECONDS = 10.0


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """Looks after `gateway`, which lives, and `identity`, which ends as soon as it starts."""
    places = Places(tmp_path / ("long-" * 20) / "var")  # a socket's path could not be that long
    places.make()
    found = Supervisor(places)
    found.start([_program("gateway", LIVES, tmp_path), _program("identity", DIES, tmp_path)])
    yield found
    found.stop()


def _program(name: str, script: str, folder: Path) -> Program:
    command = (sys.executable, "-c", script.format(file=str(folder / name)))
    return Program(name, command, folder, {"ODD": ODD})


def until(come_true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not come_true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_program_gets_its_environment_whatever_is_in_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.launch("gateway")
    until(lambda: (tmp_path / "gateway").exists() and (tmp_path / "gateway").read_text(encoding="utf-8") == ODD)


def test_a_killed_program_is_started_again_and_its_new_number_told(supervisor: Supervisor, tmp_path: Path) -> None:
    told: list[Mapping[str, int]] = []
    supervisor.launch("gateway")
    watch = threading.Thread(target=Keeper(supervisor, told.append).watch)
    watch.start()
    until(lambda: told)
    first = told[-1]["gateway"]
    os.kill(first, signal.SIGKILL)
    until(lambda: told[-1]["gateway"] != first)
    os.kill(told[-1]["gateway"], 0)
    supervisor.stop()
    watch.join(PATIENCE_SECONDS)
    assert not watch.is_alive(), "the keeper ends with the supervisor"


def test_a_program_that_cannot_start_is_tried_for_ever_at_a_calm_pace(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.launch("identity")
    watch = threading.Thread(target=Keeper(supervisor, lambda _: None).watch)
    watch.start()
    time.sleep(4)
    tries = len((tmp_path / "identity").read_text(encoding="utf-8"))
    supervisor.stop()
    watch.join(PATIENCE_SECONDS)
    assert 2 <= tries <= 12
