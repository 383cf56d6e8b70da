"""The envelope every event travels in (CloudEvents 1.0, structured mode) and the base of what it carries.

The pydantic models here are the source of the published schemas; a message is checked against them at every edge.
"""

import re
import secrets
import time as clock
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, ClassVar, Final, Literal, Self

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    InstanceOf,
    JsonValue,
    WithJsonSchema,
)

from libs.events.fields import NO_CONTROL_CHARACTERS, Id

MAX_RECORD_BYTES: Final = 256 * 1024
CONTENT_TYPE: Final = "application/cloudevents+json"

_UTC_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?(Z|\+00:00)",
)
_MAX_BIGINT: Final = 2**63 - 1


class EventData(BaseModel):
    """Base of every event: an immutable, self-contained fact in the past tense.

    Unknown fields are ignored (new ones may come within a version), values are never coerced. A later version of an
    event is a class of its own with the same `type_name` and the next `schema_version`.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )

    type_name: ClassVar[str]
    schema_version: ClassVar[int] = 1
    topic: ClassVar[str]
    event_class: ClassVar[type["EventData"]]  # what it is, told alike by an event and by its lean twin
    _optional: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Name the event after its class unless the class says otherwise."""
        if "type_name" not in cls.__dict__:
            cls.type_name = cls.__name__
        cls.event_class = cls
        cls._optional = frozenset(name for name, field in cls.model_fields.items() if not field.is_required())

    @classmethod
    def event_type(cls) -> str:
        """Return the CloudEvents type, such as `iok.ChargeIssued.v1`."""
        return f"iok.{cls.type_name}.v{cls.schema_version}"

    def to_data(self) -> dict[str, JsonValue]:
        """Return the event as the JSON object that goes into `data`: ISO dates, absent optional fields left out."""
        absent = {name for name in self._optional if getattr(self, name) is None}
        return self.model_dump(mode="json", by_alias=True, exclude=absent or None)


def _utc_time(text: str) -> str:
    found = _UTC_TIME.fullmatch(text)
    if not found:
        message = "must be a time in UTC by RFC 3339, such as 2026-11-23T15:22:00.123456Z"
        raise ValueError(message)
    datetime.fromisoformat(text)
    return text


def rfc3339(moment: datetime) -> str:
    """Return an aware `moment` as RFC 3339 in UTC with microseconds; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        message = "a moment needs its time zone"
        raise ValueError(message)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Attribute = Annotated[str, Field(min_length=1, max_length=256, pattern=NO_CONTROL_CHARACTERS)]
EventId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        json_schema_extra={"format": "uuid"},
    ),
    AfterValidator(str.lower),
]
UtcTimeText = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"}), AfterValidator(_utc_time)]


class Envelope(BaseModel):
    """One record of a topic: CloudEvents attributes, ours (`streamversion` and the tracing ones), and `data`.

    `id` is a UUID in lower case (an upper-case one is the same id), `time` the text as it came, `subject` the Kafka
    key. `streamversion` counts 1, 2, 3 per (topic, subject, source) and may be missing from a company system.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    specversion: Literal["1.0"]
    id: EventId
    type: Attribute
    source: Attribute
    time: UtcTimeText
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Attribute | None = None
    subject: Id
    streamversion: Annotated[int, Field(ge=1, le=_MAX_BIGINT)] | None = None
    correlationid: Attribute | None = None
    causationid: Attribute | None = None
    traceparent: Attribute | None = None
    # InstanceOf: a record's JSON was read strictly already; walking it again costs more than all other checks.
    data: Annotated[dict[str, JsonValue], InstanceOf(), WithJsonSchema({"type": "object"})]

    @classmethod
    def carrying(cls, event: EventData, *, event_id: str, source: str, at: datetime, subject: str) -> Self:
        """Wrap `event` recorded `at` an aware moment; add `streamversion` and tracing by `model_copy(update=...)`."""
        return cls(
            specversion="1.0",
            id=event_id,
            type=event.event_type(),
            source=source,
            time=rfc3339(at),
            dataschema=f"urn:{event.event_type().replace('.', ':')}",
            subject=subject,
            data=event.to_data(),
        )

    @property
    def recorded_at(self) -> datetime:
        """The `time` as an aware datetime (digits below a microsecond cut off)."""
        return datetime.fromisoformat(self.time)


_ATTRIBUTES: Final = tuple(Envelope.model_fields)
_values: Final = attrgetter(*_ATTRIBUTES)
_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


def canonical(value: JsonValue) -> bytes:
    """Return the one spelling of a JSON value that digests are taken of: sorted keys, UTF-8 unescaped, no spaces."""
    return _CANONICAL.encode(value)


def encode(envelope: Envelope) -> bytes:
    """Return the record's value: compact JSON, attributes in the order of the class, absent ones left out."""
    attributes = zip(_ATTRIBUTES, _values(envelope), strict=True)
    return msgspec.json.encode({name: value for name, value in attributes if value is not None})


def new_event_id() -> str:
    """Return a fresh UUID version 7: ids made one after another sort in that order."""
    return uuid7(clock.time_ns(), secrets.randbits(62))


def uuid7(unix_ns: int, random_62_bits: int) -> str:
    """Return the UUID version 7 of a Unix time in nanoseconds (RFC 9562 §6.2, method 3: 12 bits of sub-millisecond)."""
    unix_ms, rest_ns = divmod(unix_ns, 1_000_000)
    fraction = (rest_ns << 12) // 1_000_000
    number = unix_ms << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random_62_bits
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
