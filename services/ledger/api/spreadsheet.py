"""The history as a CSV file that a Polish spreadsheet opens by a double click: BOM, semicolons, decimal commas."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Final

from services.ledger.read_models.export import ExportedEntry

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
BOM: Final = "\ufeff"
HEADERS: Final = (
    *("Data naliczenia lub wpłaty", "Opis", "Kwota w zł (z minusem: wpłata lub obniżka)", "Termin płatności"),
    *("Numer naliczenia", "Numer wpłaty", "Numer pozycji w księdze", "Skąd pochodzi zapis"),
    "Saldo po tej pozycji w zł (z minusem: nadpłata)",
)
# A cell that begins like this is a formula to a spreadsheet, whoever wrote it.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def file_name(year: int | None) -> str:
    """What the file is called when it is saved."""
    return "historia.csv" if year is None else f"historia-{year}.csv"


async def lines_of(pages: AsyncIterator[Sequence[ExportedEntry]]) -> AsyncIterator[bytes]:
    """The file, piece by piece: the headers, then a row for each entry."""
    yield (BOM + _text([HEADERS])).encode()
    async for page in pages:
        yield _text([_row(entry) for entry in page]).encode()


def _row(entry: ExportedEntry) -> Sequence[str]:
    return (
        entry.booked_on.isoformat(),
        harmless(entry.title),
        zloty(entry.amount_grosze),
        "" if entry.due_on is None else entry.due_on.isoformat(),
        harmless(entry.charge_id or ""),
        harmless(entry.money_id or ""),
        entry.id,
        harmless(entry.source),
        zloty(entry.balance_after_grosze),
    )


def _text(rows: Sequence[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def zloty(amount_grosze: int) -> str:
    """Grosze as zł with a decimal comma and no groups: `-1234,50`."""
    whole, rest = divmod(abs(amount_grosze), 100)
    return f"{'-' if amount_grosze < 0 else ''}{whole},{rest:02}"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text
