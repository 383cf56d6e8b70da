"""Lighthouse's verdict on the main pages: `make lighthouse` prints it as the table that docs/pages.md shows.

Lighthouse plays a telephone of the middle class on a slow network (its own default). Its figures of speed move with the
machine, so nothing but this table is made of them; what does not move is asserted by the tests.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from deploy.guide.__main__ import CHROMIUM
from tests.browser.judges import LIGHTHOUSE
from tests.browser.judging_markup import PROJECT
from tests.running.start import started
from tests.running.system import RunningSystem

SECONDS: Final = 180  # for one page
# Chromium's trace comes now and then without the page's beginning (NO_NAVSTART): then Lighthouse ends with this advice.
AGAIN: Final = "Please run Lighthouse again"
TRIES: Final = 4
CATEGORIES: Final = ("accessibility", "best-practices", "performance")
OPTIONS: Final = (
    f"--only-categories={','.join(CATEGORIES)}",
    f"--chrome-path={CHROMIUM}",
    "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
    "--output=json",
    "--quiet",
    "--no-enable-error-reporting",
)


@dataclass(frozen=True)
class Verdict:
    """What Lighthouse says of a page: scores of 0 to 100, the layout's shift, and the audits that were not passed."""

    page: str
    scores: Mapping[str, int]
    shift: float
    failed: tuple[str, ...]

    def row(self) -> str:
        """A line of the table."""
        scores = " | ".join(str(self.scores[name]) for name in CATEGORIES)
        return f"| {self.page} | {scores} | {self.shift:.3f} |"


def verdicts(running: RunningSystem) -> Iterator[Verdict]:
    """Judge the main pages of the demo's tenant, one after the other."""
    home = running.url("gateway")
    tenant = running.run["demo"]["tenant"]
    with httpx.Client(base_url=home, timeout=15.0) as client:
        form = {"login": tenant["login"], "password": tenant["password"], "back": "/"}
        assert client.post("/zaloguj", data=form).status_code == 303
        session = client.cookies["iok"]
        finance = next(part for part in client.get("/").text.split('"') if part.endswith("/finanse"))
    lease = finance.removesuffix("/finanse")
    yield _judge("Zaloguj się", f"{home}/zaloguj", "")
    pages = {
        "Start": "/",
        "Finanse": finance,
        "Płacę": f"{lease}/place",
        "Lokale": f"{lease}/lokal",
        "Korespondencja": "/korespondencja",
        "Pomoc": "/pomoc",
    }
    for name, path in pages.items():
        yield _judge(name, home + path, f"iok={session}")


def _judge(name: str, address: str, cookie: str) -> Verdict:
    headers = ("--extra-headers", json.dumps({"Cookie": cookie})) if cookie else ()
    command = [*LIGHTHOUSE, address, *OPTIONS, *headers]
    for _ in range(TRIES):
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=SECONDS)
        if AGAIN not in done.stderr:
            break
    assert done.returncode == 0, f"Lighthouse could not judge {address}:\n{done.stderr}"
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["finalDisplayedUrl"] == address, told["finalDisplayedUrl"]
    audits = told["audits"]
    counted = [one["id"] for name in CATEGORIES[:2] for one in told["categories"][name]["auditRefs"] if one["weight"]]
    failed = (one for one in counted if audits[one]["score"] not in {None, 1})
    scores = {name: round(100 * told["categories"][name]["score"]) for name in CATEGORIES}
    shift = audits["cumulative-layout-shift"]["numericValue"]
    return Verdict(name, scores, shift, tuple(f"{one}: {audits[one]['title']}" for one in failed))


def main() -> None:
    """Judge the pages of a system of its own."""
    with started() as running:
        sys.stdout.write(f"| page | {' | '.join(CATEGORIES)} | CLS |\n|---|---|---|---|---|\n")
        for verdict in verdicts(running):
            sys.stdout.write(f"{verdict.row()}\n")
            sys.stdout.flush()
            sys.stderr.writelines(f"    {verdict.page}: {one}\n" for one in verdict.failed)


if __name__ == "__main__":
    main()
