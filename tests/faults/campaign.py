"""A campaign: the load goes on, fault after fault is done, and in the end the oracle judges."""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer

from tests.faults import oracle, trials
from tests.faults.client import Client
from tests.faults.company import Company
from tests.faults.deeds import Deeds
from tests.faults.finding import find, on_desk, settled
from tests.faults.history import Found, History
from tests.faults.load import Load, Pace
from tests.faults.memory import Memory
from tests.faults.plan import Fault
from tests.faults.standing import Standing
from tests.faults.trials import Trials

ANNOUNCED_LIMIT_SECONDS = 60.0
BASELINE_TRIES = 3
BALANCES = "iok.balances"


@dataclass(frozen=True)
class Programme:
    """What a campaign does."""

    seed: int
    faults: list[Fault]
    fault_seconds: float
    """A slow machine leaves out the end of the plan."""
    pace: Pace = field(default_factory=Pace)
    steady_seconds: float = 0.0
    kafka_away_seconds: float = 0.0
    rebuilds: int = 0
    """How many books are built under traffic; the last one is switched to."""
    breath_seconds: tuple[float, float] = (0.5, 2.0)
    """Between two faults."""
    trials: bool = False
    """Pages with a service away, PostgreSQL away, two of a kind."""


@dataclass
class Outcome:
    """What a campaign saw, and what the oracle says of it."""

    programme: Programme
    history: History
    found: Found
    trials: Trials
    recovery: dict[str, list[float]] = field(default_factory=dict)
    """Kind of fault -> seconds until a new command was readable."""
    baseline_seconds: float = 0.0
    """The same without a fault."""
    not_done: list[str] = field(default_factory=list)
    unrecovered: list[str] = field(default_factory=list)
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)
    bad_kinds: int = 0
    settle_seconds: float = 0.0
    settle_failure: str = ""
    judged: dict[str, list[str]] = field(default_factory=dict)
    """Promise -> what is wrong."""
    seconds: float = 0.0

    def judge(self) -> None:
        """Let the oracle say what is wrong."""
        found = (self.history, self.found)
        self.judged = {
            "R1": list(oracle.lost(*found)),
            "R2": list(oracle.doubled(*found)),
            "R3": [*oracle.wrong_reads(*found), *oracle.wrong_balances(*found)],
            "R4": list(oracle.out_of_order(*found)),
            "R9": list(oracle.wrongly_set_aside(*found)),
        }


