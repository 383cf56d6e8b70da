"""The heads of a book being filled (accounts, streams, the trial balance): held in memory, written with each commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from libs.chassis.postgres import Connection
from libs.events.names import LEASES, TRANSFERS
from services.ledger.domain import Account, Arrival, Known, Outcome, Sieve, StreamKey
from services.ledger.read_models import balance, leases, postings, streams
from services.ledger.read_models.copying import copy

MOST_HEADS: Final = (
    200_000  # some 60 MB; those of one partition's leases are few, and partitions come one after another
)


@dataclass(slots=True)
class Absent:
    """Heads that are not in memory and may lie in the tables."""

    accounts: set[str] = field(default_factory=set)
    streams: set[StreamKey] = field(default_factory=set)
    leases: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.accounts or self.streams or self.leases)


class Heads:
    """What `book` must know of new facts, changed by it in place."""

    def __init__(self, number: int, sieve: Sieve) -> None:
        """Keep the book's number, and the sieve, which also tells heads that certainly lie in no table."""
        self.known = Known()
        self._number = number
        self._sieve = sieve
        self._new_accounts: set[str] = set()
        self._new_streams: set[StreamKey] = set()
        self._changed_accounts: set[str] = set()
        self._changed_streams: set[StreamKey] = set()
        self._moves: postings.Moves = {}

    async def remember(self, tx: Connection) -> None:
        """Let the sieve know every head that lies in the tables: a filling goes on after a stop."""
        async for lease in balance.every(tx, self._number):
            self._sieve.add((TRANSFERS, lease))
        async for lease in leases.every(tx, self._number):
            self._sieve.add((LEASES, lease))
        async for stream in streams.every(tx, self._number):
            self._sieve.add(stream)

    def absent(self, arrivals: Iterable[Arrival]) -> Absent:
        """Which heads of these facts must be looked up; those certainly new are made."""
        accounts, heads, absent = self.known.accounts, self.known.streams, Absent()
        for arrival in arrivals:
            topic, subject, _, _ = arrival.key
            if topic != TRANSFERS and subject not in accounts:
                self._missing_account(subject, absent)
            if topic == LEASES and not self._sieve.add((LEASES, subject)):
                absent.leases.add(subject)
            stream = arrival.key[:3]
            if stream not in heads and stream not in self._new_streams and arrival.fact.envelope.streamversion:
                (self._new_streams if self._sieve.add(stream) else absent.streams).add(stream)
        return absent

    def _missing_account(self, lease: str, absent: Absent) -> None:
        if self._sieve.add((TRANSFERS, lease)):  # no account has a transfer's topic: a key of its own kind
            self._new_accounts.add(lease)
            self._changed_accounts.add(lease)
            self.known.accounts[lease] = Account()
        else:
            absent.accounts.add(lease)

    async def load(self, tx: Connection, absent: Absent) -> None:
        """Look heads up in the tables."""
        if absent.accounts:
            self.known.accounts |= await balance.lock(tx, self._number, sorted(absent.accounts))
        if absent.streams:
            self.known.streams |= await streams.load(tx, self._number, sorted(absent.streams))
        if absent.leases:
            self.known.leases |= await leases.load(tx, self._number, sorted(absent.leases))

    def changed(self, outcome: Outcome, posted: Sequence[postings.Posted]) -> None:
        """Note what a batch has changed."""
        self._changed_accounts |= outcome.accounts.keys()
        self._changed_streams |= outcome.streams.keys()
        postings.moved_by(posted, self._moves)
        self.known.seen.clear()
        self.known.claims.clear()
        self.known.leases.clear()  # their terms are large; they are stored batch by batch

    async def store(self, tx: Connection) -> None:
        """Write all that has changed since the last commit."""
        accounts, heads = self.known.accounts, self.known.streams
        new_accounts = {lease: accounts[lease] for lease in self._changed_accounts & self._new_accounts}
        new_streams = {stream: heads[stream] for stream in self._changed_streams & self._new_streams}
        await copy(tx, balance.new_rows(self._number, new_accounts))
        await copy(tx, streams.new_rows(self._number, new_streams))
        old_accounts = self._changed_accounts - new_accounts.keys()
        await balance.store(tx, self._number, {lease: accounts[lease] for lease in old_accounts})
        old_streams = self._changed_streams - new_streams.keys()
        await streams.store(tx, self._number, {stream: heads[stream] for stream in old_streams})
        await postings.move(tx, self._number, self._moves)

    def committed(self) -> None:
        """What was written stays; too much of it is forgotten, and looked up again if it is wanted."""
        if len(self.known.accounts) + len(self.known.streams) > MOST_HEADS:
            self.forget()
        self._new_accounts.clear()
        self._new_streams.clear()
        self._changed_accounts.clear()
        self._changed_streams.clear()
        self._moves.clear()

    def forget(self) -> None:
        """Forget every head, and with it all that was not written."""
        self.known = Known()
        for noted in (self._new_accounts, self._new_streams, self._changed_accounts, self._changed_streams):
            noted.clear()
        self._moves.clear()
