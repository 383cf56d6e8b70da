"""Every process of the system beside its servers: which command runs it, and in which order processes stop.

The ledger's roles run as three processes, so that one of them may die or wait without the others; the other
services run as one.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.environment import SANDBOX, SANDBOXES, TRUSTED_PROFILE_SANDBOX, Surroundings
from deploy.local.places import ROOT
from deploy.local.program import Program

GRACE_SECONDS = 15
PRELOAD_VARIABLE = "IOK_SERVICES_PRELOAD"  # a library under the services alone, as for tests that move their clock


@dataclass(frozen=True)
class Process:
    """One process: the service it belongs to and the arguments of `python -m`."""

    service: str
    arguments: tuple[str, ...]


PROCESSES: Mapping[str, Process] = {
    "identity": Process("identity", ("services.identity",)),
    "ledger-api": Process("ledger", ("services.ledger", "api")),
    "ledger-relay": Process("ledger", ("services.ledger", "relay")),
    "ledger-projector": Process("ledger", ("services.ledger", "projector")),
    "payments": Process("payments", ("services.payments",)),
    "correspondence": Process("correspondence", ("services.correspondence",)),
    "gateway": Process("gateway", ("services.gateway",)),
    SANDBOX: Process(SANDBOX, ("deploy.sandbox.autopay",)),
    TRUSTED_PROFILE_SANDBOX: Process(TRUSTED_PROFILE_SANDBOX, ("deploy.sandbox.trusted_profile",)),
}

# The process that answers HTTP for each service.
API_PROCESS: Mapping[str, str] = {
    "gateway": "gateway",
    "identity": "identity",
    "ledger": "ledger-api",
    "payments": "payments",
    "correspondence": "correspondence",
}

# Stopped from the last group to the first: nobody asks any more, then nobody works any more, then the servers go.
STOP_GROUPS: Mapping[str, tuple[str, ...]] = {
    "servers": ("kafka", "postgres"),
    "services": ("identity", "ledger-api", "ledger-relay", "ledger-projector", "payments", "correspondence"),
    "entrances": ("gateway", *SANDBOXES),
}


def processes_of(name: str) -> tuple[str, ...]:
    """The processes of a service, or the one of that name; none when nothing is called so."""
    return tuple(process for process, told in PROCESSES.items() if name in (process, told.service))


def programs(surroundings: Surroundings) -> list[Program]:
    """The programs to run; a sandbox only when the system it stands for is not given."""
    environment = {"IOK_VAR": str(surroundings.places.var), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
    if preload := surroundings.given(PRELOAD_VARIABLE):
        environment["LD_PRELOAD"] = preload
    found = []
    for name, process in PROCESSES.items():
        if name in SANDBOXES and name not in surroundings.ports:
            continue
        own = surroundings.sandbox(name) if name in SANDBOXES else {"IOK_KAFKA_GROUP_INSTANCE": name}
        command = (sys.executable, "-m", *process.arguments)
        found.append(Program(name, command, ROOT, environment | own, stop_seconds=GRACE_SECONDS))
    return found
