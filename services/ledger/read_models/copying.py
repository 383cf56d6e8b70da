r"""Rows into tables by COPY, in the text format: a line a row, a tab between columns, `\N` for null."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from libs.chassis.postgres import Connection

NULL: Final = r"\N"
COPY_SECONDS: Final = 600.0


async def copy(tx: Connection, table: str, columns: Sequence[str], lines: Sequence[str]) -> None:
    """Add rows, each a line with its newline, spelt by `text` where a column may hold a backslash."""
    if lines:
        source = BytesIO("".join(lines).encode())
        await tx.copy_to_table(table, source=source, columns=list(columns), timeout=COPY_SECONDS)


def text(value: str) -> str:
    """A text without control characters, as COPY reads it; what events carry holds none unescaped."""
    return value.replace("\\", "\\\\") if "\\" in value else value
