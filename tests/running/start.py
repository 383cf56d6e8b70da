"""Starts the whole system as `make up` does, with a small demo company, below a folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running.system import RunningSystem

PROJECT = Path(__file__).resolve().parents[2]
DEMO_LEASES = "40"
START_SECONDS = 240


@contextmanager
def started() -> Iterator[RunningSystem]:
    """The running system; stopped and removed when the block ends."""
    var = Path(tempfile.mkdtemp(prefix="iok-running-"))
    environment = {**os.environ, "IOK_VAR": str(var), "IOK_DEMO_LEASES": DEMO_LEASES}
    up = subprocess.run(
        [sys.executable, "-m", "deploy.local", "up"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    try:
        assert up.returncode == 0, f"the system did not start:\n{up.stdout[-4000:]}\n{up.stderr[-4000:]}"
        yield RunningSystem(var)
    finally:
        subprocess.run([sys.executable, "-m", "deploy.local", "down"], cwd=PROJECT, env=environment, check=False)
        shutil.rmtree(var, ignore_errors=True)
