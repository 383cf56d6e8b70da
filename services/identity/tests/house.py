"""Identity as a house that tests live in: its tools, its door, and a clock that they move."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pypdf import PdfReader

from libs.chassis.auth import Principal, TokenSigner, TokenVerifier
from libs.chassis.postgres import Row
from libs.chassis.testing import ServiceDatabase
from services.identity.commands.add_staff import open_staff_account
from services.identity.commands.import_people import check_people, import_people
from services.identity.commands.issue_letters import addressees, issue_letters
from services.identity.commands.letter_pdf import LetterPrinter, Sender
from services.identity.commands.passwords import PasswordPool
from services.identity.commands.tools import Tools
from services.identity.domain.accounts import StaffRole
from services.identity.tests.lines import people_lines

SEED = base64.b64encode(b"s" * 32).decode()
LETTER_KEY = base64.b64encode(b"l" * 32).decode()
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PRINTER = LetterPrinter(Sender("TBS Dębogród", "", "https://iok.example.invalid"))
ADDRESS = "192.0.2.1"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Move on by days, hours, minutes or seconds."""
        self.now += timedelta(**by)


class CountingPool(PasswordPool):
    """Hashes and checks as ever, and counts the checks."""

    verified = 0

    async def verify(self, kept: str | None, password: str) -> bool:
        """Check, and count."""
        self.verified += 1
        return await super().verify(kept, password)


@dataclass(frozen=True)
class House:
    """The service: its tools, its HTTP door and its clock."""

    tools: Tools
    client: httpx.AsyncClient
    clock: Clock
    passwords: CountingPool
    signer: TokenSigner
    folder: Path
    server: ServiceDatabase

    async def import_people(self, count: int = 1, **more: Any) -> None:
        """Import people P-000001 …, with logins K100001 …."""
        checked = await check_people(self.tools, people_lines(count, **more))
        assert checked.bad == []
        assert [n async for n in import_people(self.tools, checked.new)]

    async def letter(self, person_id: str = "P-000001") -> str:
        """Issue a letter and read the password from it."""
        to = await addressees(self.tools, [person_id], everyone=False)
        assert [n async for n in issue_letters(self.tools, PRINTER, to, self.folder)] == [1]
        return password_in(self.folder / f"{person_id}.pdf")

    async def add_staff(self, login: str, password: str, role: StaffRole = "operator") -> str:
        """Add a member of staff."""
        return await open_staff_account(self.tools, login, role, password)

    async def sign_in(self, password: str, login: str = "K100001", address: str = ADDRESS) -> httpx.Response:
        """Sign in."""
        return await self.client.post("/sessions", json={"login": login, "password": password, "client_ip": address})

    async def change(self, token: str, new: str, current: str | None = None) -> httpx.Response:
        """Change a password."""
        body = {"new_password": new} | ({} if current is None else {"current_password": current})
        return await self.client.post("/sessions/password", json=body, headers=bearer(token))

    async def settled(self, password: str, person: int = 1) -> str:
        """Give a person a password of their own, from letter to change; gives the session's token."""
        letter = await self.letter(f"P-{person:06}")
        began = await self.sign_in(letter, f"K{100_000 + person}")
        changed = await self.change(began.json()["token"], password)
        assert changed.status_code == 200, changed.text
        return str(changed.json()["token"])

    async def tokens(self, token: str, *audiences: str) -> httpx.Response:
        """Exchange a session."""
        return await self.client.post(
            "/sessions/tokens", json={"audiences": list(audiences or ("ledger",))}, headers=bearer(token)
        )

    async def principal(self, token: str, audience: str = "ledger") -> Principal:
        """Exchange a session and read the token as that service does."""
        answer = await self.tokens(token, audience)
        verifier = TokenVerifier([self.signer.public_key], audience)
        return verifier.verify(answer.json()["tokens"][audience])

    async def rows(self, query: str) -> list[Row]:
        """Ask the database."""
        async with self.tools.database.connection() as connection:
            return list(await connection.fetch(query))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def password_in(letter: Path) -> str:
    """Read the password from a letter, as a person does."""
    lines = PdfReader(letter).pages[0].extract_text().splitlines()
    return lines[lines.index("Hasło jednorazowe") + 1]
