"""Where the demo keeps what, and where it finds the running system."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PRIVATE_FILE: Final = 0o600


class DemoError(Exception):
    """The demo company cannot be loaded; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Places:
    """The demo's files, all below `var/` (or `IOK_VAR`), and the run file of the stack."""

    var: Path
    run_file: Path

    @classmethod
    def from_environment(cls) -> "Places":
        """Take `IOK_VAR` and, while the stack is still starting, `IOK_RUN_FILE` from the environment."""
        var = Path(os.environ.get("IOK_VAR", "") or ROOT / "var").resolve()
        return cls(var, Path(os.environ.get("IOK_RUN_FILE", "") or var / "run" / "stack.json"))

    @property
    def export(self) -> Path:
        """The company's export."""
        return self.var / "demo" / "export"

    @property
    def letters(self) -> Path:
        """The letters to the people whom the demo signs in as."""
        return self.var / "demo" / "letters"

    @property
    def passwords(self) -> Path:
        """The passwords that these people choose, written down before they are set."""
        return self.var / "demo" / "passwords.json"

    @property
    def people(self) -> Path:
        """Who can sign in, as the run file tells it; there once the company is loaded."""
        return self.var / "demo" / "people.json"

    @property
    def loaded(self) -> Path:
        """Which export was loaded last."""
        return self.var / "demo" / "loaded.json"

    def service_urls(self) -> dict[str, str]:
        """Give service -> address.

        Raises:
            DemoError: nothing runs.
        """
        try:
            services = json.loads(self.run_file.read_text(encoding="utf-8"))["services"]
        except FileNotFoundError as error:
            raise DemoError(f"nothing runs here ({self.run_file} is missing): start it by `make up`") from error
        return {name: row["url"] for name, row in services.items()}


def write_private(path: Path, content: Any) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.write("\n")
    draft.replace(path)


def read_json(path: Path) -> Any:
    """Read JSON, or give None where there is no such file or no JSON in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
