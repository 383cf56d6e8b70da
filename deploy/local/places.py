"""Where the local stack keeps what: everything it writes lies below `var/` (or below `IOK_VAR`)."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = 0o700  # folders of secrets, of data and of what is running
PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class Places:
    """The folders and files of one stack, all below `var`."""

    var: Path

    @classmethod
    def from_environment(cls) -> "Places":
        """The stack that `IOK_VAR` names, by default the checkout's own."""
        return cls(Path(os.environ.get("IOK_VAR", "") or ROOT / "var").resolve())

    @property
    def run(self) -> Path:
        """What is true only while the stack runs, and the services' environment files."""
        return self.var / "run"

    @property
    def run_file(self) -> Path:
        """The file by which others find the running stack."""
        return self.run / "stack.json"

    @property
    def lock_file(self) -> Path:
        """Held as long as a launcher or a supervisor of this stack lives."""
        return self.run / "stack.lock"

    @property
    def log(self) -> Path:
        """One log for each process."""
        return self.var / "log"

    @property
    def secrets(self) -> Path:
        """Passwords and keys made at the first start."""
        return self.var / "secrets"

    @property
    def kafka(self) -> Path:
        """The broker's settings and its log."""
        return self.var / "kafka"

    @property
    def postgres(self) -> Path:
        """The database server's home, where the account it runs under can reach it."""
        return self.var / "postgres"

    def make(self) -> None:
        """Create the folders; what holds secrets only its owner may enter."""
        self.var.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(exist_ok=True)
        for folder in (self.run, self.secrets, self.kafka):
            folder.mkdir(mode=PRIVATE, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
