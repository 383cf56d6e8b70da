"""A record's payload as an operator may see it: its shape and its envelope, no value that could be about a person."""

import json
from typing import Any, Final

OPEN_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "type", "source", "time", "subject", "streamversion", "datacontenttype", "dataschema",
     "correlationid", "causationid"}
)  # fmt: skip
SHOWN_CHARACTERS: Final = 8_000
SHOWN_ITEMS: Final = 20
SHOWN_DEPTH: Final = 8
OPEN_VALUE_CHARACTERS: Final = 100
KINDS: Final = {bool: "••• (prawda/fałsz)", int: "••• (liczba)", float: "••• (liczba)"}


def masked(value: bytes | None) -> str:
    """Describe a payload: JSON with its values hidden, or only its size when it is no JSON object."""
    if value is None:
        return "(brak treści)"
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return f"(to nie jest JSON: {len(value)} B)"
    if not isinstance(read, dict):
        return f"(JSON, ale nie obiekt: {_hidden(read, 0)})"
    shape = {
        _name(name): _open(inner) if name in OPEN_ATTRIBUTES else _hidden(inner, 0)
        for name, inner in list(read.items())[:SHOWN_ITEMS]
    }
    return json.dumps(shape, ensure_ascii=False, indent=2)[:SHOWN_CHARACTERS]


def _open(value: Any) -> Any:
    if isinstance(value, str):
        return value[:OPEN_VALUE_CHARACTERS]
    return value if isinstance(value, int | float | None) else _hidden(value, 0)


def _hidden(value: Any, depth: int) -> Any:
    match value:
        case dict() if depth < SHOWN_DEPTH:
            return {_name(name): _hidden(inner, depth + 1) for name, inner in list(value.items())[:SHOWN_ITEMS]}
        case list() if depth < SHOWN_DEPTH:
            return [_hidden(inner, depth + 1) for inner in value[:SHOWN_ITEMS]]
        case None:
            return None
        case str():
            return f"••• (tekst, {len(value)} zn.)"
        case _:
            return KINDS.get(type(value), "••• (głębiej)")


def _name(name: str) -> str:
    return name[:OPEN_VALUE_CHARACTERS]
