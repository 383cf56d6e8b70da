"""One stack per `var/`: a lock that lives as long as its launcher or its supervisor, and what they may leave behind.

The lock file tells the numbers of both, so that `down` can end a stack whoever of the two is left.
"""

import fcntl
import json
import os
import signal
import time
from pathlib import Path

from deploy.local.places import Places

END_SECONDS = 90.0
LEFTOVER_SECONDS = 15.0
PAUSE_SECONDS = 0.1
COMMANDS = (b"deploy.local", b"supervisor.supervisord")  # what a launcher and a supervisor are started by


class StackLock:
    """The lock of one stack; its descriptor is handed to the supervisor."""

    def __init__(self, places: Places) -> None:
        self._file = places.lock_file
        self.descriptor = -1

    def take(self) -> bool:
        """Try to take it; False when the stack runs already."""
        self.descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.descriptor)
            self.descriptor = -1
            return False
        return True

    def tell(self, **holders: int) -> None:
        """Write down who holds it."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps(holders).encode(), 0)

    @property
    def held(self) -> bool:
        """Whether this process holds it."""
        return self.descriptor >= 0

    @property
    def taken(self) -> bool:
        """Whether somebody holds it now."""
        if not self.take():
            return True
        os.close(self.descriptor)
        self.descriptor = -1
        return False

    def holders(self) -> list[int]:
        """The numbers of those who may hold it, the launcher first."""
        try:
            told: dict[str, int] = json.loads(self._file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        return [told[name] for name in ("launcher", "supervisor") if name in told]

    def end_holders(self) -> bool:
        """Ask those who hold the lock to end, and wait; False when they do not."""
        for pid in self.holders():
            if _runs(pid, *COMMANDS) and _signal(pid, signal.SIGTERM):
                break
        until = time.monotonic() + END_SECONDS
        while self.taken and time.monotonic() < until:
            time.sleep(PAUSE_SECONDS)
        return not self.taken


def end_leftovers(places: Places) -> list[int]:
    """End processes of this stack whose supervisor was killed.

    The run file names them, their environment proves that they are ours. Returns their numbers.
    """
    mine = [pid for pid in _last_pids(places.run_file) if _is_of(pid, places)]
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for pid in mine:
            _signal(pid, sent)
        until = time.monotonic() + LEFTOVER_SECONDS
        while any(_is_of(pid, places) for pid in mine) and time.monotonic() < until:
            time.sleep(PAUSE_SECONDS)
    return mine


def _last_pids(run_file: Path) -> list[int]:
    try:
        told = json.loads(run_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    return [process["pid"] for process in told["processes"].values()]


def _is_of(pid: int, places: Places) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"IOK_VAR={places.var}\0".encode() in environment


def _runs(pid: int, *commands: bytes) -> bool:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return any(command in line for command in commands)


def _signal(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
