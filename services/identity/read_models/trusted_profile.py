"""Sign-ins by Profil Zaufany under way, and who may be meant by a PESEL."""

from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection
from services.identity.domain.trusted_profile.names import FullName
from services.identity.domain.trusted_profile.requests import Request

# A sign-in just begun.
ADD = """
insert into trusted_profile_requests (request_id, relay_sha256, browser_sha256, address_hash, back, begun_at)
values ($1, $2, $3, $4, $5, $6)
"""

# How many are under way: from one client's address, and in all.
COUNT_BEGUN = """
select count(*) filter (where address_hash = $1) as at_address, count(*) as in_all
from trusted_profile_requests where begun_at > $2 and used_at is null
"""

# A sign-in, so that nobody else takes it on at the same time.
LOCKED = """
select request_id, browser_sha256, begun_at, artifact, used_at is not null as used, back
from trusted_profile_requests where relay_sha256 = $1 for update
"""
KEEP_ARTIFACT = "update trusted_profile_requests set artifact = $2 where request_id = $1"
NOTE_USED = "update trusted_profile_requests set used_at = $2, artifact = null where request_id = $1"
FORGET_OLD = "delete from trusted_profile_requests where begun_at <= $1"

# The people with a PESEL, with their accounts: ordinarily one, or none.
CANDIDATES = """
select a.account_id, p.person_id, p.given_name, p.family_name, a.closed_on is not null as closed
from people p join accounts a using (person_id) where p.pesel_hash = $1 order by p.person_id
"""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A sign-in to write down; secrets as their SHA-256, the client's address as its keyed hash."""

    request_id: str
    relay_sha256: bytes
    browser_sha256: bytes
    address_hash: bytes
    back: str


@dataclass(frozen=True, slots=True)
class Found:
    """A sign-in under way, and where its beginner wanted to go."""

    request: Request
    back: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be meant."""

    account_id: str
    person_id: str
    name: FullName
    closed: bool


async def add(tx: Connection, request: NewRequest, now: datetime) -> None:
    """Write a sign-in down."""
    secrets = (request.relay_sha256, request.browser_sha256, request.address_hash)
    await tx.execute(ADD, request.request_id, *secrets, request.back, now)


async def count_begun(tx: Connection, address_hash: bytes, since: datetime) -> tuple[int, int]:
    """How many sign-ins were begun since a moment and are not used: from one address, and in all."""
    row = await tx.fetchrow(COUNT_BEGUN, address_hash, since)
    return (row["at_address"], row["in_all"]) if row else (0, 0)


async def locked(tx: Connection, relay_sha256: bytes) -> Found | None:
    """A sign-in by its relay state, locked until the transaction ends; None without one."""
    row = await tx.fetchrow(LOCKED, relay_sha256)
    if row is None:
        return None
    request = Request(row["request_id"], bytes(row["browser_sha256"]), row["begun_at"], row["artifact"], row["used"])
    return Found(request, row["back"])


async def keep_artifact(tx: Connection, request_id: str, artifact: str) -> None:
    """Keep the artifact of a sign-in."""
    await tx.execute(KEEP_ARTIFACT, request_id, artifact)


async def note_used(tx: Connection, request_id: str, now: datetime) -> None:
    """Note that a sign-in was used; its artifact is not needed any more."""
    await tx.execute(NOTE_USED, request_id, now)


async def forget_old(tx: Connection, before: datetime) -> None:
    """Drop sign-ins begun before a moment."""
    await tx.execute(FORGET_OLD, before)


async def candidates(tx: Connection, pesel_hash: bytes) -> list[Candidate]:
    """The people with this PESEL, by its keyed hash."""
    return [
        Candidate(row["account_id"], row["person_id"], FullName(row["given_name"], row["family_name"]), row["closed"])
        for row in await tx.fetch(CANDIDATES, pesel_hash)
    ]
