"""The lean reading says what the models say: of every example, golden file, bad record and made-up one."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator

from libs.chassis.outbox import RELAYED
from libs.events.decoding import Fact, Headers, Rejected, Skipped, check_mode, decode
from libs.events.envelope import EventData, encode
from libs.events.examples import EXAMPLES, example_envelope
from libs.events.fields import DECIMAL, Part
from libs.events.lean import PLAIN_HEADERS, decode_lean
from libs.events.names import CHARGES, LEASES, PAYMENTS, TRANSFERS
from libs.events.tests.bad_records import COMPANY_SOURCES, STRUCTURED, BadRecord, bad_records, dump
from libs.events.twins import REMEMBERED_SPELLINGS, Spelling, twin_of

BOOK = [event for event in EXAMPLES if event.topic in {LEASES, CHARGES, PAYMENTS, TRANSFERS}]
BAD = bad_records()
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


def both(topic: str, key: bytes | None, value: bytes | None, headers: Headers = STRUCTURED) -> tuple[Any, Any]:
    """What the models say, and what the lean reading says: a fact, a skipped record or a verdict."""
    found: list[Any] = []
    for read in (decode, decode_lean):
        try:
            found.append(read(topic, key, value, company_sources=COMPANY_SOURCES, headers=headers))
        except Rejected as rejected:
            found.append(rejected)
    return found[0], found[1]


def agree(strict: Any, lean: Any) -> bool:
    if isinstance(strict, Rejected):
        return isinstance(lean, Rejected) and (strict.reason, strict.detail) == (lean.reason, lean.detail)
    if isinstance(strict, Skipped):
        return bool(strict == lean)
    return (
        isinstance(lean, Fact)
        and (strict.content_digest, strict.spelling) == (lean.content_digest, lean.spelling)
        and alike(strict.envelope, lean.envelope)
        and alike(strict.data, lean.data)
        and strict.data.event_class is lean.data.event_class
    )


def alike(model: Any, twin: Any) -> bool:
    """Whether a twin has every attribute of its model, down to the innermost parts."""
    if isinstance(model, BaseModel):
        return all(alike(getattr(model, name), getattr(twin, name)) for name in type(model).model_fields)
    if isinstance(model, tuple):
        return len(model) == len(twin) and all(map(alike, model, twin))
    return bool(model == twin and type(model) is type(twin))


@pytest.mark.parametrize("event", BOOK, ids=[event.type_name for event in BOOK])
def test_a_plainly_good_record_is_read_without_its_model_and_says_the_same(event: EventData) -> None:
    envelope = example_envelope(event)
    strict, lean = both(event.topic, envelope.subject.encode(), encode(envelope))
    assert agree(strict, lean)
    assert not isinstance(lean.data, EventData)


def test_what_our_own_relays_send_has_plain_headers_that_the_models_take_too() -> None:
    assert RELAYED in PLAIN_HEADERS
    for headers in PLAIN_HEADERS:
        check_mode(headers)


@pytest.mark.parametrize("record", BAD, ids=[record.name for record in BAD])
def test_a_bad_record_gets_the_same_verdict(record: BadRecord) -> None:
    strict, lean = both(record.topic, record.key, record.value, record.headers)
    assert isinstance(lean, Rejected)
    assert agree(strict, lean)


@pytest.mark.parametrize("file", GOLDEN, ids=[file.stem for file in GOLDEN])
def test_old_records_say_the_same(file: Path) -> None:
    value = file.read_bytes()
    fields = json.loads(value)
    for topic in {event.topic for event in EXAMPLES if event.event_type() == fields["type"]}:
        assert agree(*both(topic, fields["subject"].encode(), value))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a JSON document."""
    yield path
    steps: Sequence[Any] = (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for step in steps:
        yield from places(value[step], (*path, step))


ENVELOPES = [json.loads(encode(example_envelope(event))) for event in BOOK]
PLACES = [(n, path) for n, envelope in enumerate(ENVELOPES) for path in places(envelope) if path]
TEXTS = st.text(max_size=4) | st.sampled_from(
    [
        "",
        "0",
        "1.50",
        "-1",
        "1e3",
        "01",
        "2026-02-30",
        "2026-11-02\n",
        "ZW",
        "zw",
        "x" * 65,
        "\x7f",
        "\x85",
        "ż" * 81,
        '"\\',
    ]
)
VALUES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.sampled_from([0, 10**11, 10**11 + 1, 1.0, -0.5])
) | (TEXTS | st.lists(TEXTS, max_size=2) | st.dictionaries(TEXTS, TEXTS, max_size=2))


@settings(max_examples=400)
@given(st.sampled_from(PLACES), VALUES, st.booleans())
def test_whatever_stands_in_a_field_both_say_the_same(
    place: tuple[int, tuple[Any, ...]], value: Any, escaped: bool
) -> None:
    n, (*path, last) = place
    fields = json.loads(json.dumps(ENVELOPES[n]))
    parent = fields
    for step in path:
        parent = parent[step]
    parent[last] = value
    spelt = json.dumps(fields).encode() if escaped else dump(fields)
    subject = fields["subject"]
    key = subject.encode("utf-8", "replace") if isinstance(subject, str) else b"lease-0007"
    assert agree(*both(BOOK[n].topic, key, spelt))


def test_spellings_are_remembered_up_to_a_limit() -> None:
    spelling = Spelling(DECIMAL)
    assert [spelling[text] for text in ("1.50", "1.50", "1.5.0", "1.50\n")] == [True, True, False, False]
    for number in range(2 * REMEMBERED_SPELLINGS):
        assert spelling[str(number)]
    assert len(spelling) <= REMEMBERED_SPELLINGS


class _Odd(Part):
    when: Annotated[str, BeforeValidator(str.strip)]


def test_a_model_with_a_rule_that_twins_do_not_know_has_none() -> None:
    with pytest.raises(TypeError, match="know nothing of"):
        twin_of(_Odd)


def test_a_twin_is_made_once() -> None:
    assert twin_of(type(BOOK[0])) is twin_of(type(BOOK[0]))
    assert issubclass(twin_of(type(BOOK[0])).struct, msgspec.Struct)
