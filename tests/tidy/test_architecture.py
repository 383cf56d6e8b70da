"""The import contracts of pyproject.toml hold, and each of them is seen failing on a planted tree."""

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SERVICES = ("identity", "ledger", "payments", "correspondence")
ROOMS = ("__main__", "app", "api", "consumer", "commands", "read_models", "domain")

# One forbidden import for each contract, in a tree that is otherwise empty.
PLANTED = {
    "services know nothing of each other": ("services/ledger/commands.py", "import services.payments.domain"),
    "data flows one way through the rooms of a service": ("services/ledger/domain.py", "import services.ledger.api"),
    "data flows one way through the rooms of the gateway": (
        "services/gateway/clients.py",
        "import services.gateway.web",
    ),
    "the domain knows no framework and no input or output": ("services/identity/domain.py", "import asyncpg"),
    "commands and read models know neither HTTP nor Kafka": ("services/identity/commands.py", "import fastapi"),
    "the chassis knows the envelope, never a concrete event": ("libs/chassis/outbox.py", "import libs.events.ledger"),
    "libraries and services stand without the local stack": ("services/payments/app.py", "import deploy.local"),
    "the sandbox shares no code with what it tests": ("deploy/sandbox/autopay.py", "import libs.events.envelope"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder)}
    )


def skeleton(folder: Path) -> None:
    shutil.copy(PROJECT / "pyproject.toml", folder)
    files = [f"services/{service}/{room}.py" for service in SERVICES for room in ROOMS]
    files += [f"services/gateway/{room}.py" for room in ("__main__", "app", "web", "api", "clients")]
    files += [f"libs/events/{name}.py" for name in (*SERVICES, "envelope", "topics", "decoding")]
    files += ["libs/chassis/outbox.py", "deploy/local/__init__.py", "deploy/sandbox/autopay.py"]
    for name in files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        for package in (*file.relative_to(folder).parents,):
            if package != Path():
                (folder / package / "__init__.py").touch()


def test_the_import_contracts_hold() -> None:
    outcome = lint_imports(PROJECT)

    assert outcome.returncode == 0, outcome.stdout


def test_the_contracts_hold_on_the_empty_rooms_of_the_architecture(tmp_path: Path) -> None:
    skeleton(tmp_path)

    outcome = lint_imports(tmp_path)

    assert outcome.returncode == 0, outcome.stdout


def test_every_contract_is_seen_failing(tmp_path: Path) -> None:
    skeleton(tmp_path)
    for name, line in PLANTED.values():
        (tmp_path / name).write_text(line + "\n", encoding="utf-8")

    shown = lint_imports(tmp_path).stdout

    assert {name for name in PLANTED if f"{name} BROKEN" in shown} == set(PLANTED), shown


def test_a_room_that_is_not_in_the_plan_is_found(tmp_path: Path) -> None:
    skeleton(tmp_path)
    (tmp_path / "services" / "ledger" / "helpers.py").touch()

    outcome = lint_imports(tmp_path)

    assert outcome.returncode != 0
    assert "helpers" in outcome.stdout
