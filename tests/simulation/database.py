"""A database in memory: tables of rows, transactions under READ COMMITTED, row locks, deadlocks, sessions that die.

Every statement is a step: before it anything else may happen, the process may die, or the database be away.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Hashable
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar

from libs.chassis.kafka import Record
from tests.simulation.chance import Chance

T = TypeVar("T")
# Work done step by step: it yields for how many ticks it now waits, and returns its result.
Steps: TypeAlias = Generator[int, None, T]

NEXT: Final = 0  # yielded where the next step may follow at once
LOCKED: Final = 4  # ticks until a lock held by another is tried again


class ConnectionLostError(Exception):
    """The session is gone, or the answer of a commit was lost: whether it took place is not known."""


class DeadlockError(Exception):
    """Two transactions wait for each other."""


class UniqueError(Exception):
    """The row is there already."""


class Database:
    """The committed rows of one service. `journal` tells in which order records were taken, for the checks only."""

    def __init__(self, name: str, chance: Chance) -> None:
        self.name = name
        self.tables: dict[str, dict[Any, Any]] = defaultdict(dict)
        self.journal: list[tuple[str, Record]] = []
        self.watch: Callable[[Transaction], None] = lambda _: None
        self.away = 0.0  # how often a statement finds the database away
        self.deaf = 0.0  # how often the answer of a commit is lost
        self.chance = chance
        self.locks: dict[Hashable, Transaction] = {}
        self._open: dict[int, Transaction] = {}
        self._numbers = 0

    def begin(self, owner: str) -> "Transaction":
        """A transaction of a process."""
        self._numbers += 1
        transaction = Transaction(self, owner, self._numbers)
        self._open[self._numbers] = transaction
        return transaction

    def number(self) -> int:
        """The next number of a sequence: taken at once, whether or not its transaction commits."""
        self._numbers += 1
        return self._numbers

    def kill(self, owner: str | None = None) -> None:
        """End the sessions of a process, or all of them."""
        for transaction in [each for each in self._open.values() if owner is None or each.owner == owner]:
            transaction.rollback()

    def forget(self, transaction: "Transaction") -> None:
        """Free what a transaction held."""
        self._open.pop(transaction.number, None)
        for key in transaction.held:
            del self.locks[key]
        transaction.held.clear()


class Transaction:
    """Rows written but not committed yet; reads see the committed ones and its own."""

    __slots__ = ("_database", "alive", "held", "journal", "number", "owner", "waits_for", "writes")

    def __init__(self, database: Database, owner: str, number: int) -> None:
        self._database = database
        self.owner = owner
        self.number = number
        self.alive = True
        self.writes: dict[str, dict[Any, Any]] = {}
        self.held: list[Hashable] = []
        self.waits_for: Transaction | None = None
        self.journal: list[tuple[str, Record]] = []

    def __enter__(self) -> Self:
        """Begin; nothing to do."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Roll back what was not committed; a process that dies leaves it to the server, which does the same."""
        self.rollback()

    def get(self, table: str, key: Hashable) -> Any:
        """A row, or None."""
        own = self.writes.get(table)
        if own is not None and key in own:
            return own[key]
        return self._database.tables[table].get(key)

    def put(self, table: str, key: Hashable, row: Any) -> None:
        """Write a row; None deletes it."""
        self.writes.setdefault(table, {})[key] = row

    def statement(self) -> Steps[None]:
        """The step before a statement; raises ConnectionLostError."""
        yield NEXT
        if not self.alive or self._database.chance.happens(self._database.away):
            self.rollback()
            raise ConnectionLostError(self.owner)

    def lock(self, key: Hashable) -> Steps[None]:
        """Hold a row until the end; raises DeadlockError, ConnectionLostError."""
        locks = self._database.locks
        while (holder := locks.get(key)) is not None and holder is not self:
            self.waits_for = holder
            if self._waits_for_itself():
                self.rollback()
                raise DeadlockError(self.owner)
            yield LOCKED
        self.waits_for = None
        if not self.alive:
            raise ConnectionLostError(self.owner)
        if holder is None:
            locks[key] = self
            self.held.append(key)

    def insert(self, table: str, key: Hashable, row: Any) -> Steps[None]:
        """Add a row; raises UniqueError once whoever else adds the same has committed."""
        yield from self.lock((table, key))
        if self.get(table, key) is not None:
            raise UniqueError(f"{table} {key}")
        self.put(table, key, row)

    def commit(self) -> Steps[None]:
        """Commit; raises ConnectionLostError when it did not take place, or when its answer was lost."""
        yield from self.statement()
        self._database.watch(self)
        for table, rows in self.writes.items():
            committed = self._database.tables[table]
            for key, row in rows.items():
                if row is None:
                    committed.pop(key, None)
                else:
                    committed[key] = row
        self._database.journal += self.journal
        self.rollback()  # of nothing: it ends the transaction and frees its locks
        yield NEXT
        if self._database.chance.happens(self._database.deaf):
            raise ConnectionLostError("the answer of a commit was lost")

    def rollback(self) -> None:
        """End without a trace."""
        if self.alive:
            self.alive = False
            self._database.forget(self)

    def _waits_for_itself(self) -> bool:
        seen = self.waits_for
        while seen is not None and seen is not self:
            seen = seen.waits_for if seen.alive else None
        return seen is self
