"""PostgreSQL: a typed pool, transactions, and schema migrations applied by the database's owner."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from libs.chassis.logs import logger

Row: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

Isolation: TypeAlias = Literal["read_committed", "repeatable_read", "serializable"]

ACQUIRE_TIMEOUT_SECONDS = 5.0  # a request that waits longer for a connection is better told 503
COMMAND_TIMEOUT_SECONDS = 60.0  # no statement of a service is meant to run longer
CONNECT_TIMEOUT_SECONDS = 5.0
CLOSE_TIMEOUT_SECONDS = 5.0
BREATH_SECONDS = 0.2  # a server that comes back is not made to refuse every request of every process meanwhile
THINKING_SECONDS = 30.0  # a process paused inside a transaction is ended by the server: others wait for its locks
DOORBELL_CHANNEL = "outbox"
RING_PAUSE_SECONDS = 0.005  # commits as close as this share a ring: one each would cost as much as the commands

# What a lost, restarting or refusing server looks like from here: worth another try, never a verdict on the data.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # not accepting connections
    asyncpg.InvalidCatalogNameError,  # not restored yet
    asyncpg.InvalidAuthorizationSpecificationError,  # a role or password not there yet
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
    OSError,
)
# Another transaction was in the way: the same work done again may well succeed.
CONFLICT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)

LEAST_QUESTION = "select 1"

# Wakes whoever listens on DOORBELL_CHANNEL, in one round trip. Losing it in a crash costs the relay one look: no wait
# for the disk.
RING_WITHOUT_WAITING = """
begin;
set local synchronous_commit = off;
notify outbox;
commit
"""


# What is to be done once a transaction has been committed, by its connection.
_AFTER_COMMIT: dict[Connection, list[Callable[[], None]]] = {}


def after_commit(tx: Connection, deed: Callable[[], None]) -> None:
    """Do something (count, log) once `Database.transaction` has committed; never for what is only tried."""
    if tx in _AFTER_COMMIT:
        _AFTER_COMMIT[tx].append(deed)


async def _nothing_to_undo(_: Connection) -> None:
    """What the pool asks for when a connection comes back; a transaction left open has been rolled back by then.

    asyncpg's own way resets the session each time, a round trip: here only `Database.session` changes one.
    """


class UnnamedDatabaseError(ValueError):
    """No address of a database is set."""


class Database:
    """A pool of connections to one service's database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._refused_until = 0.0
        self._rung = asyncio.Event()
        self._bell = asyncio.create_task(self._ring_after_commits())

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        max_connections: int = 10,
        application: str = "iok",
        thinking_seconds: float = THINKING_SECONDS,
    ) -> "Database":
        """Connect lazily: the pool opens with no connection, so a service starts while its database does.

        A transaction that says nothing for `thinking_seconds` is ended by the server.

        Raises:
            UnnamedDatabaseError: the address of the database is missing.
        """
        if not dsn:
            raise UnnamedDatabaseError(
                "no database is named: set IOK_<SERVICE>_DATABASE_URL, or start the local stack by `make up`"
            )
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=max_connections,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            server_settings={
                "application_name": application,
                "TimeZone": "UTC",
                "idle_in_transaction_session_timeout": f"{thinking_seconds * 1000:.0f}",
            },
            reset=_nothing_to_undo,
        )
        return cls(pool)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction, for single statements and reads; it leaves nothing set behind it."""
        async with self._acquired() as connection:
            yield connection

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        """A connection of the pool; where none is idle, one that cannot be made is not tried again for a moment."""
        now = asyncio.get_running_loop().time
        if now() < self._refused_until and not self._pool.get_idle_size():
            raise ConnectionRefusedError("PostgreSQL refused a connection a moment ago")
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
        except (asyncpg.CannotConnectNowError, ConnectionError):
            self._refused_until = now() + BREATH_SECONDS
            raise
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """A connection for locks and settings of its session: all that it holds ends with the block."""
        async with self.connection() as connection:
            try:
                yield connection
            finally:
                await connection.close(timeout=CLOSE_TIMEOUT_SECONDS)

    @asynccontextmanager
    async def transaction(
        self, isolation: Isolation = "read_committed", *, readonly: bool = False
    ) -> AsyncIterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self._acquired() as connection:
            deeds = _AFTER_COMMIT[connection] = []
            try:
                async with connection.transaction(isolation=isolation, readonly=readonly):
                    yield connection
            finally:
                del _AFTER_COMMIT[connection]
        for deed in deeds:
            deed()
        if not readonly:
            self.ring()

    def ring(self) -> None:
        """Wake the relay, after a statement of `connection` that has committed by itself."""
        self._rung.set()

    async def answers(self) -> None:
        """Ask the least question there is: the ready check of a service.

        Raises:
            asyncpg and connection errors (`UNAVAILABLE`): the server does not answer.
        """
        async with self.connection() as connection:
            await connection.fetchval(LEAST_QUESTION)

    async def _ring_after_commits(self) -> None:
        """Wake the relay after commits, many at once: a NOTIFY inside each transaction would make commits queue up."""
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                async with self.connection() as connection:
                    await connection.execute(RING_WITHOUT_WAITING)
            except (*UNAVAILABLE, asyncpg.PostgresError) as error:
                logger(__name__).warning("relay not woken, it will look by itself", error=repr(error))
            await asyncio.sleep(RING_PAUSE_SECONDS)

    async def close(self) -> None:
        """Close every connection; what is still running gets a few seconds."""
        self._bell.cancel()
        try:
            await asyncio.wait_for(self._pool.close(), CLOSE_TIMEOUT_SECONDS)
        except TimeoutError:
            self._pool.terminate()


# The files of a service's schema that have been applied, with what they said: an applied file must never change.
CREATE_MIGRATIONS = """
create table if not exists schema_migrations (
    name text primary key, sha256 text not null, applied_at timestamptz not null default now()
)
"""
APPLIED_MIGRATIONS = "select name, sha256 from schema_migrations"
RECORD_MIGRATION = "insert into schema_migrations (name, sha256) values ($1, $2)"
LOCK_MIGRATIONS = "select pg_advisory_xact_lock(hashtext('iok-schema-migrations'))"


class ChangedMigrationError(Exception):
    """A schema file that has been applied already says something else now."""


def schema_files(directory: Path) -> list[tuple[str, str]]:
    """The schema of a service as (name, SQL), in order: the chassis's tables, its own, then its migrations."""
    chassis = Path(__file__).with_name("schema.sql")
    files = [chassis, directory / "schema.sql", *sorted((directory / "migrations").glob("*.sql"))]
    return [(f"{file.parent.name}/{file.name}", file.read_text(encoding="utf-8")) for file in files]


async def migrate(owner_dsn: str, service: str, directory: Path) -> list[str]:
    """Apply what is new of a service's schema as the owner of its database; returns the names of the files applied.

    Raises:
        ChangedMigrationError: a file applied earlier has been edited since.
    """
    applied_now: list[str] = []
    connection = await asyncpg.connect(owner_dsn, timeout=CONNECT_TIMEOUT_SECONDS)
    try:
        async with connection.transaction():
            await connection.execute(LOCK_MIGRATIONS)
            await connection.execute(CREATE_MIGRATIONS)
            applied = {row["name"]: row["sha256"] for row in await connection.fetch(APPLIED_MIGRATIONS)}
            for name, sql in schema_files(directory):
                digest = hashlib.sha256(sql.encode()).hexdigest()
                if name not in applied:
                    await connection.execute(sql)
                    await connection.execute(RECORD_MIGRATION, name, digest)
                    applied_now.append(name)
                elif applied[name] != digest:
                    raise ChangedMigrationError(
                        f"{name} of {service} was applied and has changed since: put the change into a new file below "
                        f"migrations/"
                    )
    finally:
        await connection.close()
    logger(__name__).info("schema migrated", service=service, applied=applied_now)
    return applied_now
