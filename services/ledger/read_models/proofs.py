"""What `verify` asks of the tables: every row recomputed from itself, sums, and rows to hold against Kafka."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from libs.chassis.postgres import Connection
from services.ledger.domain.booking import EventKey
from services.ledger.read_models.books import Offsets
from services.ledger.read_models.state import STATEMENT_SECONDS

FAULTS_LISTED = 100  # of one kind: enough to see what happened

# Entries whose own columns do not say the same: digests are spelled out here a second time, by other hands than the
# projection's (a test holds the two against each other), and every column that comes from the event's data is compared.
FAULTY_ENTRIES = """
with told as (
    select e.*,
        case when kind in ('charge', 'correction') then (data -> 'lines')::text else '[]' end as told_lines,
        case when kind in ('charge', 'correction', 'interest') then data ->> 'due_on' end as told_due_on,
        case when kind in ('charge', 'correction', 'interest', 'payment')
            then data ->> 'charge_id' end as told_charge_id,
        case when kind = 'charge' then data ->> 'month' end as told_month,
        case when kind in ('payment', 'transfer') then '-' || (data ->> 'amount_grosze')
            else data ->> 'amount_grosze' end as told_amount_grosze,
        case kind
            when 'charge' then data ->> 'issued_on' when 'correction' then data ->> 'issued_on'
            when 'interest' then data ->> 'charged_on' when 'payment' then data ->> 'paid_on'
            when 'transfer' then data ->> 'paid_on' when 'refund' then data ->> 'refunded_on'
            when 'chargeback' then data ->> 'charged_back_on' when 'transfer_uncredited' then data ->> 'uncredited_on'
        end as told_booked_on,
        case kind
            when 'charge' then 'charge:' || (data ->> 'charge_id') || ':' || source
            when 'correction' then 'correction:' || (data ->> 'correction_id')
            when 'interest' then 'interest:' || (data ->> 'interest_id')
            when 'payment' then 'payment:' || (data ->> 'payment_id') || ':' || (data ->> 'remote_id')
            when 'refund' then 'refund:' || (data ->> 'refund_id')
            when 'chargeback' then 'chargeback:' || (data ->> 'chargeback_id')
        end as told_claim,
        case
            when kind in ('payment', 'refund', 'chargeback') then 'payment:' || (data ->> 'payment_id')
            when kind in ('transfer', 'transfer_uncredited') then 'transfer:' || (data ->> 'transfer_id')
        end as told_credit_id,
        case kind
            when 'charge' then 'ChargeIssued' when 'correction' then 'ChargeCorrected'
            when 'interest' then 'InterestCharged' when 'payment' then 'PaymentConfirmed'
            when 'refund' then 'PaymentRefunded' when 'chargeback' then 'PaymentChargedBack'
            when 'transfer' then 'TransferCredited' when 'transfer_uncredited' then 'TransferUncredited'
        end as type_name
    from book_entries e where book = $1
)
select lease_id, id, topic, version from told
where digest <> sha256(convert_to(
        '{"amount_grosze":' || amount_grosze || ',"booked_on":"' || to_char(booked_on, 'YYYY-MM-DD') || '","due_on":'
        || coalesce('"' || to_char(due_on, 'YYYY-MM-DD') || '"', 'null') || ',"id":"' || id || '","kind":"' || kind
        || '","lease_id":"' || lease_id || '","lines":' || coalesce(told_lines, '[]')
        || ',"source":' || to_json(source)::text || ',"topic":"' || topic || '"}', 'UTF8'))
    or content_digest <> sha256(convert_to(
        '{"data":' || data::text || ',"type":' || to_json(type)::text || '}', 'UTF8'))
    or amount_grosze::text is distinct from told_amount_grosze
    or to_char(booked_on, 'YYYY-MM-DD') is distinct from told_booked_on
    or to_char(due_on, 'YYYY-MM-DD') is distinct from told_due_on
    or charge_id is distinct from told_charge_id
    or claim is distinct from told_claim
    or credit_id is distinct from told_credit_id
    or month is distinct from told_month
    or type_name is null or type not like 'iok.' || type_name || '.v%'
