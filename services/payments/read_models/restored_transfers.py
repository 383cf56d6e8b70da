"""Transfers as their events tell them: after a restore from Kafka, where nobody's name is. A statement tells the rest.

The events of one transfer lie on several streams and come in any order, so a row is made by whichever comes first, and
whose the transfer is follows from all of its creditings there are.
"""

from datetime import date
from typing import TypeAlias, assert_never

from libs.chassis.postgres import Connection
from libs.events.payments import (
    SettlementReceived,
    TransferCredited,
    TransferReceived,
    TransferReturned,
    TransferUncredited,
)
from services.payments.domain.transfer import TransferStatus

OfTransfer: TypeAlias = TransferReceived | TransferCredited | TransferUncredited | TransferReturned | SettlementReceived

# A transfer that is not known yet: the money only.
MAKE = """
insert into transfers (transfer_id, line, our_account, statement_ref, booked_on, amount_grosze, bank_reference,
    payer_name, payer_account, title, status)
values ($1, 0, '', '', $2, $3, '', '', '', '', $4) on conflict do nothing
"""

# Where it came in, as its own event tells.
PLACE = """
update transfers set our_account = $2, statement_ref = $3, booked_on = $4 where transfer_id = $1 and file_id is null
"""

END = "update transfers set status = $2, lease_id = null, reason = null where transfer_id = $1"

# To whom it is credited by all events there are: a lease with one crediting more than takings off. Restores are rare,
# and events are not indexed by what they say: each of the two kinds is searched.
CREDITINGS = """
select subject, count(*) filter (where event_type = 'iok.TransferCredited.v1') as credited,
    count(*) filter (where event_type = 'iok.TransferUncredited.v1') as uncredited
from events
where topic = 'iok.payments' and event_type in ('iok.TransferCredited.v1', 'iok.TransferUncredited.v1')
    and convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'transfer_id' = $1
group by subject order by subject
"""
CREDIT = """
update transfers set credits = $3, reason = null,
    lease_id = case when status in ('to_clarify', 'credited') then $2 end,
    status = case
        when status not in ('to_clarify', 'credited') then status
        when $2::text is null then 'to_clarify' else 'credited'
    end
where transfer_id = $1
"""


async def follow(tx: Connection, event: OfTransfer) -> None:
    """Write the transfer as the events restored so far make it."""
    transfer_id = event.transfer_id
    match event:
        case TransferReceived():
            await _make(tx, event, event.booked_on)
            await tx.execute(PLACE, transfer_id, event.our_account, event.statement_ref, event.booked_on)
        case SettlementReceived():
            await _make(tx, event, event.booked_on, TransferStatus.SETTLED)
        case TransferReturned():
            await _make(tx, event, event.returned_on)
            await tx.execute(END, transfer_id, TransferStatus.RETURNED)
        case TransferCredited():
            await _make(tx, event, event.paid_on)
            await _credit(tx, transfer_id)
        case TransferUncredited():
            await _make(tx, event, event.uncredited_on)
            await _credit(tx, transfer_id)
        case _:
            assert_never(event)


async def _make(
    tx: Connection, event: OfTransfer, day: date, status: TransferStatus = TransferStatus.TO_CLARIFY
) -> None:
    await tx.execute(MAKE, event.transfer_id, day, event.amount_grosze, status)


async def _credit(tx: Connection, transfer_id: str) -> None:
    rows = await tx.fetch(CREDITINGS, transfer_id)
    owners = [row["subject"] for row in rows if row["credited"] > row["uncredited"]]
    credits_ = sum(row["credited"] for row in rows)
    await tx.execute(CREDIT, transfer_id, owners[-1] if owners else None, credits_)
