"""Transactions and notifications in one SQLite file, so that unsent notifications outlive a restart.

Used from the event loop's own thread: every statement is a matter of a millisecond.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.autopay.protocol import Start, Status

PAGE_ROWS = 100  # transactions on the list page
TRIES_SHOWN = 20  # of each notification

# One row per visit to the pay page that asks for something new; remote_id is Autopay's number of it.
CREATE_TRANSACTIONS = """
CREATE TABLE IF NOT EXISTS transactions (
    remote_id TEXT PRIMARY KEY, continue_key TEXT NOT NULL, order_id TEXT NOT NULL, amount_grosze INTEGER NOT NULL,
    fee_grosze INTEGER NOT NULL, currency TEXT NOT NULL, description TEXT NOT NULL, gateway_id TEXT NOT NULL,
    return_url TEXT NOT NULL, status TEXT NOT NULL, details TEXT NOT NULL, payment_date TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT
"""
# One row per status told; next_try_at is null when nothing is due (confirmed, or given up).
CREATE_NOTIFICATIONS = """
CREATE TABLE IF NOT EXISTS notifications (
    notification_id INTEGER PRIMARY KEY, remote_id TEXT NOT NULL REFERENCES transactions, order_id TEXT NOT NULL,
    status TEXT NOT NULL, document TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, next_try_at REAL, confirmed_at REAL
) STRICT
"""
CREATE_TRIES = """
CREATE TABLE IF NOT EXISTS tries (
    notification_id INTEGER NOT NULL REFERENCES notifications, tried_at REAL NOT NULL, result TEXT NOT NULL
) STRICT
"""
INDEX_ORDERS = "CREATE INDEX IF NOT EXISTS transactions_by_order ON transactions (order_id)"
INDEX_DUE = "CREATE INDEX IF NOT EXISTS notifications_due ON notifications (next_try_at) WHERE next_try_at IS NOT NULL"

# The columns stand in the order of the Transaction class.
INSERT_TRANSACTION = "INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_TRANSACTION = "SELECT * FROM transactions WHERE remote_id = ?"
SELECT_ORDER = "SELECT * FROM transactions WHERE order_id = ? ORDER BY created_at, remote_id"
SELECT_LATEST = "SELECT * FROM transactions ORDER BY created_at DESC, remote_id LIMIT ?"
# The status is moved only from the one the decision was made on: two clicks at once have one effect.
UPDATE_STATUS = """
UPDATE transactions SET status = ?, details = ?, payment_date = ?, gateway_id = ? WHERE remote_id = ? AND status = ?
"""
INSERT_NOTIFICATION = """
INSERT INTO notifications (remote_id, order_id, status, document, next_try_at) VALUES (?, ?, ?, ?, ?)
"""
SELECT_DUE = """
SELECT notification_id, order_id, document, tries FROM notifications
WHERE next_try_at <= ? ORDER BY next_try_at LIMIT ?
"""
SELECT_NEXT_DUE = "SELECT min(next_try_at) FROM notifications WHERE next_try_at IS NOT NULL"
SELECT_NOTIFICATIONS = "SELECT * FROM notifications WHERE remote_id = ? ORDER BY notification_id"
SELECT_TRIES = "SELECT tried_at, result FROM tries WHERE notification_id = ? ORDER BY tried_at DESC LIMIT ?"
INSERT_TRY = "INSERT INTO tries VALUES (?, ?, ?)"
UPDATE_TRIED = """
UPDATE notifications SET tries = tries + 1, next_try_at = ?, confirmed_at = coalesce(?, confirmed_at)
WHERE notification_id = ?
"""
UPDATE_AGAIN = "UPDATE notifications SET next_try_at = ? WHERE notification_id = ?"


@dataclass(frozen=True)
class Transaction:
    """One transaction as Autopay knows it; money in grosze, ``created_at`` in seconds since the epoch."""

    remote_id: str
    continue_key: str
    order_id: str
    amount_grosze: int
    fee_grosze: int
    currency: str
    description: str
    gateway_id: str
    return_url: str
    status: Status
    details: str
    payment_date: str
    created_at: float

    @property
    def asks(self) -> Start:
        """What the payer was asked for."""
        return Start(
            self.order_id, self.amount_grosze, self.currency, self.description, self.gateway_id, self.return_url
        )


@dataclass(frozen=True)
class Due:
    """A notification whose next try has come."""

    notification_id: int
    order_id: str
    document: str
    tries: int


@dataclass(frozen=True)
class Notification:
    """A notification with its latest tries (moment in seconds since the epoch, what came of it), newest first."""

    notification_id: int
    status: str
    tries: int
    next_try_at: float | None
    confirmed_at: float | None
    latest: list[tuple[float, str]]


class Store:
    """The file: opened, made when missing, and asked."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA foreign_keys=ON", CREATE_TRANSACTIONS,
                          CREATE_NOTIFICATIONS, CREATE_TRIES, INDEX_ORDERS, INDEX_DUE):  # fmt: skip
            self._connection.execute(statement)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _together(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def add(self, transaction: Transaction) -> None:
        """Keep a new transaction."""
        values = tuple(vars(transaction).values())
        self._connection.execute(INSERT_TRANSACTION, values)

    def transaction(self, remote_id: str) -> Transaction | None:
        """Return the transaction of that number, or None."""
        row = self._connection.execute(SELECT_TRANSACTION, (remote_id,)).fetchone()
        return None if row is None else _transaction(row)

    def of_order(self, order_id: str) -> list[Transaction]:
        """Every transaction of an order, oldest first."""
        return [_transaction(row) for row in self._connection.execute(SELECT_ORDER, (order_id,))]

    def latest(self) -> list[Transaction]:
        """Return the newest transactions, for the list page."""
        return [_transaction(row) for row in self._connection.execute(SELECT_LATEST, (PAGE_ROWS,))]

    def decide(self, before: Transaction, after: Transaction, document: str, next_try_at: float) -> bool:
        """Move a transaction's status and put its notification in the queue; False when somebody was faster."""
        with self._together() as connection:
            told_of = (after.status, after.details, after.payment_date, after.gateway_id)
            change = (*told_of, after.remote_id, before.status)
            if connection.execute(UPDATE_STATUS, change).rowcount == 0:
                return False
            told = (after.remote_id, after.order_id, after.status, document, next_try_at)
            connection.execute(INSERT_NOTIFICATION, told)
        return True

    def due(self, now: float, limit: int) -> list[Due]:
        """Notifications to be tried now, the most overdue first."""
        return [Due(*row) for row in self._connection.execute(SELECT_DUE, (now, limit))]

    def next_due_at(self) -> float | None:
        """When the next try is due, or None when nothing waits."""
        moment: float | None = self._connection.execute(SELECT_NEXT_DUE).fetchone()[0]
        return moment

    def tried(
        self, notification_id: int, now: float, result: str, next_try_at: float | None, *, confirmed: bool
    ) -> None:
        """Write down what came of a try and when the next one is due (None: never)."""
        with self._together() as connection:
            connection.execute(INSERT_TRY, (notification_id, now, result))
            connection.execute(UPDATE_TRIED, (next_try_at, now if confirmed else None, notification_id))

    def send_again(self, notification_id: int, now: float) -> bool:
        """Put a notification in the queue again, confirmed or not; False when there is none of that number."""
        return self._connection.execute(UPDATE_AGAIN, (now, notification_id)).rowcount == 1

    def notifications(self, remote_id: str) -> list[Notification]:
        """Return a transaction's notifications with their latest tries."""
        rows = self._connection.execute(SELECT_NOTIFICATIONS, (remote_id,)).fetchall()
        return [
            Notification(
                notification_id=row["notification_id"],
                status=row["status"],
                tries=row["tries"],
                next_try_at=row["next_try_at"],
                confirmed_at=row["confirmed_at"],
                latest=[tuple(tried) for tried in self._connection.execute(
                    SELECT_TRIES, (row["notification_id"], TRIES_SHOWN))],
            )
            for row in rows
        ]  # fmt: skip


def _transaction(row: sqlite3.Row) -> Transaction:
    values = dict(row)
    return Transaction(**{**values, "status": Status(values["status"])})
