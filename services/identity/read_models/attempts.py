"""Attempts to sign in, by keyed hash of the login typed and of the client's address; known and unknown logins alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from libs.chassis.postgres import Connection
from services.identity.domain.throttling import PER_ADDRESS, PER_LOGIN, Attempts, Policy, attempt, taken_back

# Both rows exist and are locked, always address before login, so that nobody waits in a ring. The empty update is what
# locks a row that was there: without it, whoever forgets old attempts could take it away before it is read.
PREPARE = """
insert into attempts (scope, subject_hash) values ('address', $1), ('login', $2)
on conflict (scope, subject_hash) do update set count = attempts.count
"""
READ = """
select scope, count, last_at, blocked_until from attempts
where (scope = 'address' and subject_hash = $1) or (scope = 'login' and subject_hash = $2)
order by scope
"""
WRITE = "update attempts set count = $3, last_at = $4, blocked_until = $5 where scope = $1 and subject_hash = $2"
FORGET_LOGINS = "delete from attempts where scope = 'login' and subject_hash = any($1::bytea[])"
FORGET_OLD = "delete from attempts where last_at <= $1 or last_at is null"

POLICIES: Final[dict[str, Policy]] = {"address": PER_ADDRESS, "login": PER_LOGIN}


@dataclass(frozen=True, slots=True)
class Subject:
    """Who tries: the keyed hashes of the client's address and of the login typed."""

    address_hash: bytes
    login_hash: bytes


async def count(tx: Connection, subject: Subject, now: datetime) -> Attempts | None:
    """Count an attempt before it is looked at; gives the login's attempts, or None when one of the two must wait."""
    held = await _locked(tx, subject)
    counted = {scope: attempt(POLICIES[scope], attempts, now) for scope, attempts in held.items()}
    for scope, hashed in _rows(subject):
        after = counted[scope]
        if after is None:
            return None
        await tx.execute(WRITE, scope, hashed, after.count, after.last_at, after.blocked_until)
    return counted["login"]


async def succeeded(tx: Connection, subject: Subject) -> None:
    """Forget the login's attempts after a success, and take the one of the address back."""
    held = await _locked(tx, subject)
    after = {"address": taken_back(held["address"]), "login": Attempts(0, held["login"].last_at)}
    for scope, hashed in _rows(subject):
        await tx.execute(WRITE, scope, hashed, after[scope].count, after[scope].last_at, after[scope].blocked_until)


async def _locked(tx: Connection, subject: Subject) -> dict[str, Attempts]:
    await tx.execute(PREPARE, subject.address_hash, subject.login_hash)
    rows = await tx.fetch(READ, subject.address_hash, subject.login_hash)
    return {row["scope"]: Attempts(row["count"], row["last_at"], row["blocked_until"]) for row in rows}


def _rows(subject: Subject) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    return ("address", subject.address_hash), ("login", subject.login_hash)


async def forget_logins(tx: Connection, login_hashes: list[bytes]) -> None:
    """Forget the attempts on logins, so that they may be tried at once."""
    await tx.execute(FORGET_LOGINS, login_hashes)


async def forget_old(tx: Connection, now: datetime) -> None:
    """Drop what no policy remembers any more."""
    longest = max(policy.forget_after_seconds for policy in POLICIES.values())
    await tx.execute(FORGET_OLD, now - timedelta(seconds=longest))
