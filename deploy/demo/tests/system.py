"""A stand-in for the running system: what its gateway, its panels and its operators' commands do for the loader."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiohttp import web

from deploy.demo.mistakes import Mistake
from deploy.demo.places import DemoError, Places
from services.identity.commands.letter_pdf import LetterPrinter, LetterText, Sender

ONE_TIME = "4KMR-7WXA-9CDE-HJNP-QTY3"


class StandInSystem:
    """People, letters and a book that holds what was imported."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.passwords: dict[str, str] = {}
        self.letters: dict[str, str] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.leases: dict[str, list[str]] = {}
        self.lines: dict[str, set[str]] = {"leases": set(), "charges": set(), "payments": set()}
        self.matters: dict[str, dict[str, Any]] = {}
        self.replies: set[str] = set()
        self.failing: set[str] = set()
        self.backlog = 3
        self.refusals = 0
        self.published: list[Mistake] = []
        self.url = ""

    async def operate(self, places: Places, service: str, arguments: Sequence[str], *, typed: str = "") -> str:
        """Do what `python -m services.<service> …` would."""
        await asyncio.sleep(0)
        command = arguments[0]
        self.commands.append(command)
        if command in self.failing:
            raise DemoError(f"services.{service} {command} failed (1)")
        if command.startswith("import-") and command != "import-statement":
            self._import(command.removeprefix("import-"), Path(arguments[1]))
        if command == "add-staff":
            self.passwords[arguments[1]] = typed.rstrip("\n")
        if command == "issue-letters":
            self._issue(arguments)
        return ""

    def _import(self, name: str, file: Path) -> None:
        lines = [json.loads(line) for line in file.open(encoding="utf-8")]
        if name == "people":
            self.people |= {line["person_id"]: line for line in lines}
        elif name == "leases":
            self.lines[name] |= {line["lease_id"] for line in lines}
            for line in lines:
                for party in line["parties"]:
                    self.leases.setdefault(party["person_id"], []).append(line["lease_id"])
        else:
            self.lines[name] |= {json.dumps(line) for line in lines}

    def _issue(self, arguments: Sequence[str]) -> None:
        folder = Path(arguments[arguments.index("--out") + 1])
        folder.mkdir(parents=True, exist_ok=True)
        printer = LetterPrinter(Sender("TBS", "", "http://127.0.0.1:8000"))
        for flag, person_id in pairwise(arguments):
            if flag == "--person":
                login = self.people[person_id]["login"]
                self.letters[login] = ONE_TIME
                day = date(2026, 11, 23)
                letter = LetterText("Ewa Krajewska", "ul. Bzowa 1/1, 99-999 Dębogród", login, ONE_TIME, day, day)
                (folder / f"{person_id}.pdf").write_bytes(printer.pdf(letter))

    async def sign_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        login, password = body["login"], body["password"]
        first = password == self.letters.get(login)
        if not first and password != self.passwords.get(login):
            self.refusals += 1
            return web.json_response({"title": "Nie udało się zalogować"}, status=401)
        return web.json_response({"token": login, "expires_at": "", "must_change_password": first}, status=201)

    async def change_password(self, request: web.Request) -> web.Response:
        body, login = await request.json(), _token(request)
        if body["current_password"] != self.letters.get(login):
            return web.json_response({"title": "Nie zmieniliśmy hasła"}, status=422)
        del self.letters[login]
        self.passwords[login] = body["new_password"]
        return web.json_response({"token": login, "expires_at": ""})

    async def me(self, request: web.Request) -> web.Response:
        login = _token(request)
        person = next(each["person_id"] for each in self.people.values() if each["login"] == login)
        return web.json_response({"leases": [{"lease_id": lease} for lease in self.leases[person]]})

    async def balance(self, _: web.Request) -> web.Response:
        return web.json_response({"balance_grosze": 1, "stale": False})

    async def raise_matter(self, request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        self.matters[key] = await request.json()
        return web.json_response({"matter_id": key}, status=201)

    async def answer_matter(self, request: web.Request) -> web.Response:
        self.replies.add(request.match_info["matter_id"])
        return web.json_response({}, status=201)

    async def status(self, _: web.Request) -> web.Response:
        self.backlog = max(0, self.backlog - 1)
        read = {f"iok.{name}": 0 if self.backlog else len(lines) for name, lines in self.lines.items()}
        partitions = [{"topic": topic, "position": position, "lag": 0} for topic, position in read.items()]
        outbox, aside = {"backlog": self.backlog}, len(self.published)
        return web.json_response({"partitions": partitions, "outbox": outbox, "set_aside": aside})

    async def publish(self, _: Places, sent: Sequence[Mistake]) -> None:
        """Take records of the company system, as Kafka would."""
        await asyncio.sleep(0)
        self.published += sent

    @asynccontextmanager
    async def running(self, places: Places) -> AsyncIterator["StandInSystem"]:
        """Serve, and write a run file that says where."""
        app = web.Application()
        app.router.add_post("/api/v1/session", self.sign_in)
        app.router.add_delete("/api/v1/session", _ended)
        app.router.add_post("/api/v1/session/password", self.change_password)
        app.router.add_get("/api/v1/me", self.me)
        app.router.add_get("/api/v1/leases/{lease_id}/balance", self.balance)
        app.router.add_post("/api/v1/matters", self.raise_matter)
        app.router.add_post("/correspondence/inbox/{matter_id}/{deed}", self.answer_matter)
        app.router.add_get("/{service}/ops/status", self.status)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        services = {name: {"url": f"{url}/{name}"} for name in ("identity", "ledger", "payments", "correspondence")}
        places.run_file.parent.mkdir(parents=True, exist_ok=True)
        places.run_file.write_text(json.dumps({"services": services | {"gateway": {"url": url}}}))
        yield self
        await runner.cleanup()


def _token(request: web.Request) -> str:
    return request.headers["Authorization"].removeprefix("Bearer ")


async def _ended(_: web.Request) -> web.Response:
    return web.Response(status=204)
