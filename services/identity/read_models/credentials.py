"""What opens an account: the holder's own password, or a letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from libs.chassis.postgres import Connection, Row

# What opens an account, by its login as compared or by its id (the other one null).
OPENING = """
select a.account_id, a.login, a.opened_on is not null and a.closed_on is null as may_sign_in, c.password_hash,
    l.letter_id, l.password_hash as letter_hash, l.expires_on, p.given_name, p.family_name,
    array(select role from staff_roles r where r.account_id = a.account_id order by role) as roles
from accounts a
left join credentials c using (account_id)
left join letters l on l.account_id = a.account_id and l.state = 'open'
left join people p using (person_id)
where a.login_key = $1 or a.account_id = $2
"""

# One change of an account at a time. The lock ends with the transaction.
LOCK = "select pg_advisory_xact_lock(hashtextextended('iok-account/' || $1, 0))"

# The hash of a letter, whatever became of the letter.
LETTER_HASH = "select password_hash from letters where letter_id = $1"

USE_LETTER = "update letters set state = 'used', settled_at = $2 where letter_id = $1 and state = 'open'"
VOID_LETTERS = """
update letters set state = 'void', settled_at = $2 where account_id = any($1::text[]) and state = 'open'
"""
ADD_LETTERS = """
insert into letters (letter_id, account_id, password_hash, issued_at, expires_on)
select *, $4::timestamptz, $5::date from unnest($1::text[], $2::text[], $3::bytea[])
"""
REPLACE_OWN = """
insert into credentials (account_id, password_hash, changed_at) values ($1, $2, $3)
on conflict (account_id) do update set password_hash = excluded.password_hash, changed_at = excluded.changed_at
"""


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """A letter that was not used nor replaced; whether it is still valid today is for the caller to ask."""

    letter_id: str
    password_hash: bytes
    expires_on: date


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens an account, and for whom."""

    account_id: str
    login: str
    may_sign_in: bool
    password_hash: str | None
    letter: OpenLetter | None
    roles: tuple[str, ...]
    owner_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter to write down."""

    letter_id: str
    account_id: str
    password_hash: bytes


async def of_login(tx: Connection, login_key: str) -> Opening | None:
    """What opens the account of a login (as compared), or None when there is no such account."""
    return _opening(await tx.fetchrow(OPENING, login_key, None))


async def of_account(tx: Connection, account_id: str) -> Opening | None:
    """What opens an account."""
    return _opening(await tx.fetchrow(OPENING, None, account_id))


async def lock(tx: Connection, account_id: str) -> None:
    """Wait until no other transaction changes what opens this account, and keep others waiting."""
    await tx.execute(LOCK, account_id)


def _opening(row: Row | None) -> Opening | None:
    if row is None:
        return None
    letter = None
    if row["letter_id"] is not None:
        letter = OpenLetter(row["letter_id"], bytes(row["letter_hash"]), row["expires_on"])
    words = (row["login"], row["given_name"], row["family_name"])
    return Opening(
        account_id=row["account_id"],
        login=row["login"],
        may_sign_in=row["may_sign_in"],
        password_hash=row["password_hash"],
        letter=letter,
        roles=tuple(row["roles"]),
        owner_words=tuple(word for word in words if word),
    )


async def letter_hash(tx: Connection, letter_id: str) -> bytes:
    """The keyed hash of a letter, used or not."""
    return bytes(await tx.fetchval(LETTER_HASH, letter_id))


async def use_letter(tx: Connection, letter_id: str, now: datetime) -> bool:
    """Use a letter; False when it was used or replaced before."""
    done = await tx.execute(USE_LETTER, letter_id, now)
    return done == "UPDATE 1"


async def replace_letters(tx: Connection, letters: Sequence[NewLetter], now: datetime, expires_on: date) -> None:
    """Write new letters down; those before them are void."""
    await void_letters(tx, [letter.account_id for letter in letters], now)
    await tx.execute(
        ADD_LETTERS,
        [letter.letter_id for letter in letters],
        [letter.account_id for letter in letters],
        [letter.password_hash for letter in letters],
        now,
        expires_on,
    )


async def void_letters(tx: Connection, account_ids: Sequence[str], now: datetime) -> None:
    """Make the open letters of accounts void."""
    await tx.execute(VOID_LETTERS, account_ids, now)


async def set_password(tx: Connection, account_id: str, password_hash: str, now: datetime) -> None:
    """Put a password of the holder's own in the place of the one before."""
    await tx.execute(REPLACE_OWN, account_id, password_hash, now)
