"""Every kind of record that is bad in itself, with the reason it must be set aside for.

`bad_records(lease_id)` gives fresh ones; system tests send them through a real broker among good ones.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from libs.events.decoding import Reason
from libs.events.envelope import MAX_RECORD_BYTES, EventData, encode, new_event_id
from libs.events.examples import EXAMPLES, example_envelope
from libs.events.topics import CHARGES, LEASES, PAYMENTS

Headers = tuple[tuple[str, bytes], ...]
Fields = dict[str, Any]

STRUCTURED: Final[Headers] = (("content-type", b"application/cloudevents+json"),)
COMPANY_SOURCES: Final = ("erp",)


@dataclass(frozen=True)
class BadRecord:
    """One bad record: what is wrong with it (`name`), where it goes, its bytes, and why it must be set aside."""

    name: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    reason: Reason


def good(event_name: str, lease_id: str = "lease-0007", source: str | None = None) -> Fields:
    """Return a good envelope around the example of that name, as JSON-ready fields with a fresh id."""
    event = example(event_name)
    changes: Fields = {"id": new_event_id(), "subject": lease_id}
    envelope = example_envelope(event).model_copy(update=changes | ({"source": source} if source else {}))
    fields: Fields = json.loads(encode(envelope))
    return fields


def example(event_name: str) -> EventData:
    """Return the example of an event by its name, such as `ChargeIssued`."""
    return next(event for event in EXAMPLES if event.type_name == event_name)


def dump(fields: Any) -> bytes:
    """Spell JSON as our own services do."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def bad_records(lease_id: str = "lease-0007") -> tuple[BadRecord, ...]:
    """Return one record of every bad kind, keyed by that lease where the kind allows it."""
    return (
        *_bad_bytes(lease_id),
        *_bad_modes(lease_id),
        *_bad_envelopes(lease_id),
        *_bad_places(lease_id),
        *_bad_data(lease_id),
    )


def _charge(lease_id: str) -> bytes:
    return dump(good("ChargeIssued", lease_id, "erp"))


def _spliced(lease_id: str, extra: bytes) -> bytes:
    """Put raw JSON text of further members at the beginning of `data`."""
    return _charge(lease_id).replace(b'"data":{', b'"data":{' + extra + b",", 1)


