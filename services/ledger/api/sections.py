"""The ledger's own figures on its panel: books, the last seal, leases nobody signed, gaps and alarms of the stream."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from libs.chassis.panel import Section, Table
from libs.chassis.panel.wording import moment, money
from libs.chassis.postgres import Database
from libs.events.reasons import REASON_WORDS
from services.ledger.domain import INCOME, AlarmKind, ChartAccount, Conflict
from services.ledger.read_models import alarms, books, leases, postings, seals, streams

ROWS: Final = 20
ACCOUNTS: Final = 100


def of(database: Database) -> Sequence[Section]:
    """The sections, each read by itself."""
    panel = LedgerSections(database)
    return [
        Section("Księgi", panel.books),
        Section("Ostatnia pieczęć", panel.seal),
        Section("Bilans próbny", panel.trial, "Obroty i salda kont; razem zawsze zero."),
        Section("Bez umowy", panel.unsigned, "Wpisy na umowach, których nikt (jeszcze) nie podpisał."),
        Section("Luki w strumieniach", panel.gaps, "Brakujące numery wersji; o tym, co się liczy, nie decydują."),
        Section("Sprzeczności", panel.alarms, "Zdarzenia, które zaprzeczają innym; najnowsze pierwsze."),
    ]


# Why the ledger sets aside what is good in itself, and what an operator must see although everything went on.
REASONS: Final[Mapping[str, str]] = {
    **REASON_WORDS,
    Conflict.OTHER_CONTENT: "zdarzenie o tym samym identyfikatorze było już, z inną treścią",
    Conflict.CLAIM_TAKEN: "identyfikator naliczenia, korekty albo wpłaty był już użyty na tej umowie",
    Conflict.LEASE_OF_ANOTHER_SOURCE: "umowa należy do innego systemu",
}
ALARMS: Final[Mapping[str, str]] = {
    AlarmKind.VERSION_TAKEN: "ten numer wersji ma już inne zdarzenie",
    AlarmKind.BOOKS_MAY_DIFFER: "sprzeczne zdarzenia leżą w różnych partycjach",
}
# The chart of accounts for people; incomes are named by their component.
ACCOUNT_WORDS: Final[Mapping[str, str]] = {
    ChartAccount.RENT: "należności: czynsz",
    ChartAccount.UTILITIES: "należności: media i opłaty",
    ChartAccount.INTEREST: "należności: odsetki",
    ChartAccount.DEPOSIT: "należności: kaucje",
    ChartAccount.OTHER: "należności: inne",
    ChartAccount.PAID: "wpłaty najemców",
    ChartAccount.DEPOSITS_HELD: "kaucje w depozycie",
    ChartAccount.AUTOPAY_CLEARING: "rozrachunki z Autopay",
    ChartAccount.BANK: "bank",
    ChartAccount.SUSPENSE: "wpłaty do wyjaśnienia",
}
STATES: Final = {"filling": "wczytywana", "building": "w budowie", "live": "bieżąca", "old": "poprzednia"}


class LedgerSections:
    """Reads the tables of the sections."""

    def __init__(self, database: Database) -> None:
        """Keep where to read."""
        self._database = database

    async def books(self) -> Table:
        """Every book there still is."""
        async with self._database.connection() as connection:
            found = await books.listed(connection)
        rows = [(str(b.book), STATES.get(b.state, b.state), str(b.records), moment(b.made_at)) for b in found]
        return Table(("Księga", "Stan", "Przeczytane rekordy", "Założona"), rows)

    async def seal(self) -> Table:
        """The last seal."""
        async with self._database.connection() as connection:
            last = await seals.last(connection)
        if last.seal is None or last.recorded_at is None:
            return Table(("Numer", "Wpisy", "Skrót stanu", "Kiedy"), [])
        row = (str(last.version), str(last.seal.entries), last.seal.state_hash, moment(last.recorded_at))
        return Table(("Numer", "Wpisy", "Skrót stanu", "Kiedy"), [row])

    async def trial(self) -> Table:
        """The trial balance: each account, and the sum of all."""
        async with self._database.connection() as connection:
            found = await postings.trial(connection, ACCOUNTS)
        lines = [*found.lines, replace(found.whole, account="Razem")]
        rows = [
            (_account(a.account), money(a.debit_grosze), money(a.credit_grosze), money(a.balance_grosze)) for a in lines
        ]
        return Table(("Konto", "Winien", "Ma", "Saldo"), rows)

    async def unsigned(self) -> Table:
        """Leases with entries that nobody has signed."""
        async with self._database.connection() as connection:
            found = await leases.unsigned(connection, ROWS)
        rows = [(row["lease_id"], str(row["version"]), money(row["balance_grosze"])) for row in found]
        return Table(("Umowa", "Wpisy", "Saldo"), rows)

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
        rows = [
            (moment(a.at), ALARMS.get(a.kind, a.kind), f"{a.topic}/{a.partition}/{a.offset}", a.detail) for a in found
        ]
        return Table(("Kiedy", "Rodzaj", "Miejsce", "Opis"), rows)


def _account(name: str) -> str:
    """An account in words; an income by its component, as the company's charges name it."""
    return f"przychody: {name.removeprefix(INCOME)}" if name.startswith(INCOME) else ACCOUNT_WORDS.get(name, name)
