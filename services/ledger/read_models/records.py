"""Accepted records of company systems, byte for byte: with them the topics can be filled again when Kafka was lost."""

from collections.abc import Sequence

from libs.chassis.kept_records import headers_as_json
from libs.chassis.postgres import Connection
from services.ledger.domain import Arrival

KEEP = """
insert into records (topic, subject, source, event_id, value, headers)
select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::jsonb[])
on conflict (topic, subject, source, event_id) do nothing
"""

# The records again, in the order in which they were accepted: a statement for the chassis's `republish`.
QUEUE_AGAIN = """
with chosen as (
    select position, topic, subject, value from records where position > $1 order by position limit $2
), queued as (
    insert into outbox (topic, key, body) select topic, subject, value from chosen order by position
)
select count(*) as queued, coalesce(max(position), $1) as last from chosen
"""


async def keep(tx: Connection, accepted: Sequence[tuple[Arrival, bytes, Sequence[tuple[str, bytes]]]]) -> None:
    """Keep records (arrival, value, headers) of company systems, in the transaction that takes them."""
    if not accepted:
        return
    await tx.execute(
        KEEP,
        *[[arrival.key[n] for arrival, _, _ in accepted] for n in range(4)],
        [value for _, value, _ in accepted],
        [headers_as_json(headers) for _, _, headers in accepted],
    )
