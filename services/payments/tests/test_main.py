"""The operators' command line: what it prints, and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from libs.chassis.testing import ServiceDatabase
from services.payments.app import merchant_of
from services.payments.domain.autopay import Merchant
from services.payments.settings import SANDBOX_KEY, Settings
from services.payments.tests.test_imports import line

PROJECT = Path(__file__).resolve().parents[3]


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.payments", *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_tells_what_a_line_of_the_file_holds() -> None:
    told = run("import-payments", "--help")
    assert told.returncode == 0
    assert "{lease_id, payment_id, remote_id, paid_on, amount_grosze, charge_id?}" in " ".join(told.stdout.split())


@pytest.mark.system
def test_a_bad_file_is_told_line_by_line_and_ends_with_a_failure(
    service_database: Callable[[str], ServiceDatabase], tmp_path: Path
) -> None:
    file = tmp_path / "payments.jsonl"
    file.write_bytes(line(1, lease_id="lease-9") + b"{\n" + line(2, amount_grosze=0))
    told = run("import-payments", str(file), "--wait", "0", **service_database("payments").environment())
    assert told.returncode == 1
    assert f"{file}:1: there is no lease lease-9" in told.stderr
    assert f"{file}:2: not_json" in told.stderr
    assert f"{file}:3: amount_grosze" in told.stderr
    assert "3 bad lines, nothing was imported" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.system
def test_a_file_that_is_not_there_is_told_in_a_sentence(
    service_database: Callable[[str], ServiceDatabase], tmp_path: Path
) -> None:
    told = run("import-payments", str(tmp_path / "none"), **service_database("payments").environment())
    assert told.returncode == 1
    assert "No such file" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_sandboxes_key_is_refused_away_from_the_sandbox() -> None:
    with pytest.raises(ValueError, match="IOK_AUTOPAY_KEY is missing"):
        Settings(autopay_url="https://pay.autopay.eu")
    assert merchant_of(Settings()) == Merchant("100001", SANDBOX_KEY)


def test_no_text_form_of_the_settings_shows_the_key() -> None:
    settings = Settings.model_validate({"autopay_key": "very-secret"})
    assert "very-secret" not in f"{settings} {settings!r} {json.dumps(settings.model_dump(), default=str)}"
