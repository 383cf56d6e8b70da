"""Stand-ins for the panel's neighbours: an identity service that speaks HTTP, and a desk kept in memory."""

import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import httpx
from aiohttp import web
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from fastapi import FastAPI
from pydantic import SecretStr

from libs.chassis.auth import Principal, TokenSigner
from libs.chassis.http import create_app
from libs.chassis.kafka import Record
from libs.chassis.panel import Panel, PanelParts, Section, mount
from libs.chassis.projection import AlreadyDecidedError, Decision, DeskRecord, NotOnDeskError, SetAside
from libs.chassis.projection.decisions import Deed
from libs.chassis.settings import ServiceSettings

SIGNER = TokenSigner(base64.b64encode(bytes(range(32))).decode())
PASSWORD = "correct horse battery staple"
BREAK_GLASS_PASSWORD = "for when identity is away"
BREAK_GLASS_HASH = Argon2id(salt=b"0" * 16, length=32, iterations=1, lanes=1, memory_cost=64).derive_phc_encoded(
    BREAK_GLASS_PASSWORD.encode()
)
NOWHERE = "http://127.0.0.1:9"
BASE = "http://panel.test"
REFUSED = SetAside(Record("iok.charges", "id", 3, 42, b"L-1", b"{}"), "still_bad", "as before")
NAMES = {"operator": "Ewa Sowa"}
ROLES = {
    "operator": ["operator"],
    "clerk": ["clerk"],
    "accountant": ["accountant"],
    "tenant": [],
    "newcomer": ["operator"],
}


