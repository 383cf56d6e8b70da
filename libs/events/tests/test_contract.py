"""The published contract: documents are what the models say, a version once published stays, old records are read."""

import copy
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from libs.events import documents
from libs.events.__main__ import main
from libs.events.compatibility import incompatibilities
from libs.events.decoding import Fact, Reason, decode
from libs.events.tests.bad_records import COMPANY_SOURCES, BadRecord, bad_records
from libs.events.topics import EVENTS, TOPICS, dead_letter_topic

FOLDER = documents.FOLDER
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
Change = Callable[[dict[str, Any]], object]


def published(event_type: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / "schemas" / f"{event_type}.json").read_text())
    return schema


@cache
def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / documents.ASYNCAPI).read_text())
    return document


@pytest.fixture
def published_copy(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER / "schemas", tmp_path / "schemas")
    shutil.copy(FOLDER / documents.ASYNCAPI, tmp_path)
    return tmp_path


def test_the_checked_in_documents_are_what_the_models_say() -> None:
    assert documents.differences() == [], "run python -m libs.events"


def test_no_model_breaks_a_published_version() -> None:
    assert documents.breaking_changes() == [], "make a new version beside the old"


def test_a_document_changed_by_hand_missing_or_left_over_is_found(published_copy: Path) -> None:
    (published_copy / "schemas/envelope.json").write_text("{}")
    (published_copy / "schemas/iok.Gone.v1.json").write_text("{}")
    (published_copy / documents.ASYNCAPI).unlink()
    assert documents.differences(published_copy) == [
        documents.ASYNCAPI,
        "schemas/envelope.json",
        "schemas/iok.Gone.v1.json",
    ]
    documents.write(published_copy)
    assert documents.differences(published_copy) == ["schemas/iok.Gone.v1.json"]


def test_a_model_that_lost_a_published_field_or_vanished_is_found(published_copy: Path) -> None:
    path = published_copy / "schemas/iok.LeaseEnded.v1.json"
    schema = json.loads(path.read_text())
    schema["properties"]["reason"] = {"type": "string"}
    path.write_text(json.dumps(schema))
    shutil.copy(path, published_copy / "schemas/iok.Gone.v1.json")
    assert documents.breaking_changes(published_copy) == [
        "schemas/iok.Gone.v1.json: no model makes it any more",
        "schemas/iok.LeaseEnded.v1.json: data.reason: removed",
    ]


def test_the_command_writes_what_is_missing_and_refuses_what_breaks(published_copy: Path) -> None:
    folder = ["--folder", str(published_copy)]
    (published_copy / documents.ASYNCAPI).unlink()
    assert main(["--check", *folder]) == 1
    assert main(folder) == 0
    assert main(["--check", *folder]) == 0
    path = published_copy / "schemas/iok.LeaseEnded.v1.json"
    broken = path.read_text().replace('"ended_on"', '"over_on"')
    path.write_text(broken)
    assert main(folder) == 1
    assert path.read_text() == broken


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]
    return found


def _line(schema: dict[str, Any]) -> dict[str, Any]:
    return _properties(schema["$defs"]["Line"])


