"""What a reader of a topic may rely on: a record is a fact, unknown, or set aside for one reason."""

import json
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.decoding import MAX_DETAIL_CHARACTERS, Fact, Reason, Rejected, Skipped, content_digest, decode
from libs.events.envelope import EventData, encode
from libs.events.examples import EXAMPLES, example_envelope
from libs.events.ledger import ChargeIssued
from libs.events.tests.bad_records import COMPANY_SOURCES, STRUCTURED, BadRecord, Fields, bad_records, dump, good
from libs.events.topics import CHARGES, EVENTS

BAD = bad_records()
ENGLISH = re.compile(
    r"\b(the|is|not|no|at|and|or|on|should|must|input|field|value|required|out of|byte)\b", re.IGNORECASE
)


def read(fields: Fields, value: bytes | None = None) -> Fact | Skipped:
    key = str(fields["subject"]).encode()
    return decode(CHARGES, key, value or dump(fields), company_sources=COMPANY_SOURCES, headers=STRUCTURED)


def verdict(record: BadRecord) -> Rejected:
    with pytest.raises(Rejected) as rejected:
        decode(record.topic, record.key, record.value, company_sources=COMPANY_SOURCES, headers=record.headers)
    return rejected.value


@pytest.mark.parametrize("record", BAD, ids=[record.name for record in BAD])
def test_a_bad_record_is_set_aside_for_its_reason(record: BadRecord) -> None:
    rejected = verdict(record)
    assert rejected.reason is record.reason, rejected.detail
    assert 0 < len(rejected.detail) <= MAX_DETAIL_CHARACTERS
    assert not ENGLISH.search(rejected.detail), "it is told to Polish staff"


def test_there_are_at_least_45_kinds_of_bad_records_and_every_reason_has_one() -> None:
    assert len({record.name for record in BAD}) == len(BAD) >= 45
    assert {record.reason for record in BAD} == set(Reason)


@pytest.mark.parametrize("event", EXAMPLES, ids=[event.type_name for event in EXAMPLES])
def test_what_a_service_writes_is_read_back_as_it_was(event: EventData) -> None:
    envelope = example_envelope(event)
    fact = decode(event.topic, envelope.subject.encode(), encode(envelope), company_sources=())
    assert fact == Fact.of(envelope, event)
    assert fact.content_digest == content_digest(event.event_type(), event.to_data())


def test_every_event_has_exactly_one_example() -> None:
    assert sorted(event.event_type() for event in EXAMPLES) == sorted(EVENTS)


def _without_streamversion(fields: Fields) -> None:
    del fields["streamversion"]


def _without_optional_attributes(fields: Fields) -> None:
    del fields["datacontenttype"]
    del fields["dataschema"]


def _with_unknown_fields(fields: Fields) -> None:
    fields["partitionkey"] = "x"
    fields["data"]["note"] = {"amount": 1.5, "big": 10**30, "empty": None}
    fields["data"]["lines"][0]["note"] = ["\x01", "\\u0000"]


def _with_nulls(fields: Fields) -> None:
    fields["correlationid"] = None


def _with_an_id_in_capitals(fields: Fields) -> None:
    fields["id"] = fields["id"].upper()


def _with_nanoseconds(fields: Fields) -> None:
    fields["time"] = "2026-11-14T09:00:00.123456789+00:00"


def _with_80_characters(fields: Fields) -> None:
    fields["data"]["lines"][0]["description"] = "ż" * 80


@pytest.mark.parametrize(
    "change",
    [
        _without_streamversion,
        _without_optional_attributes,
        _with_unknown_fields,
        _with_nulls,
        _with_an_id_in_capitals,
        _with_nanoseconds,
        _with_80_characters,
    ],
)
def test_what_a_company_system_may_do_differently_is_a_fact(change: Callable[[Fields], None]) -> None:
    fields = good("ChargeIssued", source="erp")
    change(fields)
    fact = read(fields)
    assert isinstance(fact, Fact)
    assert fact.envelope.id == fields["id"].lower()
    assert fact.envelope.data == fields["data"]


@pytest.mark.parametrize("spelling", [{"indent": 2}, {"separators": (", ", ": ")}, {"sort_keys": True}])
def test_the_spelling_of_the_json_changes_nothing(spelling: dict[str, object]) -> None:
    fields = good("ChargeIssued", source="erp")
    respelt = json.dumps(fields, **spelling).encode()  # type: ignore[arg-type]
    assert read(fields, respelt) == read(fields)


def test_headers_other_than_binary_ones_are_no_error() -> None:
    fields = good("ChargeIssued", source="erp")
    key = fields["subject"].encode()
    for headers in (
        (),
        (("content-type", b"application/cloudevents+json; charset=UTF-8"),),
        (("content-type", b"application/json"), ("trace", None)),
        (("content-type", b"application/cloudevents+json"), ("ce_id", b"copied, as the binding allows")),
    ):
        assert isinstance(decode(CHARGES, key, dump(fields), company_sources=("erp",), headers=headers), Fact)


@pytest.mark.parametrize("event_type", ["iok.PanelOpened.v1", "iok.chargeissued.v1", "com.example.ChargeIssued.v1"])
def test_an_unknown_type_is_skipped_whatever_else_it_says(event_type: str) -> None:
    fields = good("ChargeIssued", source="nobody knows") | {"type": event_type, "data": {"any": "thing"}}
    assert decode(CHARGES, None, dump(fields), company_sources=()) == Skipped(event_type)


def test_the_content_digest_sees_the_data_and_the_type_only() -> None:
    fields = good("ChargeIssued", source="erp")
    first = read(fields)
    again = read(fields | {"time": "2027-01-01T00:00:00Z", "streamversion": 9})
    other = read(fields | {"data": fields["data"] | {"note": 1}})
    assert isinstance(first, Fact)
    assert isinstance(again, Fact)
    assert isinstance(other, Fact)
    assert first.content_digest == again.content_digest != other.content_digest


def test_a_breach_of_the_schema_goes_before_a_sum_that_fails() -> None:
    fields = good("ChargeIssued", source="erp")
    fields["data"] |= {"amount_grosze": 0, "due_on": "tomorrow"}
    record = BadRecord("", CHARGES, b"lease-0007", dump(fields), STRUCTURED, Reason.DATA_AGAINST_SCHEMA)
    assert verdict(record).reason is Reason.DATA_AGAINST_SCHEMA


def test_a_verdict_never_repeats_what_a_field_said() -> None:
    fields = good("ChargeIssued", source="erp")
    fields["data"]["lines"][0]["description"] = "Jan Kowalski, 44051401458 " * 20
    record = BadRecord("", CHARGES, b"lease-0007", dump(fields), STRUCTURED, Reason.DESCRIPTION_TOO_LONG)
    assert "Kowalski" not in str(verdict(record))


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_set_aside_or_skipped(value: bytes) -> None:
    with suppress(Rejected):
        decode(CHARGES, b"lease-0007", value, company_sources=COMPANY_SOURCES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(ChargeIssued.model_fields)), json_values)
def test_no_value_of_a_field_does_more_than_be_set_aside(field: str, value: object) -> None:
    fields = good("ChargeIssued", source="erp")
    fields["data"][field] = value
    with suppress(Rejected):
        assert isinstance(read(fields, json.dumps(fields, allow_nan=True).encode()), Fact)