class Identity:
    """Speaks identity's routes; the session token of `operator` is `token-operator`."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.exchanges = 0
        self.failing = False
        self.url = ""

    async def open_session(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert set(body) == {"login", "password", "client_ip"}
        if self.failing:
            return web.Response(status=503)
        if body["login"] not in ROLES or body["password"] != PASSWORD:
            return web.json_response({"title": "Nie udało się zalogować"}, status=401)
        answer = {
            "token": f"token-{body['login']}",
            "expires_at": "2030-01-01T00:00:00Z",
            "account_id": f"account-{body['login']}",
            "must_change_password": body["login"] == "newcomer",
            "roles": ROLES[body["login"]],
        }
        return web.json_response(answer, status=201)

    async def exchange(self, request: web.Request) -> web.Response:
        self.exchanges += 1
        token = request.headers["Authorization"].removeprefix("Bearer ")
        login = token.removeprefix("token-")
        if self.failing:
            return web.Response(status=503)
        if token in self.ended or login not in ROLES:
            return web.json_response({"title": "Wymagane zalogowanie"}, status=401)
        audiences = (await request.json())["audiences"]
        principal = Principal(f"account-{login}", frozenset(ROLES[login]), name=NAMES.get(login, ""))
        return web.json_response({"tokens": {audience: SIGNER.issue(audience, principal) for audience in audiences}})

    async def end_session(self, request: web.Request) -> web.Response:
        self.ended.append(request.headers["Authorization"].removeprefix("Bearer "))
        return web.Response(status=204)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Identity"]:
        app = web.Application()
        app.router.add_post("/sessions", self.open_session)
        app.router.add_post("/sessions/tokens", self.exchange)
        app.router.add_delete("/sessions", self.end_session)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield self
        await runner.cleanup()


def desk_record(number: int, reason: str = "unknown_version", replays: int = 0) -> DeskRecord:
    """A record as it lies on the desk, undecided."""
    at = datetime(2026, 11, 23, 12, 30, 15, tzinfo=UTC)
    return DeskRecord(number, "iok.charges", 3, 40 + number, "L-1", reason, "v9", at, "set_aside", replays, None, None)


class MemoryDesk:
    """A desk whose odd records can be booked and whose even ones are refused again."""

    def __init__(self, records: Sequence[DeskRecord], value: bytes | None = b"{}") -> None:
        self.records = {record.id: record for record in records}
        self.value = value
        self.noted: list[Decision] = []

    async def page(
        self, *, before_id: int | None, state: str | None, limit: int, search: str | None = None
    ) -> Sequence[DeskRecord]:
        found = [
            record
            for record in sorted(self.records.values(), key=lambda record: -record.id)
            if (before_id is None or record.id < before_id)
            and state in (None, record.state)
            and search in (None, record.key)
        ]
        return found[:limit]

    async def find(self, record_id: int) -> tuple[DeskRecord, bytes | None] | None:
        found = self.records.get(record_id)
        return None if found is None else (found, self.value)

    async def histogram(self) -> Mapping[str, int]:
        reasons = [record.reason for record in self.records.values() if record.state == "set_aside"]
        return {reason: reasons.count(reason) for reason in sorted(set(reasons))}

    async def counts(self) -> tuple[int, int]:
        return sum(record.state == "set_aside" for record in self.records.values()), len(self.records)

    async def waiting(self, *, reason: str | None, limit: int) -> Sequence[int]:
        found = [r.id for r in self.records.values() if r.state == "set_aside" and reason in (None, r.reason)]
        return found[:limit]

    async def in_order(self, record_ids: Sequence[int]) -> Sequence[int]:
        return [record_id for record_id in self.records if record_id in record_ids]

    async def decisions(self, *, record_id: int | None, before_id: int | None, limit: int) -> Sequence[Decision]:
        found = [each for each in self.noted if record_id in (None, each.record_id)]
        return [each for each in reversed(found) if before_id is None or each.id < before_id][:limit]

    async def dry_run(self, record_id: int) -> SetAside | None:
        self._open(record_id)
        return None if record_id % 2 else REFUSED

    async def replay(self, record_id: int, operator: str) -> SetAside | None:
        self._open(record_id)
        if record_id % 2:
            self._decide(record_id, "booked", operator, "replayed")
            self._note(record_id, operator, "replay", None, "booked")
            return None
        self._note(record_id, operator, "replay", None, "set_aside")
        return REFUSED

    async def discard(self, record_id: int, operator: str, reason: str) -> None:
        self._open(record_id)
        self._decide(record_id, "discarded", operator, reason)
        self._note(record_id, operator, "discard", reason, "discarded")

    def _open(self, record_id: int) -> None:
        if record_id not in self.records:
            raise NotOnDeskError(f"there is no record {record_id}")
        if self.records[record_id].state != "set_aside":
            raise AlreadyDecidedError(f"record {record_id} is {self.records[record_id].state} already")

    def _decide(self, record_id: int, state: str, operator: str, reason: str) -> None:
        record = self.records[record_id]
        self.records[record_id] = replace(record, state=state, decided_by=operator, decision_reason=reason)

    def _note(self, record_id: int, operator: str, deed: Deed, reason: str | None, outcome: str) -> None:
        refusal = "still_bad" if outcome == "set_aside" else None
        at = datetime(2026, 11, 23, 12, 30, 15, tzinfo=UTC)
        self.noted.append(Decision(record_id, operator, deed, reason, outcome, refusal, len(self.noted) + 1, at))


def app_with_panel(
    identity_url: str, desk: MemoryDesk | None = None, sections: Sequence[Section] = (), public_url: str = BASE
) -> tuple[FastAPI, Panel]:
    """A ledger's app with a panel and no database."""
    settings = ServiceSettings(
        identity_url=identity_url,
        public_url=public_url,
        token_public_keys=(SIGNER.public_key,),
        panel_password_hash=SecretStr(BREAK_GLASS_HASH),
    )
    app = create_app("ledger")
    return app, mount(app, PanelParts("ledger", settings, desk=desk, sections=sections))


def browser(app: FastAPI, token: str | None = None, cookie: str = "iok-panel-ledger") -> httpx.AsyncClient:
    """A browser at the app, signed in when a token is given."""
    transport = httpx.ASGITransport(app)
    cookies = {} if token is None else {cookie: token}
    return httpx.AsyncClient(transport=transport, base_url=BASE, cookies=cookies)


async def csrf_of(client: httpx.AsyncClient) -> str:
    """The panel's form token of whoever is signed in."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', (await client.get("/panel")).text)
    assert found is not None
    return found[1]
