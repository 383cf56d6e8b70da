"""Stand-ins for the other services: real HTTP servers on loopback that answer what the plan of their doors says.

Each one can be told to be away (it answers 503) or slow (it answers after the gateway has given up).
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from aiohttp import web

from services.gateway.tests import company
from services.gateway.tests.fake_files import files, problem

Answer = tuple[int, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOST_SECONDS = 30.0


@dataclass
class Fake:
    """One service: its address, its mood, and every request it got."""

    name: str
    url: str = ""
    away: bool = False
    refuses_tokens: bool = False
    slow: bool = False
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    runner: web.AppRunner | None = None

    def calls(self, method: str, path_end: str) -> list[tuple[str, str, dict[str, str], bytes]]:
        """The requests of one route."""
        return [call for call in self.asked if call[0] == method and call[1].endswith(path_end)]

    async def start(self, routes: list[web.RouteDef]) -> None:
        """Serve the routes on a free port."""

        @web.middleware
        async def mood(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._mood(request, handler)

        app = web.Application(middlewares=[mood])
        app.add_routes(routes)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop serving: from now on the connection is refused."""
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    async def _mood(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(
            (request.method, request.raw_path.partition("?")[0], dict(request.headers), await request.read())
        )
        if self.slow:
            await asyncio.sleep(LOST_SECONDS)
        if self.refuses_tokens:
            return problem(401, "Wymagane zalogowanie")
        if self.away:
            return web.json_response({"title": "away"}, status=503, headers={"Retry-After": "7"})
        return await handler(request)


@dataclass
class Company:
    """The services together, with the sessions that are open."""

    identity: Fake = field(default_factory=lambda: Fake("identity"))
    ledger: Fake = field(default_factory=lambda: Fake("ledger"))
    payments: Fake = field(default_factory=lambda: Fake("payments"))
    correspondence: Fake = field(default_factory=lambda: Fake("correspondence"))
    sessions: dict[str, str] = field(default_factory=dict)
    payment_status: str = "pending"
    payment_more: dict[str, Any] = field(default_factory=dict)
    payments_before: list[dict[str, Any]] = field(default_factory=list)
    autopay_url: str = "http://127.0.0.1:9"
    stored: dict[str, Answer] = field(default_factory=dict)
    matters: dict[str, dict[str, Any]] = field(default_factory=company.matters)
    balance: dict[str, Any] = field(default_factory=company.balance)
    in_flight_times: int = 0
    statement_too_long: bool = False
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: list[dict[str, Any]] = field(default_factory=list)
    refused_fields: list[dict[str, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def all(self) -> list[Fake]:
        """Every service."""
        return [self.identity, self.ledger, self.payments, self.correspondence]

    async def start(self) -> None:
        """Start every service."""
        await self.identity.start(_identity(self))
        await self.ledger.start(_ledger(self))
        await self.payments.start(_payments(self))
        await self.correspondence.start(_correspondence(self))

    async def stop(self) -> None:
        """Stop every service."""
        await asyncio.gather(*(fake.stop() for fake in self.all))

    def person(self, request: web.Request) -> company.Person | None:
        """Who asks, by a token made here: `<audience>:<login>`."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return company.PEOPLE.get(token.partition(":")[2])


def _token(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def _opened(person: company.Person, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "expires_at": "2030-01-01T00:00:00Z",
        "account_id": person.account_id,
        "must_change_password": person.must_change_password,
        "roles": person.roles,
    }


def _held(person: company.Person, audiences: list[str]) -> dict[str, Any]:
    new = person.must_change_password
    return {
        "tokens": {name: f"{name}:{person.login}" for name in audiences if not new},
        "account_id": person.account_id,
        "display_name": person.name,
        "login": person.login,
        "roles": person.roles,
        "leases": {} if new else person.leases,
        "must_change_password": new,
        "expires_at": "2030-01-01T00:00:00Z",
    }


def _identity(world: Company) -> list[web.RouteDef]:
    async def sign_in(request: web.Request) -> web.Response:
        given = await request.json()
        person = company.PEOPLE.get(given["login"])
        if person is None or person.password != given["password"]:
            return problem(401, "Nie udało się zalogować")
        token = f"opaque-{person.login}-{next(world.numbers)}"  # a token never comes back
        world.sessions[token] = person.login
        return web.json_response(_opened(person, token), status=201)

    async def end(request: web.Request) -> web.Response:
        known = world.sessions.pop(_token(request), None)
        return problem(401, "Wymagane zalogowanie") if known is None else web.Response(status=204)

    async def exchange(request: web.Request) -> web.Response:
        login = world.sessions.get(_token(request))
        if login is None:
            return problem(401, "Wymagane zalogowanie")
        return web.json_response(_held(company.PEOPLE[login], (await request.json())["audiences"]))

    async def change(request: web.Request) -> web.Response:
        login = world.sessions.get(_token(request))
        if login is None:
            return problem(401, "Wymagane zalogowanie")
        given = await request.json()
        if len(given["new_password"]) < 12:
            errors = [{"field": "new_password", "message": "Hasło musi mieć co najmniej 12 znaków."}]
            return problem(422, "Nieprawidłowe dane", errors=errors)
        del world.sessions[_token(request)]
        world.sessions["opaque-rotated"] = "anna"
        return web.json_response({"token": "opaque-rotated", "expires_at": "2030-01-01T00:00:00Z"})

    return [
        web.post("/sessions", sign_in),
        web.delete("/sessions", end),
        web.post("/sessions/tokens", exchange),
        web.post("/sessions/password", change),
        *_trusted_profile(world),
    ]


def _trusted_profile(world: Company) -> list[web.RouteDef]:
    """Anna comes back from login.gov.pl; the secret of the browser is where she wanted to go."""

    async def begin(request: web.Request) -> web.Response:
        url = "https://login.example.invalid/login/SingleSignOnService"
        fields = {"SAMLRequest": "PD94", "RelayState": "state"}
        secret = (await request.json())["back"]
        return web.json_response({"url": url, "fields": fields, "browser_secret": secret}, status=201)

    async def keep(_: web.Request) -> web.Response:
        return web.Response(status=204)

    async def finish(request: web.Request) -> web.Response:
        back = (await request.json())["browser_secret"]
        if not back:
            return problem(401, "Nie udało się zalogować Profilem Zaufanym")
        world.sessions["opaque-vouched"] = "anna"
        return web.json_response({"token": "opaque-vouched", "back": back}, status=201)

    return [
        web.post("/trusted-profile/requests", begin),
        web.post("/trusted-profile/artifacts", keep),
        web.post("/trusted-profile/sessions", finish),
    ]


def _entry(request: web.Request) -> Answer:
    found = [row for row in company.entries() if row["id"] == request.match_info["entry_id"]]
    if not found:
        return 404, None
    told = {"explanation": company.explained(found[0]["id"])}
    return 200, found[0] | {"details": found[0]["details"] | told}


def _of_lease(world: Company, answer: Callable[[web.Request], Answer]) -> Handler:
    """A route about one lease, for those who hold it."""

    async def handle(request: web.Request) -> web.Response:
        person = world.person(request)
        if person is None or request.match_info["lease_id"] not in person.leases or person.roles:
            return problem(404, "Nie znaleziono")
        status, body = answer(request)
        return problem(status, "Nie znaleziono") if status >= 400 else web.json_response(body)

    return handle


def _ledger(world: Company) -> list[web.RouteDef]:
    of_lease = partial(_of_lease, world)

    async def leases(request: web.Request) -> web.Response:
        person = world.person(request)
        rows = [company.lease_row(lease_id) for lease_id in person.leases] if person else []
        return web.json_response({"items": rows})

    def entries(request: web.Request) -> Answer:
        start, limit = int(request.query.get("cursor", "0")), int(request.query["limit"])
        kinds = {"charges": "charge", "payments": "payment"}
        kind, year = kinds.get(request.query.get("kind", ""), ""), request.query.get("year", "")
        rows = [r for r in company.entries() if kind in r["kind"] and r["booked_on"].startswith(year)]
        following = str(start + limit) if start + limit < len(rows) else None
        return 200, {"items": rows[start : start + limit], "next_cursor": following}

    async def history_file(request: web.Request) -> web.StreamResponse:
        person = world.person(request)
        if person is None or request.match_info["lease_id"] not in person.leases:
            return problem(404, "Nie znaleziono")
        named = {"Content-Disposition": 'attachment; filename="historia.csv"'}
        return web.Response(body="\ufeffData;Kwota\r\n".encode(), content_type="text/csv", headers=named)

    def month(request: web.Request) -> Answer:
        commercial = request.match_info["lease_id"] == "L-3"
        found = company.month(request.match_info["month"], "23" if commercial else "zw")
        return (200, found) if found else (404, None)

    def statement(request: web.Request) -> Answer:
        if world.statement_too_long:
            return 422, None
        return 200, company.statement(int(request.match_info["year"]))

    return [
        web.get("/leases", leases),
        web.get("/leases/{lease_id}/turnover", of_lease(lambda _: (200, {"items": company.turnover()}))),
        web.get("/leases/{lease_id}/statement/{year}", of_lease(statement)),
        web.get("/leases/{lease_id}", of_lease(lambda request: (200, company.lease(request.match_info["lease_id"])))),
        web.get("/leases/{lease_id}/balance", of_lease(lambda _: (200, world.balance))),
        web.get("/leases/{lease_id}/explanation", of_lease(lambda _: (200, company.explanation()))),
        web.get("/leases/{lease_id}/entries", of_lease(entries)),
        web.get("/leases/{lease_id}/entries.csv", history_file),
        web.get("/leases/{lease_id}/entries/{entry_id}", of_lease(_entry)),
        web.get("/leases/{lease_id}/charges", of_lease(lambda _: (200, {"items": company.charged_months()}))),
        web.get("/leases/{lease_id}/charges/{month}", of_lease(month)),
    ]


def _started(world: Company, request: web.Request, given: dict[str, Any]) -> web.Response:
    """Start a payment once per key."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        return problem(400, "Brak nagłówka Idempotency-Key")
    if world.refused_fields:
        return problem(422, "Nieprawidłowe dane", errors=world.refused_fields)
    if world.in_flight_times > 0:
        world.in_flight_times -= 1
        return problem(409, "Polecenie jest w toku", retry=True)
    order = {"ServiceID": "100", "OrderID": f"o{len(world.stored)}", "Hash": "a" * 64}
    redirect = {"method": "GET", "url": f"{world.autopay_url}/payment", "fields": order}
    body = company.payment("initiated") | {"amount_grosze": given["amount_grosze"], "redirect": redirect}
    body["payment_id"] = f"p-{len(world.stored)}"
    status, stored = world.stored.setdefault(key, (201, body))
    return web.json_response(stored, status=status)


def _payments(world: Company) -> list[web.RouteDef]:
    async def of_lease(_: web.Request) -> web.Response:
        newest = company.payment(world.payment_status) | world.payment_more
        return web.json_response({"items": [newest, *world.payments_before]})

    async def start(request: web.Request) -> web.Response:
        person = world.person(request)
        if person is None or request.match_info["lease_id"] not in person.leases:
            return problem(404, "Nie znaleziono")
        return _started(world, request, await request.json())

    async def one(request: web.Request) -> web.Response:
        if request.match_info["payment_id"] != "p-1":
            return problem(404, "Nie znaleziono")
        fields = {"ServiceID": "100", "OrderID": "o1", "Hash": "a" * 64}
        redirect = {"method": "GET", "url": f"{world.autopay_url}/payment", "fields": fields}
        return web.json_response(company.payment(world.payment_status) | {"redirect": redirect})

    async def channels(_: web.Request) -> web.Response:
        return web.json_response({"items": world.channels})

    async def itn(request: web.Request) -> web.Response:
        digest = hashlib.sha256(await request.read()).hexdigest()
        return web.Response(text=f"<got>{digest}</got>", content_type="text/xml", charset="utf-8")

    async def returned(request: web.Request) -> web.Response:
        if request.query.get("Hash") != "a" * 64:
            return problem(404, "Nie znaleziono")
        body = company.payment(world.payment_status)
        return web.json_response({name: body[name] for name in ("payment_id", "lease_id", "status", "amount_grosze")})

    return [
        web.get("/leases/{lease_id}/payments", of_lease),
        web.post("/leases/{lease_id}/payments", start),
        web.get("/payments/{payment_id}", one),
        web.get("/payment-channels", channels),
        web.post("/autopay/itn", itn),
        web.get("/autopay/return", returned),
    ]


def _correspondence(world: Company) -> list[web.RouteDef]:
    async def types(_: web.Request) -> web.Response:
        return web.json_response({"items": company.MATTER_TYPES})

    async def matters(_: web.Request) -> web.Response:
        rows = [{k: v for k, v in matter.items() if k != "messages"} for matter in world.matters.values()]
        return web.json_response({"items": rows, "next_cursor": None})

    async def open_matter(request: web.Request) -> web.Response:
        given = await request.json()
        if len(given["title"]) > 120:
            errors = [{"field": "title", "message": "Temat może mieć najwyżej 120 znaków."}]
            return problem(422, "Nieprawidłowe dane", errors=errors)
        key = request.headers["Idempotency-Key"]
        if key not in world.stored:
            opened = company.opened_matter(given["title"], given.get("text", ""))
            files = [world.drafts[one] for one in given.get("attachment_ids", [])]
            opened["messages"][0]["attachments"] = [{k: v for k, v in one.items() if k != "content"} for one in files]
            world.matters[opened["matter_id"]] = opened
            world.stored[key] = (201, opened)
        return web.json_response(world.stored[key][1], status=201)

    async def matter(request: web.Request) -> web.Response:
        found = world.matters.get(request.match_info["matter_id"])
        return web.json_response(found) if found else problem(404, "Nie znaleziono")

    async def write(request: web.Request) -> web.Response:
        found = world.matters.get(request.match_info["matter_id"])
        if found is None:
            return problem(404, "Nie znaleziono")
        letter = json.loads(await request.read())
        message = company.message("tenant", letter["text"])
        found["messages"].append(message)
        sent = {"matter_id": found["matter_id"], "message_id": "m", "status": "open", "sent_at": message["sent_at"]}
        return web.json_response(sent, status=201)

    return [
        web.get("/matter-types", types),
        web.get("/matters", matters),
        web.post("/matters", open_matter),
        web.get("/matters/{matter_id}", matter),
        web.post("/matters/{matter_id}/messages", write),
        *files(world.drafts),
    ]
