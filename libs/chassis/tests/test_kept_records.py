"""What is kept of a record is all of it."""

from typing import Any, cast

from libs.chassis.kafka import Record
from libs.chassis.kept_records import columns_of, headers_as_json, record_of, storable

NAMES = ("topic", "topic_id", "partition", "offset", "key", "value", "headers")
WHOLE = Record("iok.charges", "id-1", 3, 8, b"L-1", b"\x00\xff", (("content-type", b"application/x"), ("odd", b"\xff")))
EMPTY = Record("iok.charges", "id-1", 3, 9, None, None)


def test_a_record_that_was_kept_is_read_again_byte_for_byte() -> None:
    rows = [dict(zip(NAMES, values, strict=True)) for values in zip(*columns_of([WHOLE, EMPTY]), strict=True)]
    assert [record_of(cast("Any", row)) for row in rows] == [WHOLE, EMPTY]


def test_a_header_without_a_value_is_kept_as_an_empty_one() -> None:
    assert headers_as_json(cast("Any", [("trace", None)])) == '[["trace", ""]]'


def test_a_detail_that_quotes_a_nul_character_can_be_stored() -> None:
    assert storable("a\x00b") == "ab"
