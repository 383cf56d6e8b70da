"""Letters as PDF/UA-1: one A4 page with address, login and one-time password in groups, and what to do step by step."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import typst

TEMPLATE: Final = Path(__file__).with_name("letter.typ")
STANDARD: Final = "ua-1"
MONTHS: Final = (
    "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca",
    "lipca", "sierpnia", "września", "października", "listopada", "grudnia",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the company's name, how to ask it, and the address of the portal."""

    company: str
    contact: str
    url: str


@dataclass(frozen=True, slots=True)
class LetterText:
    """What differs between two letters; `address` is one line, parts divided by commas, or None."""

    full_name: str
    address: str | None
    login: str
    password: str
    issued_on: date
    expires_on: date


class LetterPrinter:
    """Writes letters; set up once, a letter takes some milliseconds."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
        self._compiler = typst.Compiler(TEMPLATE, font_paths=fonts)

    def pdf(self, letter: LetterText) -> bytes:
        """Give a letter as PDF."""
        written = self._compiler.compile(
            format="pdf",
            pdf_standards=[STANDARD],
            sys_inputs={
                "company": self._sender.company,
                "contact": self._sender.contact,
                "url": self._sender.url,
                "recipient": "\n".join([letter.full_name, *address_lines(letter.address)]),
                "login": letter.login,
                "password": letter.password,
                "issued_on": polish_date(letter.issued_on),
                "expires_on": polish_date(letter.expires_on),
            },
        )
        if not isinstance(written, bytes):
            raise TypeError("typst gave no single document")
        return written


def address_lines(address: str | None) -> list[str]:
    """Divide an address for an envelope: `ul. Lipowa 3/5, 99-999 Dębogród` in two lines."""
    return [part.strip() for part in (address or "").split(",") if part.strip()]


def polish_date(day: date) -> str:
    """Write a date in Polish: `1 lutego 2023 r.`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year} r."
