"""Which faults a campaign inflicts, in which order: a function of the seed and the time there is."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

SERVICES = ("gateway", "identity", "ledger-api", "ledger-projector", "ledger-relay", "payments", "correspondence")
SERVERS = ("kafka", "postgres")
# Not the stand-in for login.gov.pl: nobody of the load signs in through it, so nothing would show that it was gone.
PROCESSES = (*SERVICES, "sandbox-autopay", *SERVERS)
CLIENTS = {
    "kafka": ("identity", "ledger-projector", "ledger-relay", "payments", "correspondence"),
    "postgres": ("identity", "ledger-api", "ledger-projector", "ledger-relay", "payments", "correspondence"),
}
ROUND_SECONDS = 7.0  # what a fault takes beside its own length: the way back, a breath, the next one

# Measured by the promise R6, so always among the faults; the last ones find what kills and pauses alone do not.
ESSENTIAL = (
    ("kill", "ledger-relay"),
    ("kill", "ledger-projector"),
    ("kill", "postgres"),
    ("pause", "kafka"),
    ("kill", "kafka"),
    ("kill", "payments"),
    ("cut, kill, heal", "payments kafka"),
    ("cut, kill, heal", "ledger-relay kafka"),
)


@dataclass(frozen=True)
class Fault:
    """One fault: what is done, to which process (or which process's way to which server), for how long."""

    kind: str
    target: str
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Its kind, as the table counts them."""
        return f"{self.kind} {self.target}".strip()


def catalogue(chance: random.Random) -> Iterator[Fault]:
    """Every kind of fault once, those of some length with a length."""
    for process in PROCESSES:
        yield Fault("kill", process)
        yield Fault("stop", process)
        yield Fault("pause", process, round(chance.uniform(1.0, 4.0), 1))
    for server, clients in CLIENTS.items():
        yield Fault("slow", f"everybody {server}", 4.0)
        yield Fault("refuse", f"everybody {server}", round(chance.uniform(1.0, 4.0), 1))
        for client in clients:
            yield Fault("cut", f"{client} {server}", round(chance.uniform(2.0, 7.0), 1))
            yield Fault("stall", f"{client} {server}", round(chance.uniform(2.0, 7.0), 1))
    for client in ("identity", "ledger-relay", "payments", "correspondence"):
        yield Fault("cut, kill, heal", f"{client} kafka", round(chance.uniform(1.0, 3.0), 1))
        yield Fault("cut, kill, heal", f"{client} postgres", round(chance.uniform(1.0, 3.0), 1))
    for client in ("ledger-relay", "payments", "ledger-projector"):
        yield Fault("stall, kill, heal", f"{client} kafka", round(chance.uniform(1.0, 3.0), 1))
    yield Fault("kill a backend", "postgres")
    yield Fault("clock", "forward", 6.0)
    yield Fault("clock", "back", 6.0)
    yield Fault("full", "disk", 5.0)


def plan(seed: int, seconds: float) -> list[Fault]:
    """The faults for so many seconds, the essential ones first; the same seed gives the same plan."""
    chance = random.Random(f"plan {seed}")
    kinds = list(catalogue(chance))
    first = [fault for fault in kinds if (fault.kind, fault.target) in ESSENTIAL]
    second = [fault for fault in kinds if fault.kind in ("full", "clock")]
    rest = [fault for fault in kinds if fault not in (*first, *second)]
    for part in (first, second, rest):
        chance.shuffle(part)
    order = [*first, *second, *rest]
    chosen: list[Fault] = []
    while seconds > 0:
        if not order:
            order = list(catalogue(chance))
            chance.shuffle(order)
        fault = order.pop(0)
        seconds -= fault.seconds + ROUND_SECONDS
        chosen.append(fault)
    return chosen


def short_plan(seed: int) -> list[Fault]:
    """Each process killed once, and the faults of another kind that find most: for every run of the tests."""
    chance = random.Random(f"short plan {seed}")
    faults = [Fault("kill", process) for process in PROCESSES]
    faults += [
        Fault("cut, kill, heal", "payments kafka", 1.5),
        Fault("cut", "ledger-projector postgres", 2.0),
        Fault("pause", "ledger-projector", 2.0),
        Fault("stop", "payments"),
    ]
    chance.shuffle(faults)
    return faults
