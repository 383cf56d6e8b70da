"""The postings of a book and its trial balance: stored in one transaction with the entries, and zero in sum, always."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from libs.chassis.postgres import Connection
from services.ledger.domain import Arrival, Postings, UnbalancedError, postings_of, transfer_day
from services.ledger.read_models.copying import copy, text

_ENCODER = msgspec.json.Encoder()

COLUMNS = ("book", "topic", "subject", "source", "id", "booked_on", "amounts")

MOVE = """
insert into book_trial as t (book, topic, partition, account, debit_grosze, credit_grosze)
select $1, topic, partition, account, debit_grosze, credit_grosze
from unnest($2::text[], $3::int[], $4::text[], $5::bigint[], $6::bigint[])
    as g (topic, partition, account, debit_grosze, credit_grosze)
on conflict (book, topic, partition, account) do update
set debit_grosze = t.debit_grosze + excluded.debit_grosze, credit_grosze = t.credit_grosze + excluded.credit_grosze
"""

# What the accounts of one partition sum to: zero, or something is wrong and nothing is kept.
SUM = """
select coalesce(sum(debit_grosze - credit_grosze), 0)::bigint from book_trial
where book = $1 and topic = $2 and partition = $3
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


async def add(tx: Connection, book: int, taken: Sequence[Arrival], table: str = "book_postings") -> None:
    """Add the postings of events that the book takes, and bring its trial balance forward. `table`: as for entries.

    Raises:
        UnbalancedError: they, or the accounts of a partition with them, do not sum to zero.
    """
    posted = [(arrival, amounts) for arrival in taken if (amounts := postings_of(arrival.fact.data))]
    if not posted:
        return
    await copy(tx, table, COLUMNS, [_line(book, arrival, amounts) for arrival, amounts in posted])
    await tx.execute(MOVE, book, *_moves(posted))
    for topic, partition in sorted({(arrival.key[0], arrival.partition) for arrival, _ in posted}):
        difference = await tx.fetchval(SUM, book, topic, partition)
        if difference:
            raise UnbalancedError(f"the accounts of {topic}/{partition} sum to {difference}, not to zero")


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


def _moves(posted: Sequence[tuple[Arrival, Postings]]) -> list[list[object]]:
    """Columns of what each account of each partition was debited and credited, in one order for all who lock them."""
    moves: dict[tuple[str, int, str], list[int]] = defaultdict(lambda: [0, 0])
    for arrival, amounts in posted:
        for account, amount in amounts.items():
            move = moves[(arrival.key[0], arrival.partition, account)]
            move[amount < 0] += abs(amount)
    ordered: Mapping[tuple[str, int, str], list[int]] = dict(sorted(moves.items()))
    keys, sums = list(ordered), list(ordered.values())
    columns: list[list[object]] = [[key[n] for key in keys] for n in range(3)]
    return [*columns, [each[0] for each in sums], [each[1] for each in sums]]
