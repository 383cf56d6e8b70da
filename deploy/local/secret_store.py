"""The stack's passwords and keys: made at random when first asked for, kept in one file of mode 0600."""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from deploy.local.places import write_private

PASSWORD_BYTES = 24  # 192 random bits; the text has only letters, digits, - and _, so it needs no quoting anywhere
KEY_BYTES = 32


class SecretStore:
    """Named secrets, in `stack.json` below the stack's folder of secrets."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "stack.json"
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        if self._file.exists():
            self._known = json.loads(self._file.read_text(encoding="utf-8"))

    def has(self, name: str) -> bool:
        """Whether that secret has been made."""
        return name in self._known

    def password(self, name: str) -> str:
        """The password of that name."""
        return self._known.get(name) or self._keep(name, secrets.token_urlsafe(PASSWORD_BYTES))

    def key(self, name: str) -> bytes:
        """The 32-byte key of that name."""
        text = self._known.get(name) or self._keep(name, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
        return base64.b64decode(text)

    def text(self, name: str, make: Callable[[], str]) -> str:
        """The text kept under that name, such as the hash of a password; made when it is not there yet."""
        return self._known.get(name) or self._keep(name, make())

    def _keep(self, name: str, text: str) -> str:
        with self._lock:
            kept = self._known.setdefault(name, text)
            write_private(self._file, json.dumps(self._known, indent=1, sort_keys=True) + "\n")
        return kept
