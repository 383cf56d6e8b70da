"""Records kept in tables as they came (set aside, put off, accepted), and read again from there."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from libs.chassis.kafka import Header, Record
from libs.chassis.postgres import Row


def columns_of(records: Sequence[Record]) -> list[list[Any]]:
    """The records turned into the arrays that `unnest` takes: topic, id, partition, offset, key, value, headers."""
    return [
        [record.topic for record in records],
        [record.topic_id for record in records],
        [record.partition for record in records],
        [record.offset for record in records],
        [record.key for record in records],
        [record.value for record in records],
        [headers_as_json(record.headers) for record in records],
    ]


def record_of(row: Row) -> Record:
    """The record that lies in a row with these columns."""
    headers = tuple((name, bytes.fromhex(value)) for name, value in json.loads(row["headers"]))
    return Record(row["topic"], row["topic_id"], row["partition"], row["offset"], row["key"], row["value"], headers)


def headers_as_json(headers: Iterable[Header]) -> str:
    """Headers as pairs of name and hexadecimal value: they may hold any bytes; a client may also send none."""
    return json.dumps([[name, (value or b"").hex()] for name, value in headers])


def storable(text: str) -> str:
    """A text as PostgreSQL can keep it: it may quote what was read, and that may hold U+0000."""
    return text.replace("\x00", "")
