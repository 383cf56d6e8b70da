"""Waits until what was imported is booked, and tells how far the ledger has come: a number that never falls."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from deploy.demo.export import Meta
from deploy.demo.places import DemoError
from deploy.demo.portal import Portal

BOOKED_TOPICS: Final = {"iok.leases": "leases", "iok.charges": "charges", "iok.payments": "payments"}
STORING: Final = ("identity", "ledger", "payments", "correspondence")
BOOKED_TIMEOUT_SECONDS: Final = 600.0
BOOKED_TIMEOUT_SECONDS_PER_LEASE: Final = 0.2
LOOK_SECONDS: Final = 0.3
TELL_SECONDS: Final = 2.0

Tell = Callable[[str], None]
Figures = dict[str, Any] | None


async def wait_until_booked(portal: Portal, token: str, meta: Meta, tell: Tell) -> None:
    """Wait until all outboxes are empty, everybody has read to the end, and the ledger has read every line imported.

    Raises:
        DemoError: it takes too long.
    """
    until = time.monotonic() + BOOKED_TIMEOUT_SECONDS + BOOKED_TIMEOUT_SECONDS_PER_LEASE * meta.leases
    told, told_at, whole = 0, time.monotonic(), sum(meta.lines[name] for name in BOOKED_TOPICS.values())
    while True:
        answers = await asyncio.gather(*(portal.status(each, token) for each in STORING))
        figures = dict(zip(STORING, answers, strict=True))
        behind, read = _behind(figures.values()), _read(figures["ledger"], meta)
        if behind == 0 and read == whole:
            return
        if time.monotonic() > until:
            raise DemoError(f"not everything was booked in time; records still on their way: {behind}")
        if read > told and time.monotonic() - told_at > TELL_SECONDS:
            told, told_at = read, time.monotonic()
            tell(f"the ledger has booked {read} of {whole} leases, charges and payments ({read * 100 // whole} %)")
        await asyncio.sleep(LOOK_SECONDS)


def _behind(figures: Iterable[Figures]) -> int | None:
    """Count what is in outboxes or not read yet; None while somebody cannot tell."""
    waiting = 0
    for status in figures:
        if status is None or any(each["lag"] is None for each in status["partitions"]):
            return None
        waiting += status["outbox"]["backlog"] + sum(each["lag"] for each in status["partitions"])
    return waiting


def _read(ledger: Figures, meta: Meta) -> int:
    """Count the records that the ledger has passed, of each topic at most as many as lines were imported."""
    partitions = ledger["partitions"] if ledger else []
    passed = {
        name: sum(each["position"] for each in partitions if each["topic"] == topic)
        for topic, name in BOOKED_TOPICS.items()
    }
    return sum(min(count, meta.lines[name]) for name, count in passed.items())
