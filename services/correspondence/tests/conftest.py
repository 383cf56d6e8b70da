"""The service on a real database, asked over HTTP; identity is a small real server that knows one session."""

import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from aiohttp import web

from libs.chassis.auth import Principal, TokenSigner
from libs.chassis.runtime import Parts
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from services.correspondence.app import build
from services.correspondence.settings import Settings

SESSION = "s" * 43  # the opaque session token of the clerk
TENANT = Principal("a1", leases={"L1": "tenant"})
OTHER_TENANT = Principal("a2", leases={"L1": "co_tenant", "L2": "tenant"})
CLERK = Principal("s1", frozenset({"clerk"}))
ACCOUNTANT = Principal("s2", frozenset({"accountant"}))

Json = dict[str, Any]


@dataclass
class Identity:
    """Knows the session of one staff member."""

    signer: TokenSigner
    staff: Principal = CLERK
    url: str = ""

    async def tokens(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {SESSION}":
            return web.json_response({}, status=401)
        return web.json_response({"tokens": {"correspondence": self.signer.issue("correspondence", self.staff)}})

    async def sign_in(self, _: web.Request) -> web.Response:
        return web.json_response({"token": SESSION, "must_change_password": False}, status=201)

    async def directory(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["account_ids"]
        known = {"a1": "Anna Żak", "s1": "clerk", "s2": "grażyna"}
        staff = [{"account_id": one, "name": known[one]} for one in ("s1", "s2")]
        return web.json_response({"names": {one: known[one] for one in wanted if one in known}, "staff": staff})

    async def search(self, request: web.Request) -> web.Response:
        """Know one tenant by a name, and one lease by its address."""
        words = (await request.json())["text"].split()
        accounts = {"a1": [word for word in words if word.lower() in "anna żak"]}
        leases = {"L2": [word for word in words if word.lower() in "ul. lipowa 7"]}
        return web.json_response({"accounts": accounts, "leases": leases, "complete": words != ["a"]})


@pytest.fixture
async def identity() -> AsyncIterator[Identity]:
    known = Identity(TokenSigner(base64.b64encode(b"\x07" * 32).decode()))
    application = web.Application()
    application.router.add_post("/sessions/tokens", known.tokens)
    application.router.add_post("/sessions", known.sign_in)
    application.router.add_post("/directory", known.directory)
    application.router.add_post("/directory/search", known.search)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    known.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield known
    await runner.cleanup()


@dataclass
class House:
    """The running service, with hands to ask it."""

    client: httpx.AsyncClient
    parts: Parts
    signer: TokenSigner
    database: ServiceDatabase
    keys: int = field(default=0)

    def bearer(self, who: Principal) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.signer.issue('correspondence', who)}"}

    async def get(self, path: str, who: Principal = TENANT, **params: str | int) -> httpx.Response:
        return await self.client.get(path, params=params, headers=self.bearer(who))

    async def post(self, path: str, body: Json, who: Principal = TENANT, key: str | None = None) -> httpx.Response:
        self.keys += 1
        headers = {**self.bearer(who), "Idempotency-Key": key or f"key-{self.keys}"}
        return await self.client.post(path, json=body, headers=headers)

    async def open(self, who: Principal = TENANT, **changes: object) -> str:
        body = {"matter_type_id": "general", "title": "Cieknie kran", "text": "Proszę o pomoc.", **changes}
        answer = await self.post("/matters", body, who)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["matter_id"])

    async def reply(self, matter_id: str, text: str = "Przyjdziemy jutro.", **more: object) -> None:
        answer = await self.post(f"/inbox/{matter_id}/messages", {"text": text, **more}, CLERK)
        assert answer.status_code == 201, answer.text

    async def thread(self, matter_id: str, who: Principal = TENANT) -> Json:
        answer = await self.get(f"/matters/{matter_id}", who)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    async def value(self, sql: str, *arguments: object) -> Any:
        """Ask the database as its superuser."""
        connection = await asyncpg.connect(self.database.admin_dsn)
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await connection.close()


async def running(settings: Settings, signer: TokenSigner, database: ServiceDatabase) -> AsyncIterator[House]:
    parts = await build(settings)
    transport = httpx.ASGITransport(parts.app())
    async with (
        parts.app().router.lifespan_context(parts.app()),
        httpx.AsyncClient(transport=transport, base_url="http://correspondence") as client,
    ):
        house = House(client, parts, signer, database)

        async def types_are_there() -> bool:
            return bool((await house.get("/matter-types")).json()["items"])

        await eventually(types_are_there, what="the kinds of matter")
        yield house
    assert parts.database
    await parts.database.close()


def settings_of(database: ServiceDatabase, identity: Identity, **more: object) -> Settings:
    return Settings.model_validate(
        {
            "database_url": database.service_dsn,
            "identity_url": identity.url,
            "token_public_keys": (identity.signer.public_key,),
            **more,
        }
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder of attached files."""
    return tmp_path / "files"


@pytest.fixture
async def house(
    service_database: Callable[..., ServiceDatabase], identity: Identity, files: Path
) -> AsyncIterator[House]:
    database = service_database("correspondence")
    async for one in running(settings_of(database, identity, files=str(files)), identity.signer, database):
        yield one


@pytest.fixture
async def house_with_kafka(
    service_database: Callable[..., ServiceDatabase], identity: Identity, topics: TopicSpace, files: Path
) -> AsyncIterator[House]:
    database = service_database("correspondence")
    kafka = topics.kafka.model_dump()
    more = {f"kafka_{name}": value for name, value in kafka.items()}
    settings = settings_of(database, identity, files=str(files), **more)
    async for one in running(settings, identity.signer, database):
        yield one