order by lease_id, version limit $2
"""

# Accounts that are not the sum of their entries, or whose entries are not numbered 1, 2, 3 … without a gap.
FAULTY_ACCOUNTS = """
with sums as (
    select lease_id, count(*) as entries, sum(amount_grosze) as balance_grosze,
        min(version) as least, max(version) as greatest, count(distinct version) as versions
    from book_entries where book = $1 group by lease_id
)
select coalesce(b.lease_id, s.lease_id) as lease_id from (select * from book_balances where book = $1) b
full join sums s using (lease_id)
where coalesce(b.version, 0) <> coalesce(s.entries, 0) or coalesce(b.balance_grosze, 0) <> coalesce(s.balance_grosze, 0)
    or s.least <> 1 or s.greatest <> s.entries or s.versions <> s.entries
order by 1 limit $2
"""

# Entries that no seal vouches for: booked from beyond its offsets ($2; null: from the beginning), or let in since ($3).
UNSEALED = """
select e.lease_id, e.topic, e.source, e.id, e.partition, e."offset", e.digest, e.content_digest
from book_entries e
left join places_of($2::text::jsonb) p on p.topic = e.topic and p.partition = e.partition
where e.book = $1 and (e."offset" >= coalesce(p.next_offset, 0) or (e.topic, e.partition, e."offset") in (
    select s.topic, s.partition, s."offset" from set_aside s where s.state = 'booked' and s.decided_at > $3::timestamptz
))
"""

# Places of records on the desk, whatever was decided about them.
DESK = """
select topic, partition, "offset", state from set_aside where topic_id = any($1::text[])
"""

# Which of these events the book holds at all, with the digest of their content.
HELD = """
select e.topic, e.lease_id, e.source, e.id, e.content_digest
from unnest($2::text[], $3::text[], $4::text[], $5::uuid[]) as g (topic, lease_id, source, id)
join book_entries e
    on e.book = $1 and e.topic = g.topic and e.lease_id = g.lease_id and e.source = g.source and e.id = g.id
"""


@dataclass(frozen=True, slots=True)
class UnsealedEntry:
    """An entry that only Kafka can vouch for."""

    key: EventKey
    digest: bytes
    content_digest: bytes


async def faulty_entries(tx: Connection, book: int) -> list[str]:
    """Entries that contradict themselves, at most 100, in words."""
    rows = await tx.fetch(FAULTY_ENTRIES, book, FAULTS_LISTED, timeout=STATEMENT_SECONDS)
    return [f"entry {row['id']} of lease {row['lease_id']} ({row['topic']}) was altered" for row in rows]


async def faulty_accounts(tx: Connection, book: int) -> list[str]:
    """Leases whose account is not the sum of their entries, at most 100, in words."""
    rows = await tx.fetch(FAULTY_ACCOUNTS, book, FAULTS_LISTED, timeout=STATEMENT_SECONDS)
    return [f"lease {row['lease_id']}: its account is not the sum of its entries, or one is missing" for row in rows]


async def unsealed(
    tx: Connection, book: int, sealed: Offsets | None, sealed_at: datetime | None
) -> dict[tuple[str, int, int], UnsealedEntry]:
    """(topic, partition, offset) -> the entry booked from there, for all that no seal vouches for."""
    text = None if sealed is None else msgspec.json.encode(sealed).decode()
    rows = await tx.fetch(UNSEALED, book, text, sealed_at, timeout=STATEMENT_SECONDS)
    return {
        (row["topic"], row["partition"], row["offset"]): UnsealedEntry(
            (row["topic"], row["lease_id"], row["source"], str(row["id"])), row["digest"], row["content_digest"]
        )
        for row in rows
    }


async def desk(tx: Connection, topic_ids: Sequence[str]) -> dict[tuple[str, int, int], str]:
    """(topic, partition, offset) -> what became of the record set aside there."""
    rows = await tx.fetch(DESK, topic_ids)
    return {(row["topic"], row["partition"], row["offset"]): row["state"] for row in rows}


async def held(tx: Connection, book: int, keys: Sequence[EventKey]) -> dict[EventKey, bytes]:
    """Which of these events the book holds as entries, with the digest of their content."""
    columns: list[list[Any]] = [[key[n] for key in keys] for n in range(4)]
    rows = await tx.fetch(HELD, book, *columns)
    return {(row["topic"], row["lease_id"], row["source"], str(row["id"])): row["content_digest"] for row in rows}
