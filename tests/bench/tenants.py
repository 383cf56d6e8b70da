"""Tenants who are signed in at a gateway with real services behind it: what P5 and P11 ask."""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg

from libs.chassis.auth import Principal, TokenSigner
from libs.chassis.testing import ServiceDatabase
from services.identity.domain.sessions import token_hash
from services.ledger.app import projector
from services.ledger.read_models import books
from tests.bench.book_events import lease_id, records
from tests.bench.books import empty_shelf
from tests.bench.workshop import Workshop

TENANTS = 64
MONTHS = 24
EVENTS = TENANTS * (1 + 3 * MONTHS)  # a lease, then three events a month, of which two are entries

PEOPLE = """
insert into people (person_id, given_name, family_name, content_hash, imported_at)
select p, 'Anna', 'Kowalska', '\\x00', now() from unnest($1::text[]) as p
"""
ACCOUNTS = """
insert into accounts (account_id, person_id, login, login_key, opened_on)
select a, p, upper(a), a, '2020-01-01' from unnest($1::text[], $2::text[]) as g (a, p)
"""
LEASES = """
insert into leases (lease_id, source, signed, number, address, version, changed)
select l, 'erp', true, l, 'ul. Długa 1', 1, false from unnest($1::text[]) as l
"""
PARTIES = """
insert into lease_parties (lease_id, person_id, role)
select l, p, 'tenant' from unnest($1::text[], $2::text[]) as g (l, p)
"""
SESSIONS = """
insert into sessions (token_sha256, account_id, started_at, last_used_at)
select t, a, $3, $3 from unnest($1::bytea[], $2::text[]) as g (t, a)
"""
PAYABLE = "insert into leases (lease_id, number, source) select unnest($1::text[]), 'U/1/2026', 'erp'"


@dataclass(frozen=True, slots=True)
class Tenants:
    """Where to ask, and as whom: the n-th session is that of the party of the n-th lease."""

    gateway_port: int
    ledger_port: int
    leases: list[str]
    sessions: list[str]
    signer: TokenSigner

    def ledger_token(self, n: int) -> str:
        """The n-th tenant's token for the ledger, as the gateway gets it from identity."""
        principal = Principal(f"account-{n}", leases={self.leases[n]: "tenant"})
        return self.signer.issue("ledger", principal)


async def tenants(shop: Workshop, *others: str) -> Tenants:
    """Start identity, ledger, `others` and the gateway, each a process; every tenant has two years of charges."""
    leases = [lease_id(n) for n in range(TENANTS)]
    seed = base64.b64encode(secrets.token_bytes(32)).decode()
    signer = TokenSigner(seed)
    topics = await shop.topics()
    common = topics.environment() | {"IOK_TOKEN_PUBLIC_KEYS": signer.public_key}
    urls = {"ledger": await _ledger(shop, common)}
    identity = await shop.database("identity")
    sessions = await _signed_in(identity, leases)
    keys = {"IOK_IDENTITY_SIGNING_KEY": seed, "IOK_IDENTITY_LETTER_KEY": base64.b64encode(bytes(32)).decode()}
    urls["identity"] = await shop.service("identity", "api", environment=common | identity.environment() | keys)
    for service in others:
        urls[service] = await _started(shop, service, common, leases)
    doors = {f"IOK_{service.upper()}_URL": url for service, url in urls.items()}
    gateway = await shop.service("gateway", "all", environment=common | doors)
    return Tenants(_port(gateway), _port(urls["ledger"]), leases, sessions, signer)


def _port(url: str) -> int:
    return urlsplit(url).port or 0


async def _ledger(shop: Workshop, common: dict[str, str]) -> str:
    """The address of a ledger's api over a live book of all tenants' entries."""
    on = await empty_shelf(shop)
    async with on.database.transaction() as tx:
        number = await books.make(tx, 0)
        await books.switch(tx, number, {}, by_operator=False)
    for log in records(TENANTS, EVENTS).values():
        async with on.database.transaction() as tx:
            await projector(on.settings).take(tx, number, log)
    return await shop.service("ledger", "api", environment=common | on.schema.environment())


async def _started(shop: Workshop, service: str, common: dict[str, str], leases: list[str]) -> str:
    database = await shop.database(service)
    if service == "payments":
        await _executed(database, PAYABLE, leases)
    return await shop.service(service, "api", environment=common | database.environment())


async def _signed_in(identity: ServiceDatabase, leases: list[str]) -> list[str]:
    """Write down accounts and sessions of the parties of `leases`; their opaque tokens."""
    people = [f"person-{n}" for n in range(len(leases))]
    accounts = [f"account-{n}" for n in range(len(leases))]
    tokens = [secrets.token_urlsafe(32) for _ in leases]
    await _executed(identity, PEOPLE, people)
    await _executed(identity, ACCOUNTS, accounts, people)
    await _executed(identity, LEASES, leases)
    await _executed(identity, PARTIES, leases, people)
    await _executed(identity, SESSIONS, [token_hash(token) for token in tokens], accounts, datetime.now(UTC))
    return tokens


async def _executed(database: ServiceDatabase, statement: str, *values: object) -> None:
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute(statement, *values)
    finally:
        await admin.close()
