"""The one strict way to read a record of an event topic: a fact, a type nobody here knows, or a reason to set it aside.

Only what can be told from the record alone is judged here; what needs memory (an id seen before, a charge issued
twice) is the reader's business.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Never, Self, TypeAlias

import msgspec
from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from libs.events import complaints
from libs.events.envelope import MAX_RECORD_BYTES, Envelope, EventData, canonical
from libs.events.topics import EVENTS, TOPICS

# Our own events nest 4 deep; beyond this somebody attacks a parser.
MAX_DEPTH: Final = 32
Headers: TypeAlias = Iterable[tuple[str, bytes | None]]

# Details go into headers, logs and panels.
MAX_DETAIL_CHARACTERS: Final = 200

_KNOWN_NAMES: Final = frozenset(event.type_name for event in EVENTS.values())
_TYPE_NAME: Final = re.compile(r"iok\.([A-Za-z]+)(?:\..*)?", re.DOTALL)
_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()
_STRUCTURED_MODE: Final = b"application/cloudevents"
_JSON_FORMAT: Final = b"application/cloudevents+json"


class Reason(StrEnum):
    """Why a record is bad in itself."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    BINARY_MODE = "binary_mode"
    CONTENT_TYPE = "content_type"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    NUL_CHARACTER = "nul_character"
    NOT_AN_ENVELOPE = "not_an_envelope"
    UNKNOWN_VERSION = "unknown_version"
    WRONG_TOPIC = "wrong_topic"
    KEY_IS_NOT_SUBJECT = "key_is_not_subject"
    SOURCE_NOT_ALLOWED = "source_not_allowed"
    DATA_AGAINST_SCHEMA = "data_against_schema"
    AMOUNT_OUT_OF_BOUNDS = "amount_out_of_bounds"
    DESCRIPTION_TOO_LONG = "description_too_long"
    LINES_DO_NOT_ADD_UP = "lines_do_not_add_up"


class Rejected(Exception):  # noqa: N818  a verdict about a record, not an error of ours
    """The record is to be set aside: `reason` for machines, `detail` (Polish, at most 200 characters) for operators."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keep the verdict; a detail too long is cut."""
        self.reason = reason
        self.detail = detail[:MAX_DETAIL_CHARACTERS]
        super().__init__(f"{reason}: {self.detail}")


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A record that holds.

    `content_digest` is the SHA-256 of its canonical `type` and `data`, to tell repeats by; `spelling` that `data`.
    `envelope` and `data` may be the models' lean twins, which have the same attributes.
    """

    envelope: Envelope
    data: EventData
    content_digest: bytes
    spelling: bytes

    @classmethod
    def of(cls, envelope: Envelope, data: EventData) -> Self:
        """Take the digest."""
        spelling = canonical(envelope.data)
        return cls(envelope, data, _digest(envelope.type, spelling), spelling)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record of a type unknown here: counted, not judged."""

    type: str


def decode(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    *,
    company_sources: Collection[str],
    headers: Headers = (),
) -> Fact | Skipped:
    """Read one record of `topic` (logical name); raises Rejected for one that is bad in itself.

    `company_sources` are the CloudEvents sources that may write beside the owner where the topic allows it.
    """
    check_mode(headers)
    envelope = read_envelope(value)
    event_class = EVENTS.get(envelope.type)
    if event_class is None:
        return _unknown(envelope.type)
    if event_class.topic != topic:
        raise Rejected(Reason.WRONG_TOPIC, f"{envelope.type} należy do tematu {event_class.topic}")
    if key != envelope.subject.encode():
        raise Rejected(Reason.KEY_IS_NOT_SUBJECT, f"klucz jest inny niż subject {envelope.subject}")
    if not may_write(envelope.source, topic, company_sources):
        raise Rejected(Reason.SOURCE_NOT_ALLOWED, f"{envelope.source} nie może pisać na temat {topic}")
    return Fact.of(envelope, _read_data(event_class, envelope.data))


def may_write(source: str, topic: str, company_sources: Collection[str]) -> bool:
    """Whether `source` may write on `topic`: its owner, or a company system where the topic allows it."""
    spec = TOPICS[topic]
    return source == spec.owner or (spec.company_may_write and source in company_sources)


def content_digest(event_type: str, data: dict[str, JsonValue]) -> bytes:
    """Return the 32 bytes by which two records of one event id say the same or not."""
    return _digest(event_type, canonical(data))


def _digest(event_type: str, spelling: bytes) -> bytes:
    """SHA-256 of the canonical JSON of `type` and `data`, the latter spelt already."""
    return hashlib.sha256(b'{"data":%b,"type":%b}' % (spelling, _ENCODER.encode(event_type))).digest()


def read_envelope(value: bytes | None) -> Envelope:
    """Read a record's value as an envelope, whatever its type; raises Rejected."""
    fields = read_json(value)
    if not isinstance(fields, dict):
        raise Rejected(Reason.NOT_AN_ENVELOPE, "treść nie jest obiektem JSON")
    try:
        return Envelope.model_validate(fields)
    except ValidationError as error:
        detail = complaints.of_field(error.errors(include_url=False, include_input=False)[0])
        raise Rejected(Reason.NOT_AN_ENVELOPE, detail) from error