def _bad_bytes(lease_id: str) -> Iterator[BadRecord]:
    charge = _charge(lease_id)
    deep = b'"note":' + b"[" * 40 + b"]" * 40
    rows: tuple[tuple[str, bytes | None, Reason], ...] = (
        ("no value at all", None, Reason.EMPTY),
        ("an empty value", b"", Reason.EMPTY),
        ("words instead of JSON", b"hello", Reason.NOT_JSON),
        ("only spaces", b"   ", Reason.NOT_JSON),
        ("JSON cut short", charge[:-7], Reason.NOT_JSON),
        ("something after the JSON", charge + b"{}", Reason.NOT_JSON),
        ("single quotes", charge.replace(b'"', b"'"), Reason.NOT_JSON),
        ("a comma too many", charge[:-1] + b",}", Reason.NOT_JSON),
        ("a comment", b"/* charge */" + charge, Reason.NOT_JSON),
        ("a raw line break in a text", charge.replace(b"Czynsz", b"Czy\nnsz"), Reason.NOT_JSON),
        ("a byte order mark", b"\xef\xbb\xbf" + charge, Reason.NOT_JSON),
        ("UTF-16", charge.decode().encode("utf-16"), Reason.NOT_JSON),
        ("half a surrogate pair", _spliced(lease_id, b'"note":"\\ud83d"'), Reason.NOT_JSON),
        ("Latin-2 letters", charge.decode().replace("ś", "ł").encode("iso-8859-2", "replace"), Reason.NOT_UTF8),
        ("NaN", _spliced(lease_id, b'"note":NaN'), Reason.NOT_JSON),
        ("Infinity", _spliced(lease_id, b'"note":Infinity'), Reason.NOT_JSON),
        ("a number beyond every double", _spliced(lease_id, b'"note":1e400'), Reason.NUMBER_OUT_OF_RANGE),
        ("an integer of 5,000 digits", _spliced(lease_id, b'"note":' + b"9" * 5000), Reason.NUMBER_OUT_OF_RANGE),
        ("a NUL in an unknown field", _spliced(lease_id, b'"note":["\\u0000"]'), Reason.NUL_CHARACTER),
        ("a NUL in an unknown name", _spliced(lease_id, b'"no\\u0000te":1'), Reason.NUL_CHARACTER),
        ("an attribute twice", charge[:-1] + b',"source":"erp"}', Reason.DUPLICATE_KEY),
        ("a field of data twice", _spliced(lease_id, b'"amount_grosze":78210'), Reason.DUPLICATE_KEY),
        ("a field twice, once escaped", _spliced(lease_id, b'"\\u0061mount_grosze":1'), Reason.DUPLICATE_KEY),
        ("a line's field twice", charge.replace(b'"unit":', b'"unit":"x","unit":', 1), Reason.DUPLICATE_KEY),
        ("an unknown field twice", _spliced(lease_id, b'"note":{"a":1,"a":1}'), Reason.DUPLICATE_KEY),
        ("a hundred thousand brackets", b"[" * 100_000, Reason.TOO_DEEP),
        ("an unknown field nested too deep", _spliced(lease_id, deep), Reason.TOO_DEEP),
        ("a record too large", _spliced(lease_id, b'"note":"' + b"x" * MAX_RECORD_BYTES + b'"'), Reason.TOO_LARGE),
        ("a list of events", b"[" + charge + b"]", Reason.NOT_AN_ENVELOPE),
        ("a JSON text", b'"charge"', Reason.NOT_AN_ENVELOPE),
        ("a JSON null", b"null", Reason.NOT_AN_ENVELOPE),
        ("an object without an envelope", dump(good("ChargeIssued")["data"]), Reason.NOT_AN_ENVELOPE),
    )
    for name, value, reason in rows:
        yield BadRecord(name, CHARGES, lease_id.encode(), value, STRUCTURED, reason)


def _bad_modes(lease_id: str) -> Iterator[BadRecord]:
    fields = good("ChargeIssued", lease_id, "erp")
    attributes = tuple((f"ce_{name}", str(value).encode()) for name, value in fields.items() if name != "data")
    data = dump(fields["data"])
    batch = (("content-type", b"application/cloudevents-batch+json"),)
    avro = (("Content-Type", b"application/cloudevents+avro"),)
    key = lease_id.encode()
    binary = Reason.BINARY_MODE
    yield BadRecord("binary mode", CHARGES, key, data, (("content-type", b"application/json"), *attributes), binary)
    yield BadRecord("binary mode without a content type", CHARGES, key, data, attributes, binary)
    yield BadRecord("the batch format", CHARGES, key, dump([fields]), batch, Reason.CONTENT_TYPE)
    yield BadRecord("the Avro format", CHARGES, key, b"\x00\x01", avro, Reason.CONTENT_TYPE)


