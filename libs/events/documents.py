"""The published contract, made from the models: a JSON Schema for every event version, and one AsyncAPI document."""

import json
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, JsonValue
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema
from pydantic_core.core_schema import ComputedField, ModelField

from libs.events.compatibility import Schema, incompatibilities
from libs.events.envelope import CONTENT_TYPE, Envelope, EventData
from libs.events.examples import EXAMPLES, example_envelope
from libs.events.topics import EVENTS, TOPICS, TopicSpec

FOLDER: Final = Path(__file__).parent
ASYNCAPI: Final = "asyncapi.yaml"
ENVELOPE_SCHEMA: Final = "schemas/envelope.json"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_KAFKA_BINDING: Final = "0.5.0"

_DESCRIPTION: Final = """\
Facts about leases, charges, payments and balances, for other systems of the company.

Every record is one CloudEvents 1.0 event in structured mode: UTF-8 JSON, at most 256 KiB, content-type
`application/cloudevents+json`, the Kafka key equal to `subject`. Money is an integer of grosze, dates are ISO 8601,
other decimals are strings. `streamversion` makes gaps visible; it may be left out by a company system.

Readers: take an event once by (topic, subject, source, id); ignore fields you do not know; skip types you do not know;
do not rely on one partition per key. Sources other than the topic's owner may write on `iok.leases` and `iok.charges`
when the operator lists them; what breaks a schema is set aside with its reason, and corrected by a new event.

Producers: set `partitioner=murmur2_random` (Java's and aiokafka's default; librdkafka has another), `acks=all` and
idempotence. Topics are never created automatically.
"""


class _Plain(GenerateJsonSchema):
    """Schemas without the titles made up from field names."""

    def field_title_should_be_set(self, schema: ModelField | ComputedField | CoreSchema) -> bool:
        """No field gets a title: its name says it."""
        del schema
        return False


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML ships no types
    """YAML whose texts of several lines stay readable and whose values are written out where they stand."""

    def ignore_aliases(self, data: object) -> bool:
        """Write equal objects out each time: an alias says nothing to a reader."""
        del data
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Write a text of several lines as a block."""
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)


def schema_of(model: type[BaseModel]) -> Schema:
    """Return the JSON Schema (draft 2020-12) of what is read as `model`."""
    generated: Schema = model.model_json_schema(by_alias=True, schema_generator=_Plain, mode="validation")
    if issubclass(model, EventData):
        name = {"$id": data_schema(model), "title": model.event_type()}
    else:
        name = {"$id": "urn:iok:envelope", "title": model.__name__}
    return {"$schema": _DIALECT, **name, **{key: value for key, value in generated.items() if key != "title"}}


def data_schema(event: type[EventData]) -> str:
    """Return the name of an event's schema, as envelopes carry it in `dataschema`."""
    return f"urn:{event.event_type().replace('.', ':')}"


def documents() -> dict[str, str]:
    """Return every published file by its path below this folder."""
    schemas: dict[str, type[BaseModel]] = {ENVELOPE_SCHEMA: Envelope}
    schemas |= {_schema_path(event): event for event in EVENTS.values()}
    files = {path: json.dumps(schema_of(model), ensure_ascii=False, indent=2) + "\n" for path, model in schemas.items()}
    files[ASYNCAPI] = yaml.dump(_asyncapi(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return files


def differences(folder: Path = FOLDER) -> list[str]:
    """Return which files in `folder` are not what the models say: missing, left over, or different."""
    wanted = documents()
    left_over = {f"schemas/{path.name}" for path in (folder / "schemas").glob("*.json")} - wanted.keys()
    changed = [path for path, text in wanted.items() if _text(folder / path) != text]
    return sorted([*changed, *left_over])


def breaking_changes(folder: Path = FOLDER) -> list[str]:
    """Return how the models break the schemas published in `folder`; a version once published stays."""
    wanted = documents()
    found = []
    for path in sorted((folder / "schemas").glob("*.json")):
        name = f"schemas/{path.name}"
        if name not in wanted:
            found.append(f"{name}: no model makes it any more")
            continue
        found += [
            f"{name}: {breach}" for breach in incompatibilities(json.loads(path.read_text()), json.loads(wanted[name]))
        ]
    return found


def write(folder: Path = FOLDER) -> None:
    """Write the documents into `folder`."""
    (folder / "schemas").mkdir(exist_ok=True)
    for path, text in documents().items():
        (folder / path).write_text(text)


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _schema_path(event: type[EventData]) -> str:
    return f"schemas/{event.event_type()}.json"


def _asyncapi() -> dict[str, JsonValue]:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "IOK events", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka-secure",
                "description": "Apache Kafka, SASL with SCRAM-SHA-512; an account and ACLs for each system.",
                "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "IOK_KAFKA_BOOTSTRAP"}},
                "security": [{"$ref": "#/components/securitySchemes/scram"}],
            },
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": _operations(),
        "components": {
            "securitySchemes": {"scram": {"type": "scramSha512", "description": "User and password of the system."}},
            "messages": {event.event_type(): _message(event) for event in EVENTS.values()},
        },
    }


def _channel(topic: TopicSpec) -> dict[str, JsonValue]:
    writers = f"Written by `{topic.owner}`" + (" and company systems." if topic.company_may_write else ".")
    return {
        "address": topic.name,
        "description": f"{topic.description} Key: {topic.key}. {writers}",
        "messages": {
            event.type_name: {"$ref": f"#/components/messages/{event.event_type()}"} for event in topic.events
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": _KAFKA_BINDING,
            },
        },
        "x-partitioner": "murmur2_random",
        "x-company-may-write": topic.company_may_write,
    }


def _operations() -> dict[str, JsonValue]:
    """What IOK does: it sends on every topic, and receives from company systems where they may write."""
    operations: dict[str, JsonValue] = {}
    for topic in TOPICS.values():
        channel: dict[str, JsonValue] = {"$ref": f"#/channels/{topic.name}"}
        name = topic.name.removeprefix("iok.").capitalize()
        operations[f"send{name}"] = {"action": "send", "channel": channel, "summary": f"Read {topic.name}."}
        if topic.company_may_write:
            operations[f"receive{name}"] = {
                "action": "receive",
                "channel": channel,
                "summary": f"Write on {topic.name} as a company system.",
            }
    return operations


def _message(event: type[EventData]) -> dict[str, JsonValue]:
    example = next(one for one in EXAMPLES if type(one) is event)
    envelope = example_envelope(example).model_dump(mode="json", exclude_none=True)
    return {
        "name": event.event_type(),
        "title": event.type_name,
        "summary": (event.__doc__ or "").strip().partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": f"./{ENVELOPE_SCHEMA}"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": event.event_type()},
                        "data": {"$ref": f"./{_schema_path(event)}"},
                    },
                },
            ],
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "Equal to the envelope's subject."},
                "bindingVersion": _KAFKA_BINDING,
            },
        },
        "examples": [{"name": event.type_name, "payload": envelope}],
    }
