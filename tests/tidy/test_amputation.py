"""A service needs nothing but the libraries: alone in an empty folder with `libs/`, its app can be imported."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns("tests", "__pycache__", "node_modules")


@pytest.mark.parametrize("service", ["identity", "ledger", "payments", "correspondence", "gateway"])
def test_a_service_stands_alone_with_the_libraries(service: str, tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "libs", tmp_path / "libs", ignore=LEFT_OUT)
    shutil.copytree(PROJECT / "services" / service, tmp_path / "services" / service, ignore=LEFT_OUT)
    shutil.copy(PROJECT / "services" / "__init__.py", tmp_path / "services")

    outcome = subprocess.run(
        [sys.executable, "-c", f"import services.{service}.app, services.{service}.__main__"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert outcome.returncode == 0, outcome.stderr