BREAKING: dict[str, tuple[str, Change]] = {
    "a field removed": ("ChargeIssued", lambda s: _properties(s).pop("month")),
    "a line's field removed": ("ChargeIssued", lambda s: _line(s).pop("unit")),
    "an optional field made required": ("LeaseSigned", lambda s: s["required"].append("ends_on")),
    "a required field made optional": ("ChargeIssued", lambda s: s["required"].remove("due_on")),
    "a new field that is required": (
        "ChargeIssued",
        lambda s: (_properties(s).update(note={"type": "string"}), s["required"].append("note")),
    ),
    "a null no longer taken": ("LeaseSigned", lambda s: _properties(s)["ends_on"]["anyOf"].pop()),
    "a nullable type changed": (
        "LeaseSigned",
        lambda s: _properties(s)["ends_on"]["anyOf"][0].update(type="integer"),
    ),
    "another type": ("ChargeIssued", lambda s: _properties(s)["charge_id"].update(type="integer")),
    "a smaller maximum": ("ChargeIssued", lambda s: _properties(s)["amount_grosze"].update(maximum=10**9)),
    "a greater minimum": ("LeaseSigned", lambda s: _properties(s)["persons"].update(minimum=1)),
    "a new bound": ("ChargeIssued", lambda s: _properties(s)["charge_id"].update(maxLength=8)),
    "shorter texts": ("ChargeIssued", lambda s: _line(s)["description"].update(maxLength=40)),
    "fewer items": ("ChargeIssued", lambda s: _properties(s)["lines"].update(maxItems=3)),
    "another pattern": ("ChargeIssued", lambda s: _properties(s)["charge_id"].update(pattern="^[0-9]+$")),
    "another format": ("ChargeIssued", lambda s: _properties(s)["due_on"].update(format="date-time")),
    "a value less": ("ChargeIssued", lambda s: _line(s)["vat_rate"]["enum"].remove("zw")),
    "certain values only": ("ChargeIssued", lambda s: _line(s)["component"].update(enum=["rent"])),
    "zero no longer taken": (
        "ChargeIssued",
        lambda s: _line(s)["amount_grosze"].update({"not": {"const": 0}}),
    ),
    "no unknown fields": ("ChargeIssued", lambda s: s.update(additionalProperties=False)),
    "other names in a map": (
        "BalanceChanged",
        lambda s: _properties(s)["offsets"].update(patternProperties={"^iok$": {"type": "object"}}),
    ),
    "another map": (
        "BookSealed",
        lambda s: _properties(s["$defs"]["TopicOffsets"]).pop("id"),
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_of_a_published_schema_is_found(name: str) -> None:
    event_name, change = BREAKING[name]
    old = published(f"iok.{event_name}.v1")
    new = copy.deepcopy(old)
    change(new)
    assert incompatibilities(old, new)


HARMLESS: dict[str, Change] = {
    "no change": lambda s: s,
    "a new optional field": lambda s: _properties(s).update(note={"type": "string"}),
    "a new optional field of a line": lambda s: _line(s).update(note={"type": "string"}),
    "a greater maximum": lambda s: _properties(s)["amount_grosze"].update(maximum=10**12),
    "a bound dropped": lambda s: _properties(s)["lines"].pop("maxItems"),
    "a value more": lambda s: _line(s)["vat_rate"]["enum"].append("7"),
    "a required field that may be null": lambda s: _properties(s).update(
        month={"anyOf": [_properties(s)["month"], {"type": "null"}]},
    ),
    "other words": lambda s: s.update(description="The same, said better."),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_an_additive_change_is_compatible(name: str) -> None:
    old = published("iok.ChargeIssued.v1")
    new = copy.deepcopy(old)
    HARMLESS[name](new)
    assert incompatibilities(old, new) == []


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_a_record_of_every_version_ever_published_stays_readable(path: Path) -> None:
    record = json.loads(path.read_text())
    topic = EVENTS[record["type"]].topic
    fact = decode(topic, record["subject"].encode(), path.read_bytes(), company_sources=())
    assert isinstance(fact, Fact)
    assert fact.data.to_data() == record["data"]
    jsonschema.validate(record["data"], published(record["type"]))


def test_every_event_version_has_a_golden_record_and_every_golden_record_its_event() -> None:
    assert {json.loads(path.read_text())["type"] for path in GOLDEN} == set(EVENTS)


# JSON Schema takes 1.0 for an integer, and Python's `$` also matches before a last line break: readers see both.
UNSEEN_BY_SCHEMA = {"money as a float", "a line's money as a float", "an id that ends with a line break"}
IN_DATA = [
    record
    for record in bad_records()
    if record.reason in {Reason.DATA_AGAINST_SCHEMA, Reason.AMOUNT_OUT_OF_BOUNDS, Reason.DESCRIPTION_TOO_LONG}
    and record.name not in UNSEEN_BY_SCHEMA
]


@pytest.mark.parametrize("record", IN_DATA, ids=[record.name for record in IN_DATA])
def test_the_published_schema_refuses_what_a_reader_refuses(record: BadRecord) -> None:
    fields = json.loads(record.value or b"")
    checker = jsonschema.Draft202012Validator(
        published(fields["type"]), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    assert not checker.is_valid(fields["data"])


def test_the_asyncapi_document_has_a_channel_per_topic_and_a_message_per_event() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in document["channels"].values()} == set(TOPICS)
    assert set(document["components"]["messages"]) == set(EVENTS)
    for topic in TOPICS.values():
        named = document["channels"][topic.name]["messages"].values()
        assert [one["$ref"].rpartition("/")[2] for one in named] == [event.event_type() for event in topic.events]


def test_the_asyncapi_document_says_what_a_client_must_set() -> None:
    document = asyncapi()
    assert "partitioner=murmur2_random" in document["info"]["description"]
    assert document["components"]["securitySchemes"]["scram"]["type"] == "scramSha512"
    assert {channel["x-partitioner"] for channel in document["channels"].values()} == {"murmur2_random"}


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    references = list(_references(document))
    assert references
    for reference in references:
        path, _, pointer = reference.partition("#/")
        target = document if not path else json.loads((FOLDER / path).read_text())
        for step in pointer.split("/") if pointer else ():
            target = target[step]


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [str(value["$ref"])] if "$ref" in value else []
        return own + [found for child in value.values() for found in _references(child)]
    return [found for child in value for found in _references(child)] if isinstance(value, list) else []


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_every_published_example_is_a_fact(event_type: str) -> None:
    message = asyncapi()["components"]["messages"][event_type]
    for example in message["examples"]:
        record = example["payload"]
        value = json.dumps(record).encode()
        topic = EVENTS[event_type].topic
        assert isinstance(
            decode(topic, record["subject"].encode(), value, company_sources=COMPANY_SOURCES),
            Fact,
        )
        jsonschema.validate(record, json.loads((FOLDER / documents.ENVELOPE_SCHEMA).read_text()))


def test_topics_are_kept_and_written_as_the_design_says() -> None:
    assert {
        topic.name: (topic.owner, topic.partitions, topic.cleanup, topic.company_may_write) for topic in TOPICS.values()
    } == {
        "iok.leases": ("iok/ledger", 12, "delete", True),
        "iok.charges": ("iok/ledger", 12, "delete", True),
        "iok.payments": ("iok/payments", 12, "delete", False),
        "iok.transfers": ("iok/payments", 12, "delete", False),
        "iok.accounts": ("iok/identity", 12, "delete", False),
        "iok.correspondence": ("iok/correspondence", 12, "delete", False),
        "iok.balances": ("iok/ledger", 12, "compact", False),
        "iok.seals": ("iok/ledger", 1, "delete", False),
    }
    assert {topic.retention_ms for topic in TOPICS.values()} == {-1}
    assert all(event.topic == topic.name for topic in TOPICS.values() for event in topic.events)


def test_dead_letters_are_kept_for_90_days() -> None:
    topic = dead_letter_topic("ledger")
    assert (topic.name, topic.retention_ms, topic.service) == ("iok.ledger.dead-letters", 7_776_000_000, "ledger")
