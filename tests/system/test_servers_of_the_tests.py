"""The servers that the tests share behave as the fixtures promise."""

from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from libs.chassis.testing import ServiceDatabase, TopicSpace
from libs.events.topics import CHARGES, LEASES, TOPICS

pytestmark = pytest.mark.system

SCHEMA = "create table notes (id integer primary key); grant select, insert on notes to iok_ledger;"


@pytest.fixture
def database(service_database: Callable[..., ServiceDatabase], tmp_path: Path) -> ServiceDatabase:
    (tmp_path / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    return service_database("ledger", tmp_path)


async def test_a_fresh_database_carries_the_schema_and_its_grants(database: ServiceDatabase) -> None:
    connection = await asyncpg.connect(database.service_dsn)
    await connection.execute("insert into notes values (1)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("delete from notes")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("create table mine (id integer)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("create temporary table mine (id integer)")
    await connection.close()


async def test_a_service_may_not_connect_to_other_databases(
    database: ServiceDatabase, service_database: Callable[..., ServiceDatabase], tmp_path: Path
) -> None:
    (tmp_path / "schema.sql").write_text("create table other (id integer)", encoding="utf-8")
    other = service_database("identity", tmp_path)
    for name in (other.name, "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(database.service_dsn.replace(database.name, name))


async def test_each_test_has_topics_of_its_own(topics: TopicSpace) -> None:
    await topics.publish(LEASES, b"lease-1", b"{}", partition=3)
    found = await topics.read(LEASES)
    assert [(record.topic, record.key, record.partition, record.offset) for record in found] == [
        (LEASES, b"lease-1", 3, 0)
    ]
    assert await topics.read(CHARGES) == []
    assert TOPICS[LEASES].partitions == 12
