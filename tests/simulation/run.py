"""One seed: the plan, the storm, the calm after it, the operator, and the checks."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from libs.chassis.kafka import Record
from libs.chassis.outbox import Message
from tests.simulation import checks, checks_of_money
from tests.simulation.broker import place_of
from tests.simulation.chance import Chance
from tests.simulation.database import Database, Steps
from tests.simulation.ledger_api import LedgerDoor
from tests.simulation.machinery import SOUND, Machinery
from tests.simulation.plan import OrderCharge, OrderLease, Plan, Request
from tests.simulation.projector import FAILED
from tests.simulation.scheduler import FAIR, Process, Scheduler
from tests.simulation.second_book import SecondBook, hash_of
from tests.simulation.world import World

TENANTS = 2  # clients of each door who ask at the same time
AUTOPAY = 3  # deliveries of notifications at the same time
SEND_TICKS = 12
MAX_SHOWN: Final = 6
MAX_FRAMES: Final = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed: broken rules (none is well), the trace if one was wanted, how much there was to do."""

    seed: int
    violations: list[str]
    trace: list[str] = field(default_factory=list)
    steps: int = 0
    records: int = 0
    state_hash: str = ""


class Simulation:
    """One seed's world and its processes."""

    def __init__(self, plan: Plan, machinery: Machinery, *, traced: bool) -> None:
        self.plan = plan
        self.world = world = World(plan, [] if traced else None)
        self.scheduler = Scheduler(world.chance, plan.weather, world.note)
        world.tick = lambda: self.scheduler.now
        self.stores = (
            machinery.store(world, world.ledger, "iok/ledger"),
            machinery.store(world, world.payments, "iok/payments"),
        )
        self.ledger_queues: list[list[Request]] = [[] for _ in range(TENANTS)]
        self.payments_queues: list[list[Request]] = [[] for _ in range(TENANTS + AUTOPAY)]
        self.sendings = list(plan.sendings)
        self.query = machinery.query(world, plan.reads)
        ledger_door = LedgerDoor(world, self.stores[0])
        payments_door = machinery.payments(world, self.stores[1], self.payments_queues[TENANTS:])
        self.clients = (
            machinery.clients(world, ledger_door, self.ledger_queues),
            machinery.clients(world, payments_door, self.payments_queues),
        )
        self._machinery = machinery
        self._ask(plan.requests)
        self._start()

    def _start(self) -> None:
        world, add = self.world, self.scheduler.add
        add(Process("ledger-api", self.clients[0].tasks, world.ledger))
        add(Process("payments-api", self.clients[1].tasks, world.payments))
        add(Process("query", self.query.tasks, world.ledger))
        add(Process("companies", lambda: (self._send(),), world.ledger))
        for database in (world.ledger, world.payments):
            for n in (1, 2):
                add(self._relay(f"relay-{database.name}-{n}", database))
        for name in ("projector-1", "projector-2"):
            add(self._projector(name))

    def _relay(self, name: str, database: Database) -> Process:
        return Process(name, lambda: self._machinery.relay(self.world, name, database).tasks(), database)

    def _projector(self, name: str) -> Process:
        def start() -> Sequence[Steps[None]]:
            return self._machinery.projector(self.world, name).tasks()

        return Process(name, start, self.world.ledger, lambda: self.world.group.expel(name))

    def _ask(self, requests: Sequence[Request]) -> None:
        for n, request in enumerate(requests):
            is_ledger = isinstance(request, OrderLease | OrderCharge)
            queues = self.ledger_queues if is_ledger else self.payments_queues[:TENANTS]
            queues[n % TENANTS].append(request)

    def _send(self) -> Steps[None]:
        """Company systems send; one that dies before it heard of the ack sends again."""
        while True:
            yield SEND_TICKS
            if self.sendings:
                self.world.send(self.sendings[0])
                yield 0
                self.sendings.pop(0)

    def run(self) -> list[str]:
        """Run to the end; returns the broken rules."""
        if not self._weathered():
            return [*self._undone()]
        if self.plan.remade is not None:
            self._make_again(self.plan.remade)
            if not self._weathered():
                return [*self._undone()]
            self._by_operator(partial(self._republish, self.plan.remade))
        if self.plan.poison:
            self._by_operator(self._replay)
        end = checks.after(self.world, self.stores, SecondBook(self.world, Chance(self.plan.seed, "second book")))
        return [*self.world.seen.violations, *self._broken(end)][:MAX_SHOWN]

    def _broken(self, end: checks.After) -> Iterator[str]:
        yield from checks.check_log(end)
        yield from checks.check_reading(end)
        yield from checks.check_live_book(end)
        yield from checks.check_second_book(end)
        yield from checks.check_announced(end)
        yield from checks_of_money.check_figures(end, self.query)
        yield from checks_of_money.check_promises(end)
        yield from checks_of_money.check_money(end)
        yield from checks_of_money.check_postings(end)
        yield from checks_of_money.check_answers(end)

    def _weathered(self) -> bool:
        """The storm, and the calm that follows it."""
        self.world.set_weather(self.plan.weather)
        self.scheduler.run(self._is_done, stormy=True)
        self.world.note("the storm is over")
        self.world.set_weather(FAIR)
        return self.scheduler.run(self._is_done, stormy=False)

    def _is_done(self) -> bool:
        return next(self._undone(), None) is None

    def _undone(self) -> Iterator[str]:
        """What is still to be done: if that never changes, a rule is broken."""
        world = self.world
        if self.sendings or self.query.reads or not all(clients.are_done for clients in self.clients):
            yield "R6: requests or reads are never answered"
        for database in (world.ledger, world.payments):
            waiting = database.tables["outbox"]
            if waiting:
                yield f"R1: {len(waiting)} rows of the outbox of {database.name} are never sent, such as {min(waiting)}"
        positions = world.ledger.tables["positions"]
        for at, log in world.broker.filled.items():
            position = positions.get(at)
            if at not in world.seen.halted and (position is None or position.next_offset < log.end):
                yield f"R1: {at} is read to {position} for ever, its log ends at {log.end}"

    def _make_again(self, topic: str) -> None:
        """Delete a topic and make it again; the group notices, and traffic goes on."""
        self.world.note("{} is deleted and made again", topic)
        self.world.broker.make(topic)
        self.world.group.generation += 1
        self._ask(self.plan.late_requests)
        self.sendings += self.plan.late_sendings

    def _by_operator(self, work: Callable[[], Steps[None]]) -> None:
        """Let an operator do something beside all the others, and wait until the consequences are over."""
        finished: list[bool] = []

        def steps() -> Steps[None]:
            yield from work()
            finished.append(True)

        self.scheduler.add(Process("operator", lambda: (steps(),), self.world.ledger))
        self.scheduler.run(lambda: bool(finished) and self._is_done(), stormy=False)

    def _republish(self, topic: str) -> Steps[None]:
        """The operator's `republish`: every own event and every accepted company record of a topic, once more."""
        for store in self.stores:
            with store.database.begin("operator") as tx:
                store.republish(tx, topic)
                yield from tx.commit()
        ledger = self.world.ledger
        with ledger.begin("operator") as tx:
            for record in ledger.tables["records"].values():
                if record.topic == topic:
                    key, body = (record.key or b"").decode(), record.value or b""
                    tx.put("outbox", ledger.number(), Message(topic, key, body))
            yield from tx.commit()

    def _replay(self) -> Steps[None]:
        """The operator mended the projection and replays what it could not take."""
        ledger, projector = self.world.ledger, self._machinery.projector(self.world, "operator")
        self.world.poison = frozenset()
        failed: list[Record] = [record for verdict, record in ledger.journal if verdict == FAILED]
        for record in failed:
            with ledger.begin("operator") as tx:
                yield from projector.project(tx, [record])
                if tx.get("set_aside", place_of(record)) == "unexpected_error":
                    tx.put("set_aside", place_of(record), None)
                yield from tx.commit()


def simulate(plan: Plan, machinery: Machinery = SOUND, *, traced: bool = False, crash_at: int = 0) -> Outcome:
    """Run a plan to its end; the same plan and machinery always come to the same. An error is a violation, too.

    `crash_at`: the number of a step before which its process dies, beside what the weather does.
    """
    simulation = Simulation(plan, machinery, traced=traced)
    simulation.scheduler.crash_at = crash_at
    try:
        violations = simulation.run()
    except Exception as error:  # noqa: BLE001  # whatever the code raises is what we are looking for
        frames = traceback.format_tb(error.__traceback__)[-MAX_FRAMES:]
        violations = [f"error: {error!r}", *(line for frame in frames for line in frame.splitlines())]
    finally:
        simulation.scheduler.stop()
    world = simulation.world
    return Outcome(
        seed=plan.seed,
        violations=violations,
        trace=world.trace or [],
        steps=simulation.scheduler.steps,
        records=sum(len(log.records) for log in world.broker.logs.values()),
        state_hash=hash_of(list(world.ledger.tables["entries"].values())),
    )
