"""What a measure is given: servers of the run's own, fresh databases and topics, processes, and an end of it all."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from deploy.local import kafka_access
from deploy.local.places import ROOT
from deploy.local.ports import HOST, Ports
from libs.chassis.testing import ServiceDatabase, TopicSpace
from tests.bench.figures import Bar, Round
from tests.stack.databases import Databases
from tests.stack.servers import Servers

FIRST_PORT = 24_000
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Size:
    """How large a company is measured with."""

    leases: int
    events: int

    def __str__(self) -> str:
        return f"{self.leases}x{self.events}"


@dataclass(frozen=True)
class Workshop:
    """One measure's surroundings. What it makes here ends with it, in reverse order, by `ends`.

    `sizes` are those asked for, the smallest first; a measure that takes one only takes `size`.
    """

    servers: Servers
    home: Path
    """A folder of the run's own."""
    sizes: tuple[Size, ...]
    rounds: int
    tell: Callable[[str], None]
    """Hears what goes on, a line at a time."""
    ends: AsyncExitStack
    ports: Ports = field(default_factory=Ports)
    pids: dict[str, int] = field(default_factory=dict)
    """The processes started here, by name."""

    @property
    def size(self) -> Size:
        """The size for measures that take one only: the smallest of at least 100,000 events, else the largest."""
        return next((size for size in self.sizes if size.events >= 100_000), self.sizes[-1])

    async def database(self, service: str) -> ServiceDatabase:
        """A fresh, migrated database of a service, with fsync as in production."""
        databases = Databases(self.servers.postgres)
        made = await asyncio.to_thread(databases.make, service)
        self.ends.callback(databases.drop, made)
        return made

    async def topics(self) -> TopicSpace:
        """All topics of the system, empty, under a prefix of their own."""
        prefix = f"bench-{secrets.token_hex(4)}."
        await asyncio.to_thread(kafka_access.ensure_topics, self.servers.kafka, prefix)
        self.ends.callback(kafka_access.delete_topics, self.servers.kafka, prefix)
        return TopicSpace(self.servers.kafka_settings(prefix))

    def port(self, name: str) -> int:
        """A free port."""
        return self.ports.claim(name, FIRST_PORT)

    async def process(self, name: str, *arguments: str, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        """Start `python -m ARGUMENTS` as a process of its own, writing to `NAME.log`; it ends with the measure."""
        log = (self.home / f"{name}.log").open("ab")
        clean = {each: value for each, value in os.environ.items() if not each.startswith("IOK_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments),
            cwd=ROOT,
            env=clean | {"IOK_VAR": str(self.home / "var"), "PYTHONDONTWRITEBYTECODE": ""} | dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        self.pids[name] = process.pid
        self.ends.push_async_callback(_ended, process)
        return process

    async def service(self, service: str, *roles: str, environment: Mapping[str, str]) -> str:
        """Start roles of a service, each as a process of its own; its address once the api is ready ('' without it)."""
        port = self.port(service) if {"api", "all"} & set(roles) else 0
        told = dict(environment) | ({f"IOK_{service.upper()}_PORT": str(port)} if port else {})
        for role in roles:
            await self.process(f"{service}-{role}", f"services.{service}", role, environment=told)
        if not port:
            return ""
        url = f"http://{HOST}:{port}"
        await until_ready(url)
        return url


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors since its start, by the kernel."""
    told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


async def until_ready(url: str) -> None:
    """Wait until a service says that it is ready.

    Raises:
        TimeoutError: it does not; its log in the run's folder tells why.
    """
    until, said = time.monotonic() + READY_SECONDS, "nothing"
    async with aiohttp.ClientSession() as client:
        while time.monotonic() < until:
            try:
                async with client.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
                    said = await answer.text()
            except aiohttp.ClientError as error:
                said = repr(error)
            await asyncio.sleep(PAUSE_SECONDS)
    raise TimeoutError(f"{url} is not ready after {READY_SECONDS:.0f} s; last it said: {said[:300]}")


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


RunRound = Callable[[], Awaitable[Mapping[str, Round]]]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its bars, what prepares it and gives one round (a `Round` for each bar's number), its time limit.

    `note` says in a sentence how it is measured, for docs/performance.md.
    """

    bars: tuple[Bar, ...]
    prepare: Callable[[Workshop], Awaitable[RunRound]]
    seconds: float
    note: str
