"""How each fault is done, and undone."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.faults.clock import MovableClock
from tests.faults.plan import SERVICES, Fault
from tests.faults.standing import Standing

CLEAN = {"postgres": signal.SIGINT}  # PostgreSQL's "fast"; everybody else ends on SIGTERM
SLOW_SECONDS = 0.05
CLOCK_SECONDS = {"forward": 3_600, "back": -3_600}
RESTART_SECONDS = 5.0
FELT_SECONDS = 2.5
GONE_SECONDS = 30.0
LOOK_SECONDS = 0.02
DOOR_OF = {"cut, kill, heal": "cut", "stall, kill, heal": "stall"}


class Deeds:
    """Does faults to one standing system."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def can(self, fault: Fault) -> bool:
        """Whether this fault can be done here."""
        needed = {"full": self._standing.disk, "clock": self._standing.clock}
        return needed.get(fault.kind, self) is not None

    async def do(self, fault: Fault) -> float:
        """Do it and undo it; returns when it ended (monotonic): of a kill, the moment of the kill."""
        if fault.kind == "kill":
            return self._signal(fault.target, signal.SIGKILL)
        if fault.kind == "stop":
            return await self._stop(fault.target)
        if fault.kind == "kill a backend":
            return self._kill_backend()
        async with self._lasting(fault):
            await asyncio.sleep(fault.seconds)
        return time.monotonic()

    @asynccontextmanager
    async def _lasting(self, fault: Fault) -> AsyncIterator[None]:
        if fault.kind == "pause":
            with paused(self.pid(fault.target)):
                yield
        elif fault.kind == "full":
            assert self._standing.disk is not None
            self._standing.disk.fill()
            try:
                yield
            finally:
                self._standing.disk.empty()
        elif fault.kind == "clock":
            assert self._standing.clock is not None
            async with self._movable(self._standing.clock) as clock:
                clock.set(CLOCK_SECONDS[fault.target])
                yield
                clock.set(0)
                await asyncio.sleep(FELT_SECONDS)
        else:
            async with self._door(fault):
                yield

    @asynccontextmanager
    async def _movable(self, clock: MovableClock) -> AsyncIterator[MovableClock]:
        """Every service started anew with a clock that can be moved, and at the end with the true one."""
        clock.lay_under()
        try:
            await asyncio.gather(*(self._stop(process) for process in SERVICES))
            await asyncio.sleep(RESTART_SECONDS)
            yield clock
        finally:
            clock.take_away()
            await asyncio.gather(*(self._stop(process) for process in SERVICES))

    @asynccontextmanager
    async def _door(self, fault: Fault) -> AsyncIterator[None]:
        """A way that is cut, stalled, refused or slow; with a kill in its middle where the fault says so."""
        client, _, server = fault.target.partition(" ")
        who = "" if client == "everybody" else client
        network = self._standing.network
        network.order(server, DOOR_OF.get(fault.kind, fault.kind), who, SLOW_SECONDS)
        try:
            if "kill" in fault.kind:
                await asyncio.sleep(fault.seconds)
                self._signal(client, signal.SIGKILL)
            yield
        finally:
            network.order(server, "open", who)

    @asynccontextmanager
    async def away(self, door: str) -> AsyncIterator[None]:
        """A server nobody reaches."""
        self._standing.network.order(door, "refuse")
        try:
            yield
        finally:
            self._standing.network.order(door, "open")

    def pid(self, process: str) -> int:
        """The process's number now."""
        return int(self._standing.system.run["processes"][process]["pid"])

    def _signal(self, process: str, number: signal.Signals) -> float:
        with suppress(ProcessLookupError):  # it has just died by itself: the next look shows
            os.kill(self.pid(process), number)
        return time.monotonic()

    async def _stop(self, process: str) -> float:
        """Ask it to end; the fault ends when it has."""
        pid = self.pid(process)
        self._signal(process, CLEAN.get(process, signal.SIGTERM))
        await asyncio.to_thread(_wait_until_gone, pid)
        return time.monotonic()

    def _kill_backend(self) -> float:
        """Kill one of PostgreSQL's own processes: all its sessions end, and it recovers."""
        children = family(self.pid("postgres"))[1:]
        if children:
            with suppress(ProcessLookupError):
                os.kill(children[-1], signal.SIGKILL)
        return time.monotonic()


def _wait_until_gone(pid: int) -> None:
    until = time.monotonic() + GONE_SECONDS
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


class paused:  # noqa: N801 - read as a verb: with paused(pid)
    """A process and its children stand still."""

    def __init__(self, pid: int) -> None:
        self._pids = family(pid)

    def __enter__(self) -> None:
        self._all(signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        self._all(signal.SIGCONT)

    def _all(self, number: signal.Signals) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                told = (folder / "stat").read_text(encoding="ascii", errors="replace")
                if int(told.rpartition(")")[2].split()[1]) == pid:
                    children.append(int(folder.name))
    return [pid, *children]
