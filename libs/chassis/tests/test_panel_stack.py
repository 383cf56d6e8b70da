"""The panel's figures come from a real database and a real Kafka."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from libs.chassis.http import create_app
from libs.chassis.kafka import Record, topic_ids
from libs.chassis.outbox import Message, enqueue
from libs.chassis.panel import PanelParts, mount
from libs.chassis.postgres import Connection, Database
from libs.chassis.projection import Positions, SetAside
from libs.chassis.projection.desk import keep
from libs.chassis.projection.positions import Step
from libs.chassis.settings import ServiceSettings
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from libs.chassis.tests.panel_support import SIGNER, Identity, browser

pytestmark = pytest.mark.system

TOPIC = "iok.charges"
GRANTS = """
grant select, insert, update, delete on outbox, positions, caught_up, set_aside, recent_errors to iok_ledger;
grant select, insert on events, set_aside_decisions to iok_ledger;
grant select, insert, update on staff_names to iok_ledger;
"""
OPERATOR = {"Authorization": "Bearer token-operator"}


class PickyProjector:
    """Takes every record but those whose value says bad."""

    topics = (TOPIC,)

    async def projection(self, tx: Connection) -> str:
        return "book"

    async def project(self, tx: Connection, records: Sequence[Record]) -> Sequence[SetAside]:
        return [SetAside(record, "bad", "it says so") for record in records if record.value == b"bad"]


@pytest.fixture
async def database(service_database: Callable[..., ServiceDatabase], tmp_path: Path) -> AsyncIterator[Database]:
    (tmp_path / "schema.sql").write_text(GRANTS, encoding="utf-8")
    opened = await Database.open(service_database("ledger", tmp_path).service_dsn)
    yield opened
    await opened.close()


def settings_for(identity: Identity, **kafka: Any) -> ServiceSettings:
    return ServiceSettings(identity_url=identity.url, token_public_keys=(SIGNER.public_key,), **kafka)


def app_of(settings: ServiceSettings, database: Database) -> FastAPI:
    app = create_app("ledger")
    mount(app, PanelParts("ledger", settings, database, PickyProjector()))
    return app


@pytest.fixture
async def client(database: Database, topics: TopicSpace, identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    kafka = {f"kafka_{name}": value for name, value in topics.kafka.model_dump().items()}
    async with browser(app_of(settings_for(identity, **kafka), database), "token-operator") as signed_in:
        yield signed_in


async def set_aside(database: Database, value: bytes, offset: int) -> None:
    async with database.transaction() as tx:
        await keep(tx, [SetAside(Record(TOPIC, "id", 3, offset, b"L-1", value), "unexpected_error", "it failed")])


async def test_lag_is_what_kafka_holds_beyond_the_position(
    client: httpx.AsyncClient, database: Database, topics: TopicSpace
) -> None:
    for _ in range(3):
        await topics.publish(TOPIC, b"L-1", b"{}", partition=5)
    topic_id = (await topic_ids(topics.kafka, [TOPIC]))[TOPIC]
    async with database.transaction() as tx:
        await Positions().move(tx, "book", Step(TOPIC, topic_id, 5, 0, 2))
        await Positions().caught_up(tx, "book", {(TOPIC, 5): (2, 30.0)})

    async def every_partition() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = (await client.get("/ops/status", headers=OPERATOR)).json()["partitions"]
        return found if len(found) == 12 else None

    partitions = await eventually(every_partition, what="a leader for every partition of a new topic")
    assert partitions is not None
    behind = partitions[5]
    assert (behind["topic"], behind["position"], behind["end"], behind["lag"]) == (TOPIC, 2, 3, 1)
    assert 30 <= behind["age_seconds"] < 60
    assert [(each["lag"], each["age_seconds"]) for each in partitions if each is not behind] == [(0, 0)] * 11


async def test_while_kafka_is_away_the_ends_are_unknown_and_the_rest_is_told(
    database: Database, identity: Identity
) -> None:
    async with database.transaction() as tx:
        await Positions().move(tx, "book", Step(TOPIC, "id", 5, 0, 2))
    settings = settings_for(identity, kafka_bootstrap="127.0.0.1:9")
    async with browser(app_of(settings, database)) as client:
        status = (await client.get("/ops/status", headers=OPERATOR)).json()
    assert status["partitions"] == [
        {"topic": TOPIC, "partition": 5, "position": 2, "end": None, "lag": None, "age_seconds": None}
    ]


async def test_the_outbox_tells_its_backlog_and_the_age_of_the_oldest(
    client: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as tx:
        await enqueue(tx, [Message(TOPIC, "L-1", b"{}"), Message(TOPIC, "L-2", b"{}")])
    outbox = (await client.get("/ops/status", headers=OPERATOR)).json()["outbox"]
    assert outbox["backlog"] == 2
    assert 0 <= outbox["age_seconds"] < 60


async def test_a_record_is_booked_by_a_replay_and_leaves_the_count(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, b"good by now", 7)
    await set_aside(database, b"bad", 8)
    page = (await client.get("/ops/dead-letters?state=set_aside", headers=OPERATOR)).json()
    still_bad, good = (item["id"] for item in page["items"])
    assert (await client.post(f"/ops/dead-letters/{good}/replay", headers=OPERATOR)).json()["state"] == "booked"
    assert (await client.post(f"/ops/dead-letters/{still_bad}/replay", headers=OPERATOR)).json()["reason"] == "bad"
    assert (await client.get("/ops/status", headers=OPERATOR)).json()["set_aside"] == 1
    assert (await client.post(f"/ops/dead-letters/{good}/replay", headers=OPERATOR)).status_code == 409


async def test_the_page_shows_every_block(client: httpx.AsyncClient, database: Database) -> None:
    await set_aside(database, b'{"data": {"name": "Jan Kowalski"}}', 7)
    async with database.transaction() as tx:
        await tx.execute("insert into recent_errors (process, event, detail) values ('relay', 'it waits', 'for Kafka')")
    page = (await client.get("/panel")).text
    assert all(words in page for words in (TOPIC, "unexpected_error", "it waits", "Skrzynka nadawcza"))
    assert "Kowalski" not in (await client.get("/panel/records/1")).text


async def test_decisions_tell_names_and_reasons_in_words_also_when_identity_is_away(
    client: httpx.AsyncClient, database: Database, identity: Identity
) -> None:
    await set_aside(database, b"bad", 8)
    await client.post("/ops/dead-letters/1/discard", headers=OPERATOR, json={"reason": "zły rok"})
    assert (await client.get("/panel")).status_code == 200
    identity.failing = True
    decisions, record = (await client.get("/panel/records/decisions")).text, (await client.get("/panel/records/1")).text
    assert "<td>Ewa Sowa</td>" in decisions
    assert "odrzucony (Ewa Sowa: zły rok)" in record
    assert "nieoczekiwany błąd usługi przy czytaniu rekordu" in record
    assert "account-operator" not in decisions + record


async def test_without_its_database_the_panel_says_so_and_ops_answers_503(
    client: httpx.AsyncClient, database: Database
) -> None:
    await database.close()
    assert (await client.get("/ops/status", headers=OPERATOR)).status_code == 503
    page = await client.get("/panel")
    assert page.status_code == 200
    assert "Baza danych nie odpowiada" in page.text
