"""How much memory each process of the system holds, second by second."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.running.system import RunningSystem

EVERY_SECONDS = 2.0
WARM_SHARE = 0.25  # of the stretch: what grows until then is a start, not a leak
WARM_AT_MOST_SECONDS = 90.0
MIB = 1024 * 1024


@dataclass
class Memory:
    """Samples: (time, process, pid, bytes in RAM)."""

    system: RunningSystem
    samples: list[tuple[float, str, int, int]] = field(default_factory=list)

    async def watch(self) -> None:
        """Take samples until cancelled."""
        while True:
            for process, told in self.system.run["processes"].items():
                self.samples.append((time.monotonic(), process, told["pid"], resident_bytes(told["pid"])))
            await asyncio.sleep(EVERY_SECONDS)

    def growth(self, began: float, ended: float) -> dict[str, tuple[float, float]]:
        """Process -> (MiB once warm, MiB at the end) of a stretch in which it was not started anew."""
        warm = began + min(WARM_SHARE * (ended - began), WARM_AT_MOST_SECONDS)
        kept: dict[str, list[tuple[int, int]]] = {}
        for at, process, pid, held in self.samples:
            if warm <= at <= ended and held:
                kept.setdefault(process, []).append((pid, held))
        return {
            process: (found[0][1] / MIB, found[-1][1] / MIB)
            for process, found in kept.items()
            if len({pid for pid, _ in found}) == 1
        }


def resident_bytes(pid: int) -> int:
    """What a process holds in RAM; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
