"""Accounts and staff roles, following the service's own events; logins stand beside them, for no event carries one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import assert_never

import asyncpg

from libs.chassis.postgres import Connection
from libs.events.identity import (
    AccountClosed,
    AccountOpened,
    PasswordChanged,
    PasswordLetterIssued,
    PersonRegistered,
    SignInLocked,
    StaffRoleGranted,
    StaffRoleRevoked,
    TrustedProfileLinked,
    TrustedProfileUnlinked,
)
from services.identity.domain.accounts import Event
from services.identity.domain.people import fold_login

# New accounts, many at once, not open yet.
ADD = """
insert into accounts (account_id, person_id, login, login_key, name)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
"""
OPEN = "update accounts set opened_on = $2 where account_id = $1"
CALL = "update accounts set name = $2 where account_id = $1"
CLOSE = "update accounts set closed_on = $2 where account_id = $1"
GRANT_ROLE = "insert into staff_roles (account_id, role) values ($1, $2) on conflict do nothing"
REVOKE_ROLE = "delete from staff_roles where account_id = $1 and role = $2"

IS_HERE = "select exists (select from accounts where account_id = $1)"

# Whose these logins are (person null: a staff member's).
TAKEN = "select login_key, account_id, person_id from accounts where login_key = any($1::text[])"

# Tenants to write to, all or chosen, with the address of their first lease that has not ended, or else of any.
TO_WRITE_TO = """
select a.account_id, a.person_id, a.login, p.given_name || ' ' || p.family_name as full_name, l.address
from accounts a
join people p using (person_id)
left join lateral (
    select address from leases join lease_parties using (lease_id)
    where lease_parties.person_id = a.person_id and signed
    order by ended_on is not null, lease_id limit 1
) l on true
where a.closed_on is null and ($1::text[] is null or a.person_id = any($1))
order by a.person_id
"""

# Those of them whom no letter and no password of their own lets in today.
WAITING = """
select a.person_id from accounts a
where a.person_id is not null and a.closed_on is null
    and not exists (select from credentials c where c.account_id = a.account_id)
    and not exists (
        select from letters l where l.account_id = a.account_id and l.state = 'open' and l.expires_on >= $1
    )
"""


class LoginTakenError(Exception):
    """A login, or the account of a person, came to be while it was being added."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to write down; `person_id` None for a staff member's."""

    account_id: str
    person_id: str | None
    login: str
    name: str | None = None
    """Of staff, as colleagues know them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Whose a login is."""

    account_id: str
    person_id: str | None


@dataclass(frozen=True, slots=True)
class Addressee:
    """A tenant to write to; `address` None while no signed lease of theirs is known."""

    account_id: str
    person_id: str
    login: str
    full_name: str
    address: str | None


async def add(tx: Connection, accounts: Sequence[NewAccount]) -> None:
    """Write new accounts down, with the logins that no event carries.

    Raises:
        LoginTakenError: somebody else was quicker; the transaction is lost.
    """
    try:
        await tx.execute(
            ADD,
            [account.account_id for account in accounts],
            [account.person_id for account in accounts],
            [account.login for account in accounts],
            [fold_login(account.login) for account in accounts],
            [account.name for account in accounts],
        )
    except asyncpg.UniqueViolationError:
        raise LoginTakenError(
            "a login was taken meanwhile: run it again"
        ) from None  # PostgreSQL's text names the login


async def call(tx: Connection, account_id: str, name: str) -> None:
    """Write down how colleagues know a member of the staff."""
    await tx.execute(CALL, account_id, name)


async def project(tx: Connection, events: Sequence[Event]) -> None:
    """Follow events of accounts that `add` wrote down, in the transaction that appends them."""
    for event in events:
        match event:
            case AccountOpened():
                await tx.execute(OPEN, event.account_id, event.opened_on)
            case AccountClosed():
                await tx.execute(CLOSE, event.account_id, event.closed_on)
            case StaffRoleGranted():
                await tx.execute(GRANT_ROLE, event.account_id, event.role)
            case StaffRoleRevoked():
                await tx.execute(REVOKE_ROLE, event.account_id, event.role)
            case PersonRegistered() | PasswordLetterIssued() | PasswordChanged() | SignInLocked():
                pass  # nothing of these stands in this table
            case TrustedProfileLinked() | TrustedProfileUnlinked():
                pass
            case _:
                assert_never(event)


async def is_here(tx: Connection, account_id: str) -> bool:
    """Whether an account stands in the table."""
    found: bool = await tx.fetchval(IS_HERE, account_id)
    return found


async def taken(tx: Connection, login_keys: Sequence[str]) -> dict[str, Taken]:
    """Login as compared -> whose it is, for those that are taken."""
    rows = await tx.fetch(TAKEN, login_keys)
    return {row["login_key"]: Taken(row["account_id"], row["person_id"]) for row in rows}


async def addressees(tx: Connection, person_ids: Sequence[str] | None) -> list[Addressee]:
    """Tenants to write to, by person id; None: all."""
    return [Addressee(**row) for row in await tx.fetch(TO_WRITE_TO, person_ids)]


async def waiting(tx: Connection, today: date) -> list[str]:
    """Ids of the people who have neither a password of their own nor a letter valid on a day (in Warsaw)."""
    return [row["person_id"] for row in await tx.fetch(WAITING, today)]
