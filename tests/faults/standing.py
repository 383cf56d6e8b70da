"""The system as a campaign stands it up: with doors in its network, a disk that can be filled, a movable clock."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.places import Places
from deploy.local.secret_store import SecretStore
from tests.faults.clock import MovableClock, NoClockError
from tests.faults.disk import NoDiskError, SmallDisk
from tests.faults.network import Network
from tests.running.start import started_in
from tests.running.system import PROJECT, RunningSystem

LOGS = PROJECT / "var" / "faults" / "log"  # of the last campaign


@dataclass(frozen=True)
class Standing:
    """A running system, and what can be done to it beside signals; None where it cannot be had here."""

    system: RunningSystem
    network: Network
    disk: SmallDisk | None = None
    clock: MovableClock | None = None
    missing: tuple[str, ...] = ()
    """Why something is None."""


@contextmanager
def standing(leases: int) -> Iterator[Standing]:
    """Stand the system up with everything that can be had here; below a temporary folder, gone afterwards."""
    missing: list[str] = []
    with ExitStack() as ends:
        var = Path(tempfile.mkdtemp(prefix="iok-faults-"))
        ends.callback(shutil.rmtree, var, ignore_errors=True)
        var.chmod(0o755)  # PostgreSQL's account must find its data on the small disk
        network = ends.enter_context(Network())
        environment = network.environment()
        disk = SmallDisk(var)
        try:
            ends.enter_context(disk)
        except NoDiskError as error:
            missing.append(f"full disk: {error}")
        Places(var).make()
        SecretStore(Places(var).secrets).password("postgres/postgres")  # or its folder would look like old data
        clock = None
        try:
            clock = MovableClock(var)
            environment |= clock.environment()
        except NoClockError as error:
            missing.append(f"clock: {error}")
        ends.callback(shutil.copytree, var / "log", LOGS, dirs_exist_ok=True)
        ends.callback(shutil.rmtree, LOGS, ignore_errors=True)
        system = ends.enter_context(started_in(var, environment, str(leases)))
        has_disk = not any(reason.startswith("full disk") for reason in missing)
        yield Standing(system, network, disk if has_disk else None, clock, tuple(missing))
