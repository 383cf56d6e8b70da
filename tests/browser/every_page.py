"""Every page of the portal: found by following its links, so that a page somebody adds is looked at, too."""

import re
from collections import deque
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

MAX_PAGES: Final = 400  # of one person, before pages of one kind are told apart
# Pages that only a step leads to, or that nobody links.
ALSO: Final = ("/", "/haslo", "/nie-ma-takiej-strony")
OPEN: Final = (
    *("/zaloguj", "/zaloguj?wylogowano=1", "/pomoc", "/deklaracja-dostepnosci", "/prywatnosc"),
    *("/profil-zaufany/odmowa", "/nie-ma-takiej-strony"),
)
AN_ID: Final = re.compile(r"^(?=.*\d)[\w.-]{3,}$|^[\w-]{20,}$")


class _Reader(HTMLParser):
    """Collects the links and the heading of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.parts: set[tuple[str, str]] = set()
        self.heading = ""
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_heading = self._in_heading or tag == "h1"
        given = dict(attrs)
        self.parts.add((tag, given.get("class") or ""))
        address = given.get("href")
        if tag == "a" and address:
            self.links.append(address)

    def handle_endtag(self, tag: str) -> None:
        self._in_heading = self._in_heading and tag != "h1"

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.heading += data.strip()


@dataclass(frozen=True)
class Found:
    """One page of each kind: where it is, its HTML, its heading, what it is built of (tags with their classes)."""

    path: str
    html: str
    heading: str
    parts: frozenset[tuple[str, str]]


def find_pages(client: httpx.Client, starts: tuple[str, ...]) -> list[Found]:
    """Follow every link from `starts`; of the pages with one pattern of address and one heading, the first counts."""
    waiting, known = deque(starts), set(starts)
    kinds: dict[tuple[str, str], Found] = {}
    tries: dict[str, int] = {}
    while waiting and len(known) < MAX_PAGES:
        path = waiting.popleft()
        pattern = _pattern(path)
        tries[pattern] = tries.get(pattern, 0) + 1
        if tries[pattern] > 12:
            continue  # enough of this kind
        answer = client.get(path)
        if "text/html" not in answer.headers.get("content-type", "") or answer.is_redirect:
            continue
        reader = _Reader()
        reader.feed(answer.text)
        kinds.setdefault((pattern, reader.heading), Found(path, answer.text, reader.heading, frozenset(reader.parts)))
        for link in reader.links:
            address = urljoin(str(answer.url), link)
            parts = urlsplit(address)
            here = parts.path + (f"?{parts.query}" if parts.query else "")
            if parts.netloc == urlsplit(str(client.base_url)).netloc and here not in known:
                known.add(here)
                waiting.append(here)
    return list(kinds.values())


def of_each_build(pages: list[Found]) -> list[Found]:
    """The pages that are built of something else than those before: what looks alike breaks alike."""
    first: dict[frozenset[tuple[str, str]], Found] = {}
    for page in pages:
        first.setdefault(page.parts, page)
    return list(first.values())


def _pattern(path: str) -> str:
    """An address without its ids, and with the names of what is asked for only."""
    parts = urlsplit(path)
    steps = ["*" if AN_ID.match(step) else step for step in parts.path.split("/")]
    return "/".join(steps) + "?" + ",".join(sorted(name for name, _ in parse_qsl(parts.query)))
