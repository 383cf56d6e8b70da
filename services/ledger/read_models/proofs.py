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
# The data are taken apart once for all columns. Only what was found is put in order: the book is read as it lies.
FAULTY_ENTRIES = """
with wrong as materialized (
select e.lease_id, e.id, e.topic, e.version
from book_entries e
cross join lateral json_to_record(case json_typeof(e.data) when 'object' then e.data else '{}' end) as d (
    amount_grosze text, lines json, due_on text, charge_id text, month text, issued_on text, charged_on text,
    paid_on text,
    refunded_on text, charged_back_on text, uncredited_on text, correction_id text, interest_id text, payment_id text,
    remote_id text, refund_id text, chargeback_id text, transfer_id text
)
cross join lateral (
    select to_char(e.booked_on, 'YYYY-MM-DD') as booked_on, to_char(e.due_on, 'YYYY-MM-DD') as due_on
) as day
where e.book = $1 and (
    e.digest <> sha256(convert_to(
        '{"amount_grosze":' || e.amount_grosze || ',"booked_on":"' || day.booked_on || '","due_on":'
        || coalesce('"' || day.due_on || '"', 'null') || ',"id":"' || e.id || '","kind":"' || e.kind
        || '","lease_id":"' || e.lease_id || '","lines":'
        || coalesce(case when e.kind in ('charge', 'correction') then d.lines::text end, '[]')
        || ',"source":' || to_json(e.source)::text || ',"topic":"' || e.topic || '"}', 'UTF8'))
    or e.content_digest <> sha256(convert_to(
        '{"data":' || e.data::text || ',"type":' || to_json(e.type)::text || '}', 'UTF8'))
    or e.amount_grosze::text is distinct from
        case when e.kind in ('payment', 'transfer') then '-' || d.amount_grosze else d.amount_grosze end
    or day.booked_on is distinct from case e.kind
        when 'charge' then d.issued_on when 'correction' then d.issued_on
        when 'interest' then d.charged_on when 'payment' then d.paid_on
        when 'transfer' then d.paid_on when 'refund' then d.refunded_on
        when 'chargeback' then d.charged_back_on when 'transfer_uncredited' then d.uncredited_on
    end
    or day.due_on is distinct from case when e.kind in ('charge', 'correction', 'interest') then d.due_on end
    or e.charge_id is distinct from
        case when e.kind in ('charge', 'correction', 'interest', 'payment') then d.charge_id end
    or e.claim is distinct from case e.kind
        when 'charge' then 'charge:' || d.charge_id || ':' || e.source
        when 'correction' then 'correction:' || d.correction_id
        when 'interest' then 'interest:' || d.interest_id
        when 'payment' then 'payment:' || d.payment_id || ':' || d.remote_id
        when 'refund' then 'refund:' || d.refund_id
        when 'chargeback' then 'chargeback:' || d.chargeback_id
    end
    or e.credit_id is distinct from case
        when e.kind in ('payment', 'refund', 'chargeback') then 'payment:' || d.payment_id
        when e.kind in ('transfer', 'transfer_uncredited') then 'transfer:' || d.transfer_id
    end
    or e.month is distinct from case when e.kind = 'charge' then d.month end
    or case e.kind
        when 'charge' then e.type not like 'iok.ChargeIssued.v%'
        when 'correction' then e.type not like 'iok.ChargeCorrected.v%'
        when 'interest' then e.type not like 'iok.InterestCharged.v%'
        when 'payment' then e.type not like 'iok.PaymentConfirmed.v%'
        when 'refund' then e.type not like 'iok.PaymentRefunded.v%'
        when 'chargeback' then e.type not like 'iok.PaymentChargedBack.v%'
        when 'transfer' then e.type not like 'iok.TransferCredited.v%'
        when 'transfer_uncredited' then e.type not like 'iok.TransferUncredited.v%'
        else true
    end
)
)
select lease_id, id, topic from wrong order by lease_id, version limit $2
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