def _bad_envelopes(lease_id: str) -> Iterator[BadRecord]:
    absent: tuple[str, ...] = ("specversion", "id", "type", "source", "time", "subject", "data")
    for name in absent:
        yield _spoilt(lease_id, f"no {name}", {}, without=name)
    rows: tuple[tuple[str, Fields], ...] = (
        ("an older specversion", {"specversion": "0.3"}),
        ("an id that is no UUID", {"id": "charge-17"}),
        ("a UUID without hyphens", {"id": "0193b2a46f1c7d3e9a553f2c8d1e7b60"}),
        ("a number as id", {"id": 17}),
        ("an empty type", {"type": ""}),
        ("a number as source", {"source": 1}),
        ("a control character in the source", {"source": "er\x01p"}),
        ("a time of another zone", {"time": "2026-11-14T10:00:00+01:00"}),
        ("a time without a zone", {"time": "2026-11-14T10:00:00"}),
        ("a time that never was", {"time": "2026-11-14T25:00:00Z"}),
        ("a time of a 30th February", {"time": "2026-02-30T10:00:00Z"}),
        ("a number as time", {"time": 1_794_650_400}),
        ("an empty subject", {"subject": ""}),
        ("a subject with a slash", {"subject": "lease/7"}),
        ("a subject of 65 characters", {"subject": "L" * 65}),
        ("a subject that ends with a line break", {"subject": "lease-0007\n"}),
        ("a streamversion of zero", {"streamversion": 0}),
        ("a streamversion as text", {"streamversion": "1"}),
        ("a streamversion with a fraction", {"streamversion": 1.0}),
        ("a streamversion that is true", {"streamversion": True}),
        ("a streamversion beyond int64", {"streamversion": 2**63}),
        ("XML as data", {"datacontenttype": "application/xml"}),
        ("a text as data", {"data": "amount 1"}),
        ("a list as data", {"data": []}),
        ("null as data", {"data": None}),
        ("an object as correlationid", {"correlationid": {}}),
    )
    for name, changes in rows:
        yield _spoilt(lease_id, name, changes)


def _spoilt(lease_id: str, name: str, changes: Fields, without: str = "") -> BadRecord:
    """A charge whose envelope was spoilt; its key is still the subject, unless that is what is missing."""
    fields = good("ChargeIssued", lease_id, "erp") | changes
    fields.pop(without, None)
    key = str(fields.get("subject", lease_id)).encode()
    return BadRecord(name, CHARGES, key, dump(fields), STRUCTURED, Reason.NOT_AN_ENVELOPE)


def _bad_places(lease_id: str) -> Iterator[BadRecord]:
    key = lease_id.encode()
    rows: tuple[tuple[str, str, str, bytes | None, Fields, Reason], ...] = (
        ("another lease's key", "ChargeIssued", CHARGES, b"lease-0008", {}, Reason.KEY_IS_NOT_SUBJECT),
        ("no key", "ChargeIssued", CHARGES, None, {}, Reason.KEY_IS_NOT_SUBJECT),
        ("an empty key", "ChargeIssued", CHARGES, b"", {}, Reason.KEY_IS_NOT_SUBJECT),
        ("a key of other bytes", "ChargeIssued", CHARGES, b"\xff\xfe", {}, Reason.KEY_IS_NOT_SUBJECT),
        ("a version to come", "ChargeIssued", CHARGES, key, {"type": "iok.ChargeIssued.v2"}, Reason.UNKNOWN_VERSION),
        ("a version zero", "ChargeIssued", CHARGES, key, {"type": "iok.ChargeIssued.v0"}, Reason.UNKNOWN_VERSION),
        ("no version", "ChargeIssued", CHARGES, key, {"type": "iok.ChargeIssued"}, Reason.UNKNOWN_VERSION),
        ("a charge among leases", "ChargeIssued", LEASES, key, {"source": "erp"}, Reason.WRONG_TOPIC),
        ("a payment among charges", "PaymentConfirmed", CHARGES, key, {"source": "erp"}, Reason.WRONG_TOPIC),
        ("a source nobody listed", "ChargeIssued", CHARGES, key, {"source": "erp2"}, Reason.SOURCE_NOT_ALLOWED),
        ("a source in capitals", "ChargeIssued", CHARGES, key, {"source": "ERP"}, Reason.SOURCE_NOT_ALLOWED),
        (
            "another service's source",
            "ChargeIssued",
            CHARGES,
            key,
            {"source": "iok/payments"},
            Reason.SOURCE_NOT_ALLOWED,
        ),
        ("a company's payment", "PaymentConfirmed", PAYMENTS, key, {"source": "erp"}, Reason.SOURCE_NOT_ALLOWED),
    )
    for name, event_name, topic, record_key, changes, reason in rows:
        value = dump(good(event_name, lease_id) | changes)
        yield BadRecord(name, topic, record_key, value, STRUCTURED, reason)


