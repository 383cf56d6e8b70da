r"""Rows into tables by COPY, in the text format: a line a row, a tab between columns, `\N` for null."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final

from libs.chassis.postgres import Connection

NULL: Final = r"\N"
COPY_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table as COPY reads them; `table` is a book table's name, under which its partitions are found."""

    table: str
    columns: tuple[str, ...]
    spelling: bytes


def rows(table: str, columns: tuple[str, ...], lines: Iterable[str]) -> Rows:
    """Rows from lines, each with its newline, spelt by `text` where a column may hold a backslash."""
    return Rows(table, columns, "".join(lines).encode())


async def copy(tx: Connection, given: Rows, into: str | None = None) -> None:
    """Add rows to their table, or to the one named."""
    if given.spelling:
        source = _whole(given.spelling)
        await tx.copy_to_table(into or given.table, source=source, columns=given.columns, timeout=COPY_SECONDS)


async def _whole(spelling: bytes) -> AsyncIterator[bytes]:
    """The rows in one piece; what is like a file would be read by a thread, which costs more."""
    yield spelling


def text(value: str) -> str:
    """A text without control characters, as COPY reads it; what events carry holds none unescaped."""
    return value.replace("\\", "\\\\") if "\\" in value else value
