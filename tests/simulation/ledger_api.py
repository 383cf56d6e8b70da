"""The ledger's commands: load the stream, decide (the real one), append, commit, answer. And its query: a balance."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from libs.chassis.auth import Principal
from libs.chassis.event_store import Append, DuplicateKeyError, WrongExpectedVersionError
from libs.chassis.http.problems import Problem
from libs.events.envelope import EventData
from libs.events.ledger import ChargeIssued, LeaseSigned
from libs.events.names import CHARGES, LEASES
from services.ledger.domain import (
    Booked,
    LedgerError,
    charges_of,
    decide_charge,
    decide_lease,
    figures_of,
    lease_of,
)
from tests.simulation.database import ConnectionLostError, Database, DeadlockError, Steps
from tests.simulation.event_store import EventStore
from tests.simulation.plan import OrderCharge, OrderLease, Read, Request
from tests.simulation.world import TODAY, Answer, World

TRY_AGAIN: Final = (ConnectionLostError, DeadlockError, WrongExpectedVersionError, DuplicateKeyError)
BACKOFF: Final = 5
IDLE: Final = 80
BETWEEN_READS: Final = 90


class Door(Protocol):
    """A service's door for commands."""

    database: Database
    store: EventStore

    def handle(self, request: Request) -> Steps[bool]:
        """Do what is asked, in one transaction; False when it is refused."""


class Clients:
    """Clients of a door: each asks again until it is answered. Their lists outlive a crash of the service."""

    def __init__(self, world: World, door: Door, queues: Sequence[list[Request]]) -> None:
        self.world = world
        self.door = door
        self.queues = queues

    def tasks(self) -> Sequence[Steps[None]]:
        """One line of work per client."""
        return [self._serve(queue) for queue in self.queues]

    @property
    def are_done(self) -> bool:
        """Whether every request was answered."""
        return not any(self.queues)

    def _serve(self, queue: list[Request]) -> Steps[None]:
        while True:
            yield BACKOFF if queue else IDLE
            if queue:
                yield from self._ask(queue)

    def _ask(self, queue: list[Request]) -> Steps[None]:
        request = queue[0]
        try:
            is_taken = yield from self.door.handle(request)
        except TRY_AGAIN as error:
            self.world.note("{} of {} is asked again", type(request).__name__, type(error).__name__)
            return
        yield from self.door.store.committed()
        queue.pop(0)
        if is_taken:
            self.world.seen.acknowledged.append(request)
        self.world.note("{} {}", "acknowledged" if is_taken else "refused", request)


class LedgerDoor:
    """Takes commands about leases and charges."""

    def __init__(self, world: World, store: EventStore) -> None:
        self.world = world
        self.store = store
        self.database = store.database

    def handle(self, request: Request) -> Steps[bool]:
        """Decide and append; a command that is refused is answered, too."""
        if not isinstance(request, OrderLease | OrderCharge):
            raise TypeError(f"{request} is no request for the ledger")
        return (yield from self._order(request))

    def _order(self, request: OrderLease | OrderCharge) -> Steps[bool]:
        topic = LEASES if isinstance(request, OrderLease) else CHARGES
        with self.database.begin("ledger-api") as tx:
            stream = yield from self.store.read(tx, topic, request.lease_id)
            try:
                events = _decided(request, stream.events)
            except LedgerError as error:
                self.world.note("refused: {}", error)
                return False
            for n, event in enumerate(events):
                yield from self.store.append(tx, Append(request.lease_id, event, _key(event)), stream.version + n)
            yield from tx.commit()
        return True


def _decided(request: OrderLease | OrderCharge, events: Sequence[EventData]) -> Sequence[EventData]:
    if isinstance(request, OrderLease):
        return decide_lease(lease_of(events), request.command)
    return decide_charge(charges_of(events), request.command)


def _key(event: EventData) -> str | None:
    if isinstance(event, LeaseSigned):
        return "signed"
    return f"charge:{event.charge_id}" if isinstance(event, ChargeIssued) else None


class Query:
    """Answers reads of the live book: one statement, so of one moment."""

    def __init__(self, world: World, reads: Sequence[Read]) -> None:
        self.world = world
        self.reads = list(reads)

    def tasks(self) -> Sequence[Steps[None]]:
        """One line of work."""
        return (self._read_on(),)

    def _read_on(self) -> Steps[None]:
        while True:
            yield BETWEEN_READS
            if self.reads:
                self.world.seen.answers.append(self.answer(self.reads.pop()))

    def answer(self, read: Read) -> Answer:
        """What an account is told of a lease: 404 unless it may see it."""
        try:
            lease_id = self.granted(Principal(read.account_id, leases=dict.fromkeys(read.own, "tenant")), read.lease_id)
        except Problem as problem:
            return Answer(read, problem.status)
        booked = self.entries(lease_id)
        account = self.world.ledger.tables["accounts"].get(lease_id)
        return Answer(
            read,
            200,
            version=0 if account is None else account.version,
            amounts=tuple(item.entry.amount_grosze for item in sorted(booked, key=_version)),
            figures=figures_of([item.entry for item in self.history(booked)], TODAY),
        )

    def granted(self, principal: Principal, lease_id: str) -> str:
        """The lease, if the principal may see it; raises Problem."""
        return principal.require_lease(lease_id)

    def entries(self, lease_id: str) -> list[Booked]:
        """A lease's entries in the live book."""
        rows: dict[Any, Booked] = self.world.ledger.tables["entries"]
        return [item for item in rows.values() if item.entry.lease_id == lease_id]

    def history(self, booked: Sequence[Booked]) -> list[Booked]:
        """Entries in canonical order."""
        return sorted(booked, key=lambda item: item.entry.position)


def _version(item: Booked) -> int:
    return item.version