_SCHEMA: Final = Reason.DATA_AGAINST_SCHEMA
_AMOUNT: Final = Reason.AMOUNT_OUT_OF_BOUNDS
# What is wrong, the event, the place of the value in its data, the bad value, the reason.
_BAD_VALUES: Final[tuple[tuple[str, str, str, Any, Reason], ...]] = (
    ("money with a fraction", "ChargeIssued", "amount_grosze", 78210.5, _SCHEMA),
    ("money as a float", "ChargeIssued", "amount_grosze", 78210.0, _SCHEMA),
    ("money as a text", "ChargeIssued", "amount_grosze", "78210", _SCHEMA),
    ("money that is true", "ChargeIssued", "amount_grosze", True, _SCHEMA),
    ("money that is null", "ChargeIssued", "amount_grosze", None, _SCHEMA),
    ("a line's money as a float", "ChargeIssued", "lines.0.amount_grosze", 69890.0, _SCHEMA),
    ("a charge of nothing", "ChargeIssued", "amount_grosze", 0, _AMOUNT),
    ("a negative charge", "ChargeIssued", "amount_grosze", -78210, _AMOUNT),
    ("a charge above the bound", "ChargeIssued", "amount_grosze", 10**11 + 1, _AMOUNT),
    ("a charge beyond int64", "ChargeIssued", "amount_grosze", 2**63, _AMOUNT),
    ("a charge of 30 digits", "ChargeIssued", "amount_grosze", 10**30, _AMOUNT),
    ("a line above the bound", "ChargeIssued", "lines.0.amount_grosze", 10**11 + 1, _AMOUNT),
    ("a correction of nothing", "ChargeCorrected", "amount_grosze", 0, _AMOUNT),
    ("interest of nothing", "InterestCharged", "amount_grosze", 0, _AMOUNT),
    ("a correction below the bound", "ChargeCorrected", "amount_grosze", -(10**11) - 1, _AMOUNT),
    ("a negative payment", "PaymentConfirmed", "amount_grosze", -1, _AMOUNT),
    ("a negative deposit", "LeaseSigned", "deposit_grosze", -1, _AMOUNT),
    ("lines that do not add up", "ChargeIssued", "amount_grosze", 78211, Reason.LINES_DO_NOT_ADD_UP),
    ("no line at all", "ChargeIssued", "lines", [], Reason.LINES_DO_NOT_ADD_UP),
    ("a correction that does not add up", "ChargeCorrected", "amount_grosze", 1387, Reason.LINES_DO_NOT_ADD_UP),
    ("81 characters of text", "ChargeIssued", "lines.1.description", "ż" * 81, Reason.DESCRIPTION_TOO_LONG),
    ("81 characters in a lease", "LeaseSigned", "charge_lines.0.description", "x" * 81, Reason.DESCRIPTION_TOO_LONG),
    ("a NUL in a text", "ChargeIssued", "lines.0.description", "Czynsz\x00", Reason.NUL_CHARACTER),
    ("a line break in a text", "ChargeIssued", "lines.0.description", "Czynsz\nza 11", _SCHEMA),
    ("lines as an object", "ChargeIssued", "lines", {}, _SCHEMA),
    ("lines that are null", "ChargeIssued", "lines", None, _SCHEMA),
    ("a text as a line", "ChargeIssued", "lines.0", "Czynsz", _SCHEMA),
    ("an empty id", "ChargeIssued", "charge_id", "", _SCHEMA),
    ("an id with a space", "ChargeIssued", "charge_id", "charge 17", _SCHEMA),
    ("an id that ends with a line break", "ChargeIssued", "charge_id", "charge-17\n", _SCHEMA),
    ("an id with Polish letters", "ChargeIssued", "charge_id", "opłata", _SCHEMA),
    ("an id of 65 characters", "ChargeIssued", "charge_id", "c" * 65, _SCHEMA),
    ("a number as charge_id", "ChargeIssued", "charge_id", 17, _SCHEMA),
    ("a day that never was", "ChargeIssued", "due_on", "2026-02-30", _SCHEMA),
    ("a time as a date", "ChargeIssued", "due_on", "2026-11-16T00:00:00Z", _SCHEMA),
    ("a date in digits only", "ChargeIssued", "due_on", "20261116", _SCHEMA),
    ("a date in the Polish way", "ChargeIssued", "due_on", "16.11.2026", _SCHEMA),
    ("a date by week", "ChargeIssued", "due_on", "2026-W47-1", _SCHEMA),
    ("a number as a date", "ChargeIssued", "due_on", 1794650400, _SCHEMA),
    ("seconds in a text as a date", "ChargeIssued", "due_on", "1794650400", _SCHEMA),
    ("a date in other digits", "ChargeIssued", "due_on", "\u0662\u0660\u0662\u0666-\u0661\u0661-\u0661\u0666", _SCHEMA),
    ("a thirteenth month", "ChargeIssued", "month", "2026-13", _SCHEMA),
    ("a month of one digit", "ChargeIssued", "month", "2026-1", _SCHEMA),
    ("a day as a month", "ChargeIssued", "month", "2026-11-01", _SCHEMA),
    ("a VAT rate nobody has", "ChargeIssued", "lines.0.vat_rate", "22", _SCHEMA),
    ("a VAT rate as a number", "ChargeIssued", "lines.0.vat_rate", 23, _SCHEMA),
    ("a quantity as a number", "ChargeIssued", "lines.0.quantity", 48.2, _SCHEMA),
    ("a decimal comma", "ChargeIssued", "lines.0.quantity", "48,20", _SCHEMA),
    ("a decimal with an exponent", "ChargeIssued", "lines.0.unit_price", "1e3", _SCHEMA),
    ("a decimal that is NaN", "ChargeIssued", "lines.0.unit_price", "NaN", _SCHEMA),
    ("a decimal of 5,000 digits", "ChargeIssued", "lines.0.unit_price", "9" * 5000, _SCHEMA),
    ("a negative area", "LeaseSigned", "premises.usable_area_m2", "-48.20", _SCHEMA),
    ("an area as a number", "LeaseSigned", "premises.usable_area_m2", 48.2, _SCHEMA),
    ("premises of a kind unknown", "LeaseSigned", "premises.kind", "garage", _SCHEMA),
    ("an address in parts", "LeaseSigned", "premises.address", {"street": "Słowiańska"}, _SCHEMA),
    ("a role unknown", "LeaseSigned", "parties.0.role", "owner", _SCHEMA),
    ("persons below zero", "LeaseSigned", "persons", -1, _SCHEMA),
    ("persons that are true", "LeaseSigned", "persons", True, _SCHEMA),
    ("segregation as a text", "LeaseSigned", "waste_segregated", "true", _SCHEMA),
    ("segregation as a number", "LeaseSigned", "waste_segregated", 1, _SCHEMA),
    ("a due day of zero", "LeaseSigned", "due_day", 0, _SCHEMA),
    ("a due day of 32", "LeaseSigned", "due_day", 32, _SCHEMA),
    ("interest by our names", "InterestCharged", "from_on", "2026-11-17", _SCHEMA),
)


def _bad_data(lease_id: str) -> Iterator[BadRecord]:
    for event_name, field in (("ChargeIssued", "charge_id"), ("ChargeIssued", "lines"), ("LeaseSigned", "premises")):
        fields = good(event_name, lease_id)
        del fields["data"][field]
        yield _of(f"a {event_name} without {field}", event_name, fields, _SCHEMA)
    for name, event_name, place, value, reason in _BAD_VALUES:
        fields = good(event_name, lease_id)
        _put(fields["data"], place, value)
        if place == "from_on":
            del fields["data"]["from"]
        yield _of(name, event_name, fields, reason)


def _put(data: Any, place: str, value: Any) -> None:
    *path, last = (int(step) if step.isdigit() else step for step in place.split("."))
    for step in path:
        data = data[step]
    data[last] = value


def _of(name: str, event_name: str, fields: Fields, reason: Reason) -> BadRecord:
    return BadRecord(name, example(event_name).topic, fields["subject"].encode(), dump(fields), STRUCTURED, reason)
