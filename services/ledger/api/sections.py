"""The ledger's own figures on its panel: books, the last seal, leases nobody signed, gaps and alarms of the stream."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from libs.chassis.panel import Section, Table
from libs.chassis.postgres import Database
from services.ledger.read_models import alarms, books, leases, postings, seals, streams

ROWS: Final = 20
ACCOUNTS: Final = 100


def of(database: Database) -> Sequence[Section]:
    """The sections, each read by itself."""
    panel = LedgerSections(database)
    return [
        Section("Księgi", panel.books),
        Section("Ostatnia pieczęć", panel.seal),
        Section("Bilans próbny", panel.trial, "Obroty i salda kont w groszach; razem zawsze zero."),
        Section("Bez umowy", panel.unsigned, "Wpisy na umowach, których nikt (jeszcze) nie podpisał."),
        Section("Luki w strumieniach", panel.gaps, "Brakujące numery wersji; o tym, co się liczy, nie decydują."),
        Section("Sprzeczności", panel.alarms, "Zdarzenia, które zaprzeczają innym; najnowsze pierwsze."),
    ]


class LedgerSections:
    """Reads the tables of the sections."""

    def __init__(self, database: Database) -> None:
        """Keep where to read."""
        self._database = database

    async def books(self) -> Table:
        """Every book there still is."""
        async with self._database.connection() as connection:
            found = await books.listed(connection)
        rows = [(str(b.book), b.state, str(b.records), f"{b.made_at:%Y-%m-%d %H:%M}") for b in found]
        return Table(("Księga", "Stan", "Przeczytane rekordy", "Założona"), rows)

    async def seal(self) -> Table:
        """The last seal."""
        async with self._database.connection() as connection:
            last = await seals.last(connection)
        if last.seal is None or last.recorded_at is None:
            return Table(("Numer", "Wpisy", "Skrót stanu", "Kiedy"), [])
        row = (str(last.version), str(last.seal.entries), last.seal.state_hash, f"{last.recorded_at:%Y-%m-%d %H:%M:%S}")
        return Table(("Numer", "Wpisy", "Skrót stanu", "Kiedy"), [row])

    async def trial(self) -> Table:
        """The trial balance: each account, and the sum of all."""
        async with self._database.connection() as connection:
            found = await postings.trial(connection, ACCOUNTS)
        lines = [*found.lines, replace(found.whole, account="Razem")]
        rows = [(a.account, str(a.debit_grosze), str(a.credit_grosze), str(a.balance_grosze)) for a in lines]
        return Table(("Konto", "Winien", "Ma", "Saldo"), rows)

    async def unsigned(self) -> Table:
        """Leases with entries that nobody has signed."""
        async with self._database.connection() as connection:
            found = await leases.unsigned(connection, ROWS)
        rows = [(row["lease_id"], str(row["version"]), str(row["balance_grosze"])) for row in found]
        return Table(("Umowa", "Wpisy", "Saldo (grosze)"), rows)

    async def gaps(self) -> Table:
        """Streams of which versions are missing."""
        async with self._database.connection() as connection:
            book = await books.live_or_none(connection)
            found = [] if book is None else await streams.gaps(connection, book, ROWS)
        rows = [
            (gap.topic, gap.subject, gap.source, ", ".join(f"{first}-{last}" for first, last in gap.head.missing))
            for gap in found
        ]
        return Table(("Temat", "Klucz", "Źródło", "Brakuje"), rows)

    async def alarms(self) -> Table:
        """The newest contradictions."""
        async with self._database.connection() as connection:
            found = await alarms.newest(connection, ROWS)
        rows = [(f"{a.at:%Y-%m-%d %H:%M:%S}", a.kind, f"{a.topic}/{a.partition}/{a.offset}", a.detail) for a in found]
        return Table(("Kiedy", "Rodzaj", "Miejsce", "Opis"), rows)
