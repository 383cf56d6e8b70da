"""Seeds on a real PostgreSQL: the real runner, projector and SQL, fed by two readers at once with a simulated log.

Batches come repeated and in any mixture of partitions, partitions change hands, transactions break off, answers of
commits are lost. Chance decides all of it by the seed; how PostgreSQL orders the two readers is its own affair, so the
checks hold for every order: contested leases (see `oracle_book.contested`) are left out where order decides.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import asyncpg
import msgspec
from aiokafka import TopicPartition
from pydantic import SecretStr

from libs.chassis.postgres import Connection, Database, Isolation
from libs.chassis.projection import Positions
from libs.chassis.settings import KafkaSettings
from libs.chassis.testing import ServiceDatabase
from libs.events.names import BALANCES, LEASES
from services.ledger.commands.announcing import Announcer
from services.ledger.consumer.projector import BookProjector
from services.ledger.domain import Figures
from services.ledger.read_models import balance, books, state
from services.ledger.read_models.grants import LeaseGrant
from tests.simulation.broker import ALL_PARTITIONS, Broker, Place, place_of
from tests.simulation.chance import Chance
from tests.simulation.machinery import SOUND
from tests.simulation.making import plan_of
from tests.simulation.memory_consumer import MemoryConsumer, MemoryRunner, deal
from tests.simulation.oracle_book import NaiveBook, contested, event_of
from tests.simulation.oracle_money import naive_figures
from tests.simulation.run import Simulation
from tests.simulation.scheduler import Weather
from tests.simulation.world import COMPANY_SOURCES, START, TODAY

# Never reached: the runner asks it for names only.
KAFKA: Final = KafkaSettings(
    bootstrap="", security="PLAINTEXT", mechanism="PLAIN", username="", password=SecretStr(""), ca="", topic_prefix=""
)
BROKEN: Final = 0.15  # how often a transaction breaks off
DEAF: Final = 0.1  # how often the answer of its commit is lost
REBALANCE: Final = 0.15
MAX_BATCHES: Final = 4_000
BOOK: Final = 1
STATEMENTS: Final = 14  # of a transaction, more or less

# Room for the next seed: all that was read is forgotten. Only a superuser can; making a book anew takes much longer.
CLEAR = """
set session_replication_role = replica;
do $$
declare
    v_table text;
begin
    foreach v_table in array book_tables() || array['positions', 'set_aside', 'outbox', 'alarms', 'records'] loop
        execute format('delete from %I', v_table);
    end loop;
end
$$
"""

# A position must never fall back, not even for a moment: what puts it back is stale.
WATCH = """
create table fallen_back (topic text, partition integer, was bigint, became bigint);
create function note_fallen_back() returns trigger language plpgsql security definer as $$
begin
    if new.next_offset < old.next_offset then
        insert into fallen_back values (new.topic, new.partition, old.next_offset, new.next_offset);
    end if;
    return new;