def read_data(envelope: Envelope) -> EventData:
    """Read the `data` of an envelope of a known type, such as one kept in a service's store; raises Rejected."""
    event_class = EVENTS.get(envelope.type)
    if event_class is None:
        raise Rejected(Reason.UNKNOWN_VERSION, f"nie znamy tu {envelope.type}")
    return _read_data(event_class, envelope.data)


def read_json(value: bytes | None) -> JsonValue:
    """Read JSON (RFC 8259, UTF-8) without any of the leniences that let two readers see two things; raises Rejected."""
    return read_spelt_json(value)[0]


def read_spelt_json(value: bytes | None) -> tuple[JsonValue, bytes]:
    """Read JSON as strictly, with it its own compact spelling: every text unescaped but for what JSON must escape."""
    if not value:
        raise Rejected(Reason.EMPTY, "rekord nie ma treści")
    if len(value) > MAX_RECORD_BYTES:
        raise Rejected(Reason.TOO_LARGE, f"{len(value)} bajtów, a może być {MAX_RECORD_BYTES}")
    try:
        decoded: JsonValue = _DECODER.decode(value)
    except RecursionError as error:
        raise Rejected(Reason.TOO_DEEP, f"zagnieżdżenie głębsze niż {MAX_DEPTH}") from error
    except UnicodeDecodeError as error:
        raise Rejected(Reason.NOT_UTF8, f"bajt {error.start} tekstu nie jest UTF-8") from error
    except msgspec.ValidationError as error:
        raise Rejected(Reason.NUMBER_OUT_OF_RANGE, "liczba jest za duża, żeby ją zapisać") from error
    except msgspec.DecodeError as error:
        raise Rejected(Reason.NOT_JSON, complaints.of_json(str(error))) from error
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH:
        _check_depth(decoded)
    if b"\\u0000" in value and _holds_nul(decoded):
        raise Rejected(Reason.NUL_CHARACTER, "tekst ze znakiem U+0000, którego nie można zapisać")
    # Equal bytes cannot hide a duplicate key; only other spellings pay for the slow look.
    spelt = _ENCODER.encode(decoded)
    if spelt != value:
        json.loads(value, object_pairs_hook=_unique)
    return decoded, spelt


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Rejected(Reason.DUPLICATE_KEY, f"pole {twice} jest w jednym obiekcie dwa razy")
    return found


def _check_depth(value: JsonValue) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise Rejected(Reason.TOO_DEEP, f"zagnieżdżenie głębsze niż {MAX_DEPTH}")


def _holds_nul(value: JsonValue) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    names = value if isinstance(value, dict) else ()
    return any("\x00" in name for name in names) or any(_holds_nul(child) for child in _children(value))


def _children(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def check_mode(headers: Headers) -> None:
    """Refuse binary mode and other formats by the headers; none at all is structured JSON."""
    content_type = b""
    binary = False
    for name, content in headers:
        if name.lower() == "content-type":
            content_type = (content or b"").split(b";")[0].strip().lower()
        elif name.lower().startswith("ce_"):
            binary = True
    if content_type.startswith(_STRUCTURED_MODE):
        if content_type != _JSON_FORMAT:
            raise Rejected(Reason.CONTENT_TYPE, f"{content_type.decode('utf-8', 'replace')} zamiast JSON")
    elif binary:
        raise Rejected(Reason.BINARY_MODE, "atrybuty są w nagłówkach ce_, a mają być w treści")


def _unknown(event_type: str) -> Skipped:
    """Skip a type of a name unknown here; a known name in an unknown version may be money and is set aside."""
    found = _TYPE_NAME.fullmatch(event_type)
    if found and found[1] in _KNOWN_NAMES:
        raise Rejected(Reason.UNKNOWN_VERSION, f"nie znamy tu {event_type}")
    return Skipped(event_type)


def _read_data(event_class: type[EventData], data: dict[str, JsonValue]) -> EventData:
    try:
        return event_class.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        _reject(error)


def _reject(error: ValidationError) -> Never:
    """Turn what pydantic found into one reason: a breach of the schema before amounts, texts and sums."""
    found = error.errors(include_url=False, include_input=False)
    judged = sorted(
        ((_reason(detail), complaints.of_field(detail)) for detail in found), key=lambda one: _ORDER[one[0]]
    )
    raise Rejected(*judged[0]) from error


_ORDER: Final = {reason: place for place, reason in enumerate(Reason)}
_BOUNDS: Final = frozenset({"greater_than_equal", "less_than_equal", "amount_zero"})


def _reason(detail: ErrorDetails) -> Reason:
    field = detail["loc"][-1] if detail["loc"] else ""
    kind = detail["type"]
    if kind == "lines_do_not_add_up":
        return Reason.LINES_DO_NOT_ADD_UP
    if kind == "string_too_long" and field == "description":
        return Reason.DESCRIPTION_TOO_LONG
    if kind in _BOUNDS and str(field).endswith("_grosze"):
        return Reason.AMOUNT_OUT_OF_BOUNDS
    return Reason.DATA_AGAINST_SCHEMA
