"""Files of statements that were taken, and the statements in them: by them a file or a gap is known again."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from libs.chassis.postgres import Connection, Row
from services.payments.domain.report import Report, StatementTaken
from services.payments.domain.statement import Previous, Statement

# One import of statements at a time: what is known is looked up first.
LOCK = "select pg_advisory_xact_lock(hashtext('iok-import-statement'))"

FIND_FILE = "select id, report from statement_files where sha256 = $1"
FILE = "select * from statement_files where id = $1"
ADD_FILE = (
    "insert into statement_files (sha256, name, report, imported_by) values ($1, $2, $3::text::jsonb, $4) returning id"
)
FILES = """
select * from statement_files where $1::bigint is null or id < $1 order by id desc limit $2
"""

# Statements of a file, each once: the same in another file stays the first one's.
ADD = """
insert into statements (account, year, number, page, closed_on, opening_grosze, closing_grosze, file_id)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing
"""

# Statements taken before with these numbers, whose balances differ.
DIFFERENT = """
select exists (
    select from statements
    where (account, year, number, page) = ($1, $2, $3, $4) and number > 0
        and (opening_grosze, closing_grosze) is distinct from ($5, $6)
)
"""

# Whether this very statement was taken before.
TAKEN = """
select exists (
    select from statements
    where (account, year, number, page, closed_on, opening_grosze, closing_grosze) = ($1, $2, $3, $4, $5, $6, $7)
)
"""

# The latest counted statement of an account.
LATEST = """
select year, number, closing_grosze from statements
where account = $1 and number > 0 order by year desc, number desc, page desc limit 1
"""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file about to be taken; `by`: the opaque id of whoever brought it."""

    sha256: bytes
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file that was taken, by whom (the opaque id of an account) and with what result."""

    id: int
    name: str
    imported_at: datetime
    imported_by: str
    report: Report


async def alone(tx: Connection) -> None:
    """Keep other imports waiting until the transaction ends."""
    await tx.execute(LOCK)


async def known_file(tx: Connection, sha256: bytes) -> Report | None:
    """The report of the same file when it was taken before."""
    row = await tx.fetchrow(FIND_FILE, sha256)
    return None if row is None else _report(row)


async def add_file(tx: Connection, new: NewFile, report: Report) -> int:
    """Note a file with its final report; gives its id."""
    told = json.dumps(asdict(report), ensure_ascii=False)
    file_id: int = await tx.fetchval(ADD_FILE, new.sha256, new.name, told, new.by)
    return file_id


async def add(tx: Connection, file_id: int, statements: Sequence[Statement]) -> None:
    """Note the statements of a file."""
    rows = [
        (*_identity(each), each.closed_on, each.opening_grosze, each.closing_grosze, file_id) for each in statements
    ]
    await tx.executemany(ADD, rows)


async def previous(tx: Connection, account: str) -> Previous | None:
    """The latest statement of an account that the bank has counted."""
    row = await tx.fetchrow(LATEST, account)
    return None if row is None else Previous(**dict(row))


async def is_taken(tx: Connection, statement: Statement) -> bool:
    """Whether the same statement was taken before, in this file or another."""
    return bool(
        await tx.fetchval(
            TAKEN, *_identity(statement), statement.closed_on, statement.opening_grosze, statement.closing_grosze
        )
    )


async def differs(tx: Connection, statement: Statement) -> bool:
    """Whether another statement was taken under the same number."""
    return bool(await tx.fetchval(DIFFERENT, *_identity(statement), statement.opening_grosze, statement.closing_grosze))


async def files(connection: Connection, before_id: int | None, limit: int) -> list[TakenFile]:
    """A page of the files taken, the latest first."""
    return [_file(row) for row in await connection.fetch(FILES, before_id, limit)]


async def file(connection: Connection, file_id: int) -> TakenFile | None:
    """One file; None when there is none."""
    row = await connection.fetchrow(FILE, file_id)
    return None if row is None else _file(row)


def _identity(statement: Statement) -> tuple[str, int, int, int]:
    return statement.account, statement.closed_on.year, statement.number or 0, statement.page or 0


def _file(row: Row) -> TakenFile:
    return TakenFile(row["id"], row["name"], row["imported_at"], row["imported_by"], _report(row))


def _report(row: Row) -> Report:
    told = json.loads(row["report"])
    statements = [StatementTaken(**each) for each in told.pop("statements")]
    return Report(**{**told, "statements": statements, "file_id": row["id"]})
