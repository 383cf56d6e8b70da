"""The audit log: who did what, when, by opaque ids; no name, login, address or number ever enters it."""

from datetime import datetime
from enum import StrEnum

from libs.chassis.logs import CORRELATION_ID
from libs.chassis.postgres import Connection

NOTE = "insert into audit_log (at, action, account_id, detail, correlation_id) values ($1, $2, $3, $4, $5)"
COUNTS = "select action, count(*) as times from audit_log where at >= $1 group by action order by action"


class Action(StrEnum):
    """What is worth a line."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    TRUSTED_PROFILE_REFUSED = "trusted_profile_refused"
    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a name of an action
    PEOPLE_IMPORTED = "people_imported"
    LETTER_ISSUED = "letter_issued"
    STAFF_ADDED = "staff_added"
    ROLE_GRANTED = "role_granted"
    SESSIONS_ENDED = "sessions_ended"


async def note(tx: Connection, now: datetime, action: Action, account_id: str | None, detail: str = "") -> None:
    """Add a line, in the transaction of what it tells; `detail` is a word of ours, never what people typed."""
    await tx.execute(NOTE, now, action.value, account_id, detail, CORRELATION_ID.get())


async def counts(tx: Connection, since: datetime) -> dict[str, int]:
    """Action -> how many times since a moment, for the panel."""
    return {row["action"]: row["times"] for row in await tx.fetch(COUNTS, since)}