end
$$;
create trigger watched before update on positions for each row execute function note_fallen_back()
"""
FALLEN_BACK = "delete from fallen_back returning topic, partition, was, became"

LEASE_HASHES = "select lease_id, lease_hash from lease_hashes($1)"
SET_ASIDE = 'select topic_id, partition, "offset", reason from set_aside'
POSITIONS = "select topic, partition, next_offset from positions"
ANNOUNCED = "select key, body from outbox where topic = $1 order by position"


class BrokenTransactionError(ConnectionError):
    """The connection broke off, before or after the commit took place."""


class _Breaking:
    """A connection that breaks off at a certain statement."""

    def __init__(self, connection: Connection, at: int) -> None:
        self._connection = connection
        self._left = at

    def __getattr__(self, name: str) -> Any:
        if name in {"fetch", "fetchrow", "fetchval", "execute"}:
            self._left -= 1
            if self._left == 0:
                raise BrokenTransactionError("the connection broke off in a transaction")
        return getattr(self._connection, name)


class BreakingDatabase(Database):
    """A database whose writing transactions break off now and then."""

    chance: Chance

    @asynccontextmanager
    async def transaction(
        self, isolation: Isolation = "read_committed", *, readonly: bool = False
    ) -> AsyncIterator[Connection]:
        """As the real one, or not to the end, or without an answer."""
        async with super().transaction(isolation, readonly=readonly) as tx:
            breaks = not readonly and self.chance.happens(BROKEN)
            yield cast("Connection", _Breaking(tx, self.chance.between(1, STATEMENTS))) if breaks else tx
        if not readonly and self.chance.happens(DEAF):
            raise BrokenTransactionError("the answer of a commit was lost")


@dataclass(slots=True)
class Bench:
    """What all seeds of one database share."""

    database: BreakingDatabase
    admin: Connection
    projector: BookProjector
    positions: Positions


@asynccontextmanager
async def bench_on(
    schema: ServiceDatabase, projector: type[BookProjector] = BookProjector, positions: type[Positions] = Positions
) -> AsyncIterator[Bench]:
    """Open a fresh database of the ledger for seeds, one after the other. It does not wait for the disk."""
    database = cast("BreakingDatabase", await BreakingDatabase.open(f"{schema.service_dsn}?synchronous_commit=off"))
    admin = await asyncpg.connect(f"{schema.admin_dsn}?synchronous_commit=off")
    ids = Chance(0, "announcements")
    try:
        if await books.make(admin, 0) != BOOK or await books.switch(admin, BOOK, {}, by_operator=False) != "switched":
            raise RuntimeError("the first book did not go live")
        await admin.execute(WATCH)
        feeding = projector(frozenset(COMPANY_SOURCES), Announcer(lambda: START, ids.uuid))
        yield Bench(database, admin, feeding, positions())
    finally:
        await admin.close()
        await database.close()


async def simulate_on_postgres(seed: int, bench: Bench) -> list[str]:
    """Run one seed; returns the broken rules."""
    chance = Chance(seed, "postgres")
    broker = log_of(seed)
    await bench.admin.execute(CLEAR)
    bench.database.chance = chance
    if not await _read_all(bench, broker, chance):
        return ["R6: the log was not read to its end"]
    bench.database.chance = Chance(seed, "calm")
    stale = [f"R11: a position fell back: {tuple(row.values())}" for row in await bench.admin.fetch(FALLEN_BACK)]
    return [*stale, *[each async for each in _broken(bench, broker)]]


def log_of(seed: int) -> Broker:
    """What a seed leaves in the log when nothing but gaps disturbs it."""
    plan = plan_of(seed)
    whole = replace(
        plan,
        requests=plan.requests + plan.late_requests,
        sendings=plan.sendings + plan.late_sendings,
        weather=Weather(gaps=plan.weather.gaps),
        remade=None,
        late_requests=(),
        late_sendings=(),
        poison=frozenset(),
    )
    simulation = Simulation(whole, SOUND, traced=False)
    simulation.run()
    return simulation.world.broker


async def _read_all(bench: Bench, broker: Broker, chance: Chance) -> bool:
    """Two readers share the partitions, which change hands, until all is read."""
    runners = [_runner(bench, broker, Chance(chance.below(10**9), name)) for name in ("one", "other")]
    for _ in range(MAX_BATCHES):
        dealt = deal(chance)
        for runner, partitions in zip(runners, dealt, strict=True):
            await runner.on_partitions_revoked(_all())
            await runner.on_partitions_assigned(partitions)
        await asyncio.gather(*[_take_some(runner, chance) for runner in runners])
        if await _is_read(bench, broker):
            return True
    return False


def _all() -> set[TopicPartition]:
    return {TopicPartition(*at) for at in ALL_PARTITIONS}


async def _take_some(runner: MemoryRunner, chance: Chance) -> None:
    """Batch after batch until there is no more, or the group is rebalanced."""
    while batch := runner.fed_by.fetch():
        await runner._take(batch)
        if chance.happens(REBALANCE):
            return


def _runner(bench: Bench, broker: Broker, chance: Chance) -> MemoryRunner:
    runner = MemoryRunner(bench.database, KAFKA, "iok-ledger", bench.projector)
    runner.fed_by = MemoryConsumer(broker, chance)
    runner.ids = broker.ids
    runner._positions = bench.positions
    return runner


async def _is_read(bench: Bench, broker: Broker) -> bool:
    async with bench.database.connection() as connection:
        rows = await connection.fetch(POSITIONS)
    places = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    return all(places.get(at, 0) >= broker.logs[at].end for at in ALL_PARTITIONS)


async def _broken(bench: Bench, broker: Broker) -> AsyncIterator[str]:
    """What PostgreSQL holds, beside what the oracle makes of the same log."""
    oracle = NaiveBook()
    for record in broker.records():
        oracle.read(record, broker.label(record))
    excused = contested(broker, broker.records(), anywhere=False)
    async with bench.database.transaction("repeatable_read", readonly=True) as tx:
        found = await state.of_book(tx, BOOK)
        if not excused and found.hash != oracle.state_hash():
            yield f"R5: the state hash is {found.hash}, by the oracle {oracle.state_hash()}"
        hashes = {row["lease_id"]: row["lease_hash"].hex() for row in await tx.fetch(LEASE_HASHES, BOOK)}
        for lease in sorted((hashes.keys() | oracle.entries.keys()) - excused):
            if hashes.get(lease) != oracle.lease_hash(lease):
                yield f"R2: {lease} has the hash {hashes.get(lease)}, by the oracle {oracle.lease_hash(lease)}"
                continue
            read = await balance.balance(tx, LeaseGrant(lease), None, TODAY)
            for each in _check_figures(lease, read.figures, oracle):
                yield each
        aside: dict[Place, str] = {tuple(row.values())[:3]: row["reason"] for row in await tx.fetch(SET_ASIDE)}
        told = {row["key"]: msgspec.json.decode(row["body"])["data"] for row in await tx.fetch(ANNOUNCED, BALANCES)}
    for each in _check_set_aside(aside, oracle, _decided_by_order(broker, excused)):
        yield each
    for lease, entries in oracle.entries.items():
        last = told.get(lease, {})
        if lease not in excused and (last.get("version"), last.get("balance_grosze")) != (
            len(entries),
            oracle.balance(lease),
        ):
            yield f"R3: {lease} was last announced as {last}, the oracle has {len(entries)}, {oracle.balance(lease)}"


def _check_figures(lease: str, figures: Figures, oracle: NaiveBook) -> Iterator[str]:
    wanted = naive_figures(oracle.entries[lease], TODAY.isoformat())
    found = (figures.due_today_grosze, figures.not_yet_due_grosze, figures.overpaid_grosze, figures.balance_grosze)
    if found != (wanted.due_today, wanted.not_yet_due, wanted.overpaid, wanted.balance):
        yield f"R3: the figures of {lease} are {figures}, by the oracle {wanted}"
    if found[0] + found[1] - found[2] != found[3]:
        yield f"R3: the figures of {lease} do not add up: {figures}"


def _check_set_aside(found: dict[Place, str], oracle: NaiveBook, excused: set[Place]) -> Iterator[str]:
    for place in sorted((found.keys() | oracle.set_aside.keys()) - excused):
        if found.get(place) != oracle.set_aside.get(place):
            yield f"R9: {place} is set aside as {found.get(place)}, by the oracle as {oracle.set_aside.get(place)}"


def _decided_by_order(broker: Broker, excused: set[str]) -> set[Place]:
    """Places of good records of contested leases, and of lease events where several sources speak of one lease."""
    sources: dict[str, set[str]] = defaultdict(set)
    good = [(record, event_of(record)) for record in broker.records() if broker.label(record) is None]
    for record, (_, subject, source, _) in good:
        if record.topic == LEASES:
            sources[subject].add(source)
    return {
        place_of(record)
        for record, (_, subject, _, _) in good
        if subject in excused or (record.topic == LEASES and len(sources[subject]) > 1)
    }
