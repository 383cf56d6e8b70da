"""`python -m tests.drills [NAME …]`: run drills, each on a system of its own in a folder of its own; or list them."""

import sys
import tempfile
import time
from pathlib import Path

from tests.drills.drills import DRILLS
from tests.drills.stage import DrillFailedError, Stage
from tests.drills.traffic import Traffic
from tests.running.start import started


def run(name: str) -> bool:
    """Run one drill from an empty folder to its proof; returns whether it held."""
    began = time.monotonic()
    print(f"drill {name}: {DRILLS[name].__doc__}", flush=True)  # a drill tells what it does
    with started() as running, tempfile.TemporaryDirectory(prefix="iok-backup-") as backups:
        stage = Stage(running, Traffic(running), Path(backups))
        try:
            DRILLS[name](stage)
        except DrillFailedError as failed:
            stage.say(f"DOES NOT HOLD: {failed}")
            return False
    print(f"drill {name} holds ({time.monotonic() - began:.0f} s in all)", flush=True)  # the same
    return True


def main(names: list[str]) -> int:
    """Run the drills named; returns the exit code."""
    if not names or set(names) - DRILLS.keys():
        for name, drill in DRILLS.items():
            print(f"  make drill-{name:<12} {drill.__doc__}")  # the same
        return 2 if names else 0
    return 0 if all(run(name) for name in names) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
