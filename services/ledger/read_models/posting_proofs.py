"""What `verify` asks of postings: each worked out again from its entry, the trial balance from the postings."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from libs.chassis.postgres import Connection
from libs.events.topics import TRANSFERS
from services.ledger.domain.booking import EventKey
from services.ledger.domain.postings import SUB_ACCOUNTS
from services.ledger.read_models.proofs import FAULTS_LISTED
from services.ledger.read_models.state import STATEMENT_SECONDS

# Entries whose postings are not what they make (that their amounts are their data's is proven by FAULTY_ENTRIES):
# spelled out here a second time, by other hands than the domain's. $2: the sub-account of each component, as JSON.
FAULTY_POSTINGS = """
select e.lease_id, e.id, e.topic
from book_entries e
left join book_postings p
    on p.book = e.book and p.subject = e.lease_id and p.topic = e.topic and p.source = e.source and p.id = e.id
where e.book = $1 and (p.booked_on is distinct from e.booked_on or p.amounts is distinct from case e.kind
    when 'interest' then jsonb_build_object('receivable:interest', e.amount_grosze, 'income:interest', -e.amount_grosze)
    when 'payment' then jsonb_build_object('autopay_clearing', -e.amount_grosze, 'receivable:paid', e.amount_grosze)
    when 'refund' then jsonb_build_object('autopay_clearing', -e.amount_grosze, 'receivable:paid', e.amount_grosze)
    when 'chargeback' then jsonb_build_object('autopay_clearing', -e.amount_grosze, 'receivable:paid', e.amount_grosze)
    when 'transfer' then jsonb_build_object('suspense', -e.amount_grosze, 'receivable:paid', e.amount_grosze)
    when 'transfer_uncredited' then jsonb_build_object('suspense', -e.amount_grosze, 'receivable:paid', e.amount_grosze)
    else (
        select coalesce(jsonb_object_agg(account, amount), '{}')
        from (
            select s.account, sum(s.amount) as amount
            from json_to_recordset(e.data -> 'lines') as l (component text, amount_grosze bigint)
            cross join lateral (
                select coalesce($2::text::jsonb ->> l.component, 'receivable:other') as receivable
            ) as t
            cross join lateral (values
                (t.receivable, l.amount_grosze),
                (
                    case t.receivable
                        when 'receivable:deposit' then 'deposits_held' else 'income:' || l.component
                    end,
                    -l.amount_grosze
                )
            ) as s (account, amount)
            group by s.account having sum(s.amount) <> 0
        ) as summed
    )
end)
order by e.lease_id, e.id limit $3
"""

# Postings of an event that is no entry, though its topic is one of entries. $2: the topic of the others.
STRAY_POSTINGS = """
select p.subject, p.id, p.topic from book_postings p
where p.book = $1 and p.topic <> $2 and not exists (
    select from book_entries e
    where e.book = p.book and e.lease_id = p.subject and e.topic = p.topic and e.source = p.source and e.id = p.id
)
order by p.subject, p.id limit $3
"""

# Accounts of which the trial balance says something else than the postings sum up to.
FAULTY_TRIAL = """
with summed as (
    select a.key as account, sum(greatest(a.value::bigint, 0)) as debit, sum(greatest(-a.value::bigint, 0)) as credit
    from book_postings p cross join lateral jsonb_each_text(p.amounts) a
    where p.book = $1 group by a.key
), told as (
    select account, sum(debit_grosze) as debit, sum(credit_grosze) as credit from book_trial where book = $1
    group by account
)
select coalesce(s.account, t.account) as account from summed s full join told t using (account)
where coalesce(s.debit, 0) <> coalesce(t.debit, 0) or coalesce(s.credit, 0) <> coalesce(t.credit, 0)
order by 1 limit $2
"""
TRIAL_SUM = "select coalesce(sum(debit_grosze - credit_grosze), 0)::bigint from book_trial where book = $1"

# What the book holds of the topic whose events make no entry, so that no seal vouches for it.
OF_TRANSFERS = """
select topic, subject, source, id, booked_on, amounts from book_postings where book = $1 and topic = $2
"""

SUB_ACCOUNTS_JSON: Final = msgspec.json.encode(
    {component: account.value for component, account in SUB_ACCOUNTS.items()}
).decode()


@dataclass(frozen=True, slots=True)
class Posted:
    """The postings of an event as stored: the day, and account -> grosze."""

    booked_on: date
    amounts: dict[str, int]


async def faulty_postings(tx: Connection, book: int) -> list[str]:
    """Postings that are not what their entries make, at most 100 of each kind, in words."""
    wrong = await tx.fetch(FAULTY_POSTINGS, book, SUB_ACCOUNTS_JSON, FAULTS_LISTED, timeout=STATEMENT_SECONDS)
    stray = await tx.fetch(STRAY_POSTINGS, book, TRANSFERS, FAULTS_LISTED, timeout=STATEMENT_SECONDS)
    return [
        *(f"postings of entry {row['id']} of lease {row['lease_id']} ({row['topic']}) were altered" for row in wrong),
        *(f"postings of {row['id']} of lease {row['subject']} ({row['topic']}) belong to no entry" for row in stray),
    ]


async def faulty_trial(tx: Connection, book: int) -> list[str]:
    """Accounts whose trial balance is not the sum of their postings, and a trial balance that is not zero, in words."""
    rows = await tx.fetch(FAULTY_TRIAL, book, FAULTS_LISTED, timeout=STATEMENT_SECONDS)
    faults = [f"account {row['account']}: its trial balance is not the sum of its postings" for row in rows]
    difference = await tx.fetchval(TRIAL_SUM, book)
    return [*faults, f"the trial balance is {difference}, not zero"] if difference else faults


async def of_transfers(tx: Connection, book: int) -> dict[EventKey, Posted]:
    """The postings of every event of `iok.transfers` in `book`."""
    rows = await tx.fetch(OF_TRANSFERS, book, TRANSFERS, timeout=STATEMENT_SECONDS)
    return {
        (row["topic"], row["subject"], row["source"], str(row["id"])): Posted(
            row["booked_on"], msgspec.json.decode(row["amounts"], type=dict[str, int])
        )
        for row in rows
    }
