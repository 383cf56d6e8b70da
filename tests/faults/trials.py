"""Promises that are looked at while they are tried: a service away, Kafka away, two of a kind, rebuilding."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.client import Attempt, Client
from tests.faults.deeds import Deeds, paused
from tests.faults.history import History
from tests.faults.load import Load
from tests.faults.standing import Standing
from tests.running.system import PROJECT

PAGE_LIMIT_SECONDS = 1.0
PAGES_EACH = 4
MARKED_STALE_SECONDS = 13.0  # ten seconds without confirmation, and the two or three between looks
JOINED_SECONDS = 8.0  # a group that has a new member shares its partitions anew
SILENT_SECONDS = 9.0  # longer than a consumer's session and a relay's
REBUILD_SECONDS = 300.0  # longer than this, it hangs
UNAVAILABLE = 503
ACCEPTED = (200, 201)
COMMANDS = ("command", "notification")

# What the start page names when a service is away; who reads on without identity misses nothing.
MISSING_PART = {
    "identity": "",
    "ledger-api": "saldo i terminy płatności",
    "payments": "płatności internetowe",
    "correspondence": "korespondencja",
}


@dataclass
class Trials:
    """What was seen. Seconds, counts, and sentences of what was not as promised."""

    pages: dict[str, float] = field(default_factory=dict)
    """Away -> the slowest page."""
    page_faults: list[str] = field(default_factory=list)
    refusals: list[Attempt] = field(default_factory=list)
    """Answers while PostgreSQL was away."""
    kafka_away_seconds: float = 0.0
    accepted: tuple[int, int] = (0, 0)
    answered: tuple[int, int] = (0, 0)
    marked: tuple[int, int] = (0, 0)
    rebuilds: list[bool] = field(default_factory=list)
    switched: bool = False
    two_of_a_kind: dict[str, float] = field(default_factory=dict)


async def pages_with_a_service_away(client: Client, deeds: Deeds, told: Trials) -> None:
    """R8: each service stands still in turn while the start page is asked for."""
    cookie = {"Cookie": f"iok={await client.sign_in('other_tenant')}"}
    for process, part in MISSING_PART.items():
        await _page(client, cookie)
        with paused(deeds.pid(process)):
            for _ in range(PAGES_EACH):
                seconds, status, text = await _page(client, cookie)
                told.pages[process] = max(seconds, told.pages.get(process, 0.0))
                if status != 200 or part not in text.partition("Chwilowo nie możemy pokazać")[2]:
                    told.page_faults.append(f"{process} away: page {status}, does not name „{part}”")


async def _page(client: Client, cookie: dict[str, str]) -> tuple[float, int, str]:
    began = time.monotonic()
    answer = await client.ask("page", "GET", "/", token="-", cookies=_cookies(cookie))
    return time.monotonic() - began, answer.status, answer.text


def _cookies(cookie: dict[str, str]) -> dict[str, str]:
    name, _, value = cookie["Cookie"].partition("=")
    return {name: value}


async def postgres_away(client: Client, deeds: Deeds, load: Load, told: Trials) -> None:
    """R8: PostgreSQL is not reached, then stands still: reads and commands are refused, none hangs."""
    before = len(client.attempts)
    async with deeds.away("postgres"):
        await _ask_of_postgres(client, load)
    with paused(deeds.pid("postgres")):
        await _ask_of_postgres(client, load)
    told.refusals = [attempt for attempt in client.attempts[before:] if attempt.kind == "away"]


async def _ask_of_postgres(client: Client, load: Load) -> None:
    lease = f"/api/v1/leases/{load.leases[0]}"
    await asyncio.gather(
        *(client.ask("away", "GET", f"{lease}/{what}") for what in ("balance", "entries", "charges/2026-11")),
        client.ask("away", "POST", f"{lease}/payments", json={"amount_grosze": 100}, key="refused-1"),
        client.ask("away", "GET", "/api/v1/matters"),
    )


async def kafka_away(client: Client, deeds: Deeds, history: History, seconds: float, told: Trials) -> float:
    """R7: nobody reaches Kafka. Returns when it is back."""
    began, reads, attempts = time.monotonic(), len(history.reads), len(client.attempts)
    async with deeds.away("kafka"):
        await asyncio.sleep(seconds)
    ended = time.monotonic()
    told.kafka_away_seconds = seconds
    during = [at for at in client.attempts[attempts:] if at.ended <= ended]
    told.accepted = _share([at.status in ACCEPTED for at in during if at.kind in COMMANDS])
    told.answered = _share([at.status == 200 for at in during if at.kind == "read"])
    late = [read for read in history.reads[reads:] if began + MARKED_STALE_SECONDS <= read.at <= ended]
    told.marked = _share([read.stale for read in late])
    return ended


def _share(values: list[bool]) -> tuple[int, int]:
    return sum(values), len(values)


async def rebuild(standing: Standing, told: Trials, *, switch: bool) -> None:
    """R5: a new book beside the live one, under traffic; compared, and switched to when `switch`."""
    arguments = ["rebuild", "--anew", "--json", *([] if switch else ["--verify-only"])]
    done = await asyncio.to_thread(
        standing.system.command, "-m", "services.ledger", *arguments, seconds=REBUILD_SECONDS
    )
    figures: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            figures = json.loads(line)
    told.rebuilds.append(done.returncode == 0 and figures.get("same_hash") is True)
    told.switched = told.switched or bool(figures.get("switched"))
    if not told.rebuilds[-1]:
        sys.stderr.write(f"rebuild: {done.stdout[-1000:]} {done.stderr[-1000:]}\n")


async def two_of_a_kind(standing: Standing, deeds: Deeds, load: Load, told: Trials) -> None:
    """R11: a second instance takes over from one that stands still, which must write nothing stale when it wakes."""
    for process, words in (
        ("ledger-projector", ("services.ledger", "projector")),
        ("ledger-relay", ("services.ledger", "relay")),
        ("payments", ("services.payments", "relay")),
    ):
        with _second(standing, words) as second:
            await asyncio.sleep(JOINED_SECONDS if process == "ledger-projector" else 1.0)
            with paused(deeds.pid(process)):
                await asyncio.sleep(SILENT_SECONDS)
            told.two_of_a_kind[f"pause {process}, another beside"], _ = await load.readable_after(time.monotonic())
            second.kill()
            told.two_of_a_kind[f"kill one of two: {process}"], _ = await load.readable_after(time.monotonic())


@contextmanager
def _second(standing: Standing, words: tuple[str, ...]) -> "Iterator[subprocess.Popen[bytes]]":
    log = standing.system.var / "log" / "second.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=PROJECT,
            env={**os.environ, **standing.system.environment()},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
