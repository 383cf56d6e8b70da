"""The postings of a book and its trial balance: stored in one transaction with the entries, and zero in sum, always."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import msgspec

from libs.chassis.postgres import Connection
from services.ledger.domain import Arrival, Postings, UnbalancedError, postings_of, transfer_day
from services.ledger.read_models.copying import Rows, rows, text

_ENCODER = msgspec.json.Encoder()

# An event and what it does to the accounts.
Posted: TypeAlias = tuple[Arrival, Postings]
# (topic, partition) -> account -> grosze debited and credited.
Moves: TypeAlias = dict[tuple[str, int], dict[str, tuple[int, int]]]

COLUMNS = ("book", "topic", "subject", "source", "id", "booked_on", "amounts")

MOVE = """
insert into book_trial as t (book, topic, partition, account, debit_grosze, credit_grosze)
select $1, topic, partition, account, debit_grosze, credit_grosze
from unnest($2::text[], $3::int[], $4::text[], $5::bigint[], $6::bigint[])
    as g (topic, partition, account, debit_grosze, credit_grosze)
on conflict (book, topic, partition, account) do update
set debit_grosze = t.debit_grosze + excluded.debit_grosze, credit_grosze = t.credit_grosze + excluded.credit_grosze
"""

# Partitions whose accounts do not sum to zero: something is wrong, and nothing is kept.
UNBALANCED = """
select topic, partition, sum(debit_grosze - credit_grosze)::bigint as difference
from book_trial t join unnest($2::text[], $3::int[]) as g (topic, partition) using (topic, partition)
where book = $1 group by topic, partition having sum(debit_grosze - credit_grosze) <> 0 limit 1
"""

# The trial balance of the live book; its own sums are its last line.
TRIAL = """
select account, debit_grosze, credit_grosze, balance_grosze from trial_balance order by account limit $1
"""
TRIAL_SUM = """
select coalesce(sum(debit_grosze), 0) as debit_grosze, coalesce(sum(credit_grosze), 0) as credit_grosze,
    coalesce(sum(balance_grosze), 0) as balance_grosze
from trial_balance
"""


@dataclass(frozen=True, slots=True)
class TrialLine:
    """An account's debits, credits and what they leave, in grosze; `balance_grosze` positive for a debit balance."""

    account: str
    debit_grosze: int
    credit_grosze: int
    balance_grosze: int


@dataclass(frozen=True, slots=True)
class Trial:
    """The accounts of the live book, and their sum, whose balance is zero."""

    lines: list[TrialLine]
    whole: TrialLine


def posting_rows(book: int, posted: Sequence[Posted]) -> Rows:
    """Postings to be added to the book, for ever."""
    return rows("book_postings", COLUMNS, [_line(book, arrival, amounts) for arrival, amounts in posted])


def posted_by(taken: Iterable[Arrival]) -> list[Posted]:
    """The events that move money, with their postings; raises UnbalancedError when some do not sum to zero."""
    return [(arrival, amounts) for arrival in taken if (amounts := postings_of(arrival.fact.data))]


def moved_by(posted: Sequence[Posted], moves: Moves | None = None) -> Moves:
    """What postings debit and credit, added to `moves`."""
    moves = {} if moves is None else moves
    for arrival, amounts in posted:
        at = (arrival.key[0], arrival.partition)
        accounts = moves.get(at)
        if accounts is None:
            accounts = moves[at] = {}
        for account, amount in amounts.items():
            debit, credit = accounts.get(account, (0, 0))
            accounts[account] = (debit + amount, credit) if amount > 0 else (debit, credit - amount)
    return moves


async def move(tx: Connection, book: int, moves: Moves) -> None:
    """Bring the trial balance forward, its rows in one order for all who lock them.

    Raises:
        UnbalancedError: the accounts of a partition do not sum to zero.
    """
    ordered = sorted((*at, account, *sums) for at, accounts in moves.items() for account, sums in accounts.items())
    if not ordered:
        return
    await tx.execute(MOVE, book, *map(list, zip(*ordered, strict=True)))
    wrong = await tx.fetchrow(UNBALANCED, book, [topic for topic, _ in moves], [partition for _, partition in moves])
    if wrong is not None:
        at, difference = f"{wrong['topic']}/{wrong['partition']}", wrong["difference"]
        raise UnbalancedError(f"the accounts of {at} sum to {difference}, not to zero")


async def trial(tx: Connection, limit: int) -> Trial:
    """The trial balance of the live book: at most `limit` accounts, and the sum of all."""
    lines = [TrialLine(*row.values()) for row in await tx.fetch(TRIAL, limit)]
    whole = await tx.fetchrow(TRIAL_SUM)
    return Trial(lines, TrialLine("", *(whole.values() if whole else (0, 0, 0))))


def day_of(arrival: Arrival) -> date:
    """The day of an event's postings: its entry's, or when the transfer moved money."""
    return transfer_day(arrival.fact.data) if arrival.entry is None else arrival.entry.booked_on


def _line(book: int, arrival: Arrival, amounts: Postings) -> str:
    topic, subject, source, event_id = arrival.key
    spelt = text(_ENCODER.encode(amounts).decode())
    return f"{book}\t{topic}\t{subject}\t{text(source)}\t{event_id}\t{day_of(arrival)}\t{spelt}\n"
