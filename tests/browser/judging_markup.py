"""Two validators of HTML over a folder of pages: html-validate, and the Nu Html Checker, each in one process."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.browser.judges import HTML_VALIDATE, VNU

RULES: Final = Path(__file__).with_name("html-validate.json")
PROJECT: Final = Path(__file__).resolve().parents[2]
SECONDS: Final = 120


def save(pages: Mapping[str, str], folder: Path) -> None:
    """Write pages (name: HTML) where the validators find them."""
    for number, (name, html) in enumerate(pages.items()):
        file_name = re.sub(r"[^\w-]+", "-", name).strip("-")
        (folder / f"{number}-{file_name}.html").write_text(html, encoding="utf-8")


def mistakes_in(folder: Path) -> list[str]:
    """What the validators find in the pages of a folder."""
    return _of_html_validate(folder) + _of_nu_html_checker(folder)


def _of_html_validate(folder: Path) -> list[str]:
    told = json.loads(
        _run(*HTML_VALIDATE, "--config", str(RULES), "--formatter", "json", str(folder / "*.html")).stdout
    )
    return [f"{Path(page['filePath']).name}: {one['message']}" for page in told for one in page["messages"]]


def _of_nu_html_checker(folder: Path) -> list[str]:
    told = json.loads(_run(*VNU, "--format", "json", "--stdout", *map(str, sorted(folder.glob("*.html")))).stdout)
    messages: list[dict[str, Any]] = told["messages"]
    return [f"{Path(urlsplit(one['url']).path).name}: {one['message']}" for one in messages if one["type"] != "info"]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=SECONDS)
