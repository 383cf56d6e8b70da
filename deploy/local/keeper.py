"""Keeps the run file true: watches every process, and writes the new number of one that was started again.

The kernel tells the death of a process at once by its pidfd. Supervisord would look only once a second; any request
makes it look, so the keeper asks it at once, unless the process had hardly started: then the once-a-second pace is
what keeps a program that cannot start from eating the machine.
"""

import os
import selectors
import time
from collections.abc import Callable, Mapping

from deploy.local.supervision import Supervisor

LOOK_SECONDS = 1.0  # also without news, for systems that have no pidfd
SETTLED_SECONDS = 3.0  # a process that lived this long has been running well
ASK_AGAIN_SECONDS = 0.02
ASK_FOR_SECONDS = 2.0


class Keeper:
    """Watches the supervisor's processes; `changed` hears their numbers whenever one is new."""

    def __init__(self, supervisor: Supervisor, changed: Callable[[Mapping[str, int]], None]) -> None:
        self._supervisor = supervisor
        self._changed = changed
        self._selector = selectors.DefaultSelector()
        self._pids: dict[str, int] = {}
        self._since: dict[str, float] = {}

    def watch(self) -> None:
        """Return when the supervisor has died."""
        try:
            while self._supervisor.alive:
                self._look()
                gone = [key for key, _ in self._selector.select(LOOK_SECONDS)]
                for key in gone:
                    self._forget(key)
                    self._await_restart(str(key.data))
        finally:
            self._close()

    def _look(self) -> None:
        """Take the numbers of now."""
        try:
            now = self._supervisor.pids()
        except ConnectionError:
            return
        new = {name: pid for name, pid in now.items() if self._pids.get(name) != pid}
        for name, pid in new.items():
            self._since[name] = time.monotonic()
            self._register(name, pid)
        self._pids |= new
        if new:
            self._changed(dict(self._pids))

    def _await_restart(self, name: str) -> None:
        """Make the supervisor look until it has started the process again, if that had been running well."""
        if time.monotonic() - self._since.get(name, 0.0) < SETTLED_SECONDS:
            time.sleep(LOOK_SECONDS / 2)
            return
        before, until = self._pids.get(name), time.monotonic() + ASK_FOR_SECONDS
        while self._pids.get(name) == before and self._supervisor.alive and time.monotonic() < until:
            time.sleep(ASK_AGAIN_SECONDS)
            self._look()

    def _register(self, name: str, pid: int) -> None:
        try:
            self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, name)
        except OSError:
            return  # it is gone already, or the kernel has no pidfd: the next look tells

    def _forget(self, key: selectors.SelectorKey) -> None:
        self._selector.unregister(key.fd)
        os.close(key.fd)

    def _close(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._forget(key)
        self._selector.close()
