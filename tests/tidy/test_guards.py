"""The project passes every guard, and every guard finds the fault planted for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tidy import guards

PROJECT = Path(__file__).resolve().parents[2]
Guard = Callable[[Path], Iterator[str]]

PLANTED: dict[str, tuple[str, str]] = {
    "long_files": ("services/ledger/domain.py", "x = 1\n" * 401),
    "long_functions": ("services/ledger/domain.py", "def f():\n" + "    x = 1\n" * 50),
    "swallowed_errors": ("services/ledger/api.py", "try:\n    x = 1\nexcept ValueError:\n    pass\n"),
    "lazy_imports": ("services/ledger/api.py", "def f():\n    import json\n"),
    "patched_tests": ("services/ledger/tests/test_a.py", "from unittest." + "mock import Mock\n"),
    "unfinished": ("services/ledger/api.py", "# TO" + "DO: later\n"),
    "machine_paths": ("deploy/local/places.py", "HOME = '/home/anna/iok'\n"),
    "float_money": ("services/ledger/domain.py", "amount_grosze: float = 1.5\n"),
    "stray_tenant_sql": ("services/ledger/api.py", 'ALL = "select * from book_entries"\n'),
    "missing_tenant_tables": (
        "services/payments/schema.sql",
        "create table payments ();\ncreate table confirmations ();\ncreate table notices ();\n",
    ),
    "auto_acknowledged": ("libs/chassis/reader.py", "broker.subscriber('t', auto_offset_reset='earliest')\n"),
}


@pytest.mark.parametrize("guard", guards.GUARDS, ids=lambda guard: guard.__name__)
def test_the_project_passes(guard: Guard) -> None:
    assert list(guard(PROJECT)) == []


@pytest.mark.parametrize("guard", guards.GUARDS, ids=lambda guard: guard.__name__)
def test_the_guard_finds_a_planted_fault(guard: Guard, tmp_path: Path) -> None:
    name, text = PLANTED[guard.__name__]
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")

    assert len(list(guard(tmp_path))) == 1


def test_reading_from_the_latest_is_found(tmp_path: Path) -> None:
    file = tmp_path / "libs" / "reader.py"
    file.parent.mkdir()
    file.write_text("broker.subscriber('t', ack_policy=MANUAL, auto_offset_reset='latest')\n", encoding="utf-8")

    assert len(list(guards.auto_acknowledged(tmp_path))) == 1


def test_a_function_with_too_many_parameters_is_found(tmp_path: Path) -> None:
    file = tmp_path / "libs" / "many.py"
    file.parent.mkdir()
    file.write_text("def f(a, b, c, d, e, f, g):\n    return a\n", encoding="utf-8")

    assert len(list(guards.long_functions(tmp_path))) == 1
