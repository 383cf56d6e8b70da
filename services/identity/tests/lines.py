"""Lines of people files for tests."""

import json
from typing import Any


def person_line(number: int = 1, **changes: Any) -> dict[str, Any]:
    """One person's line; a change of None leaves the field out."""
    line = {
        "person_id": f"P-{number:06}",
        "given_name": "Łucja",
        "family_name": f"Kowalska {number}",
        "login": f"K{100_000 + number}",
        "email": f"lucja.{number}@example.invalid",
    } | changes
    return {name: value for name, value in line.items() if value is not None}


def people_lines(count: int, **changes: Any) -> list[bytes]:
    """Lines of so many people."""
    return [encoded(person_line(number, **changes)) for number in range(1, count + 1)]


def encoded(line: object) -> bytes:
    """A line of a file."""
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"
