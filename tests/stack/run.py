"""The run's side of the guardian: begin a run, ask for its servers, end it."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.local.places import ROOT
from tests.stack.guardian import FAILED_FILE, LOCK_FILE, SERVERS_FILE
from tests.stack.servers import Servers

HOME_VARIABLE = "IOK_TEST_RUN"
START_SECONDS = 100.0
END_SECONDS = 40.0
PAUSE_SECONDS = 0.05


class Run:
    """One run of the tests, kept by the process that controls it; its workers know it by the environment."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="iok-tests-"))
        self._lock = (self.home / LOCK_FILE).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.environ[HOME_VARIABLE] = str(self.home)

    def end(self) -> None:
        """Let the guardian stop the servers, and wait until it has."""
        started = (self.home / "guardian.lock").exists()
        self._lock.close()
        until = time.monotonic() + END_SECONDS
        while started and self.home.exists() and time.monotonic() < until:
            time.sleep(PAUSE_SECONDS)
        shutil.rmtree(self.home, ignore_errors=True)
        os.environ.pop(HOME_VARIABLE, None)


def servers_of_run() -> Servers:
    """The servers of this run, started by whoever asks first.

    Raises:
        RuntimeError: they do not start; the message says why.
    """
    home = Path(os.environ[HOME_VARIABLE])
    _guardian(home)
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if (home / SERVERS_FILE).exists():
            return Servers.read(home / SERVERS_FILE)
        if (home / FAILED_FILE).exists():
            raise RuntimeError((home / FAILED_FILE).read_text(encoding="utf-8"))
        time.sleep(PAUSE_SECONDS)
    raise RuntimeError(f"the tests' servers were not ready within {START_SECONDS:.0f} s; see {home}/guardian.log")


def _guardian(home: Path) -> None:
    """Start the guardian unless another worker has."""
    try:
        (home / "guardian.lock").open("x").close()
    except FileExistsError:
        return
    with (home / "guardian.log").open("wb") as log:
        subprocess.Popen(
            [sys.executable, "-m", "tests.stack.guardian", str(home)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
