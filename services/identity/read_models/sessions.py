"""Sessions now alive, and who holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.chassis.postgres import Connection
from services.identity.domain.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS, Span

START = """
insert into sessions (token_sha256, account_id, letter_id, started_at, last_used_at, sealed_sign_in)
values ($1, $2, $3, $4, $4, $5)
"""

# A session and its holder.
FIND = """
select s.account_id, s.letter_id, s.started_at, s.last_used_at, a.login, a.person_id,
    coalesce(p.given_name || ' ' || p.family_name, a.name, a.login) as display_name,
    array(select role from staff_roles r where r.account_id = s.account_id order by role) as roles
from sessions s
join accounts a using (account_id)
left join people p using (person_id)
where s.token_sha256 = $1 and a.closed_on is null
"""
TOUCH = "update sessions set last_used_at = greatest(last_used_at, $2) where token_sha256 = $1"
END = "delete from sessions where token_sha256 = $1 returning account_id, sealed_sign_in"
END_OF_ACCOUNTS = "delete from sessions where $1::text[] is null or account_id = any($1)"
FORGET_DEAD = "delete from sessions where last_used_at <= $1 or started_at <= $2"


@dataclass(frozen=True, slots=True)
class Session:
    """A session and its holder; `letter_id` is there while the holder must still choose a password."""

    account_id: str
    person_id: str | None
    login: str
    display_name: str
    roles: tuple[str, ...]
    letter_id: str | None
    span: Span

    @property
    def must_change_password(self) -> bool:
        """Whether the session is for choosing a password and nothing else."""
        return self.letter_id is not None


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that is over; `sealed_sign_in`: by what to end it at login.gov.pl too, if it began there."""

    account_id: str
    sealed_sign_in: bytes | None


async def start(
    tx: Connection,
    token_sha256: bytes,
    account_id: str,
    now: datetime,
    letter_id: str | None = None,
    *,
    sealed_sign_in: bytes | None = None,
) -> None:
    """Write a new session down."""
    await tx.execute(START, token_sha256, account_id, letter_id, now, sealed_sign_in)


async def find(tx: Connection, token_sha256: bytes) -> Session | None:
    """A session by the hash of its token, also one that is over but not forgotten yet; None without one."""
    row = await tx.fetchrow(FIND, token_sha256)
    if row is None:
        return None
    return Session(
        account_id=row["account_id"],
        person_id=row["person_id"],
        login=row["login"],
        display_name=row["display_name"],
        roles=tuple(row["roles"]),
        letter_id=row["letter_id"],
        span=Span(row["started_at"], row["last_used_at"]),
    )


async def touch(tx: Connection, token_sha256: bytes, now: datetime) -> None:
    """Note that a session was used."""
    await tx.execute(TOUCH, token_sha256, now)


async def end(tx: Connection, token_sha256: bytes) -> Ended | None:
    """End a session; gives what it was, or None when there was none."""
    row = await tx.fetchrow(END, token_sha256)
    return Ended(row["account_id"], row["sealed_sign_in"]) if row else None


async def end_of_accounts(tx: Connection, account_ids: Sequence[str] | None) -> int:
    """End every session of accounts (None: of all); gives how many."""
    return _count(await tx.execute(END_OF_ACCOUNTS, account_ids))


async def forget_dead(tx: Connection, now: datetime) -> int:
    """Drop sessions that are over; gives how many."""
    idle, absolute = timedelta(seconds=IDLE_SECONDS), timedelta(seconds=ABSOLUTE_SECONDS)
    return _count(await tx.execute(FORGET_DEAD, now - idle, now - absolute))


def _count(status: str) -> int:
    """How many rows PostgreSQL says it deleted (`DELETE 3`)."""
    return int(status.rpartition(" ")[2])
