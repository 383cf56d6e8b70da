"""Starts the whole system as `make up` does, with a small demo company, below a folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.running.system import PROJECT, RunningSystem

DEMO_LEASES = "40"
START_SECONDS = 240


@contextmanager
def started(extra: Mapping[str, str] = MappingProxyType({})) -> Iterator[RunningSystem]:
    """The running system; stopped and removed when the block ends. `extra` goes into its environment."""
    var = Path(tempfile.mkdtemp(prefix="iok-running-"))
    try:
        with started_in(var, extra) as system:
            yield system
    finally:
        shutil.rmtree(var, ignore_errors=True)


@contextmanager
def started_in(var: Path, extra: Mapping[str, str], leases: str = DEMO_LEASES) -> Iterator[RunningSystem]:
    """The same below a folder that is there, and stays."""
    environment = {**os.environ, **extra, "IOK_VAR": str(var), "IOK_DEMO_LEASES": leases}
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
        down = [sys.executable, "-m", "deploy.local", "down"]
        subprocess.run(down, cwd=PROJECT, env=environment, stdout=sys.stderr, check=False)