class Campaign:
    """Runs a programme on a standing system."""

    def __init__(self, standing: Standing, programme: Programme) -> None:
        self._standing = standing
        self._programme = programme
        self._began = time.monotonic()
        self._client = Client(standing.system)
        self._history = History()
        self._company = Company(standing.system, self._history, programme.seed)
        self._load = Load(self._client, self._company, self._history, programme.pace, programme.seed)
        self._deeds = Deeds(standing)
        self._memory = Memory(standing.system)
        self._announced: dict[str, tuple[int, int]] = {}
        self._heard = asyncio.Condition()
        self._chance = random.Random(f"breath {programme.seed}")
        self.outcome = Outcome(programme, self._history, Found(), Trials(), not_done=list(standing.missing))

    async def run(self) -> Outcome:
        """Prepare, load, trouble, settle, judge."""
        await self._client.open()
        watching = [asyncio.create_task(self._memory.watch()), asyncio.create_task(self._hear())]
        try:
            self._history.aside_before = frozenset(await on_desk(self._client))
            await self._load.prepare()
            self._say(f"{len(self._load.leases)} leases are known everywhere; the load begins")
            self._load.start()
            await self._trouble()
            await self._load.stop()
            self._say("the load has ended; waiting until everything has settled")
            await self._settle()
            self._client.stopping = False
            everyone = [*self._load.leases, *self._load.probes]
            self.outcome.found = await find(self._client, self._history, everyone, self._load.matters)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            await self._company.close()
            await self._client.close()
        self.outcome.bad_kinds = len(self._company.kinds)
        self.outcome.seconds = time.monotonic() - self._began
        self.outcome.judge()
        return self.outcome

    def _say(self, what: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - self._began:6.1f} s] {what}\n")

    async def _trouble(self) -> None:
        programme, told = self._programme, self.outcome.trials
        tries = [(await self._load.readable_after(time.monotonic()))[0] for _ in range(BASELINE_TRIES)]
        self.outcome.baseline_seconds = sorted(tries)[BASELINE_TRIES // 2]
        self._say(f"without a fault a command is readable after {self.outcome.baseline_seconds:.2f} s")
        if programme.steady_seconds:
            await self._steady()
        for number in range(programme.rebuilds):
            await trials.rebuild(self._standing, told, switch=number == programme.rebuilds - 1)
            self._say(f"rebuild {number + 1} of {programme.rebuilds}: {'same' if told.rebuilds[-1] else 'OTHER'} hash")
        until = time.monotonic() + programme.fault_seconds
        for number, fault in enumerate(programme.faults, start=1):
            if time.monotonic() > until:
                self._say(f"no time for the last {len(programme.faults) - number + 1} faults of the plan")
                break
            await self._one(f"{number}/{len(programme.faults)}", fault)
        if programme.trials:
            await self._try_out()
        if programme.kafka_away_seconds:
            self._say(f"Kafka is away for {programme.kafka_away_seconds:.0f} s")
            ended = await trials.kafka_away(
                self._client, self._deeds, self._history, programme.kafka_away_seconds, told
            )
            await self._back("Kafka away", "", ended)

    async def _steady(self) -> None:
        seconds, began = self._programme.steady_seconds, time.monotonic()
        self._say(f"{seconds:.0f} s of load without a fault")
        await asyncio.sleep(seconds)
        self.outcome.memory = self._memory.growth(began, time.monotonic())

    async def _try_out(self) -> None:
        told = self.outcome.trials
        await trials.pages_with_a_service_away(self._client, self._deeds, told)
        self._say(f"pages with a service away: {told.pages} {told.page_faults}")
        await trials.postgres_away(self._client, self._deeds, self._load, told)
        slowest = max(at.ended - at.began for at in told.refusals)
        self._say(f"PostgreSQL away: {sorted({at.status for at in told.refusals})}, the slowest after {slowest:.2f} s")
        with suppress(TimeoutError):
            await trials.two_of_a_kind(self._standing, self._deeds, self._load, told)
        self._say(f"two of a kind: { {name: round(each, 2) for name, each in told.two_of_a_kind.items()} }")

    async def _one(self, number: str, fault: Fault) -> None:
        """One fault, and the way back from it."""
        if not self._deeds.can(fault):
            self._say(f"{number} {fault.name}: cannot be done here")
            return
        ended = await self._deeds.do(fault)
        await self._back(fault.name, number, ended, announced="ledger-relay" in fault.target)
        await asyncio.sleep(self._chance.uniform(*self._programme.breath_seconds))

    async def _back(self, name: str, number: str, ended: float, *, announced: bool = False) -> None:
        try:
            seconds, lease_id = await self._load.readable_after(ended)
            if announced:
                seconds = await self._announced_after(ended, lease_id)
        except TimeoutError:
            self.outcome.unrecovered.append(name)
            self._say(f"{number} {name}: NOT BACK")
            return
        self.outcome.recovery.setdefault(name, []).append(seconds)
        self._say(f"{number} {name}: a new command is readable {seconds:.2f} s after the fault's end")

    async def _announced_after(self, ended: float, lease_id: str) -> float:
        """The same where the ledger's relay was hit: until `iok.balances` tells the new balance, too."""
        answer = await self._client.until(200, "probe", "GET", f"/api/v1/leases/{lease_id}/balance")
        assert answer is not None
        wanted = (answer.body["book"], answer.body["version"])
        async with asyncio.timeout(ANNOUNCED_LIMIT_SECONDS), self._heard:
            await self._heard.wait_for(lambda: self._announced.get(lease_id, (0, 0)) >= wanted)
        return time.monotonic() - ended

    async def _hear(self) -> None:
        """Keep the greatest (book, version) that `iok.balances` told of each lease."""
        while True:
            consumer = AIOKafkaConsumer(BALANCES, **self._standing.system.kafka_options())
            with suppress(Exception):  # whatever Kafka suffers, we listen again
                await consumer.start()
                async for record in consumer:
                    told: dict[str, Any] = json.loads(record.value)
                    at = (told["data"]["book"], told["data"]["version"])
                    async with self._heard:
                        self._announced[told["subject"]] = max(at, self._announced.get(told["subject"], (0, 0)))
                        self._heard.notify_all()
            await asyncio.sleep(1.0)

    async def _settle(self) -> None:
        began = time.monotonic()
        self._client.stopping = False
        try:
            await settled(self._client)
        except TimeoutError as error:
            self.outcome.settle_failure = str(error)
        self.outcome.settle_seconds = time.monotonic() - began


def worst(recovery: dict[str, list[float]], name: str) -> Iterator[float]:
    """The longest way back from that kind of fault, if it was measured."""
    if recovery.get(name):
        yield max(recovery[name])
