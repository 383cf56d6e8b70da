"""What is running: the build's name as whoever built it says, or the project's version."""

import os
import tomllib
from functools import cache
from pathlib import Path

BUILD_VARIABLE = "IOK_BUILD"
PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"


@cache
def build_name() -> str:
    """Give `IOK_BUILD`, or the version in pyproject.toml, or a word that says that nobody knows."""
    named = os.environ.get(BUILD_VARIABLE, "").strip()
    if named:
        return named
    if not PROJECT.exists():
        return "nieznany"
    return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])
