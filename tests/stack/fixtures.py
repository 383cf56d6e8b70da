"""The fixtures of every room's tests; see `libs.chassis.testing` for what they give.

A test that takes one of them carries the mark `system`. Async and plain tests may use them alike.
"""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import kafka_access
from libs.chassis.settings import KafkaSettings
from libs.chassis.testing import ServiceDatabase, TopicSpace
from tests.stack.databases import Databases
from tests.stack.run import Run, servers_of_run
from tests.stack.servers import Servers

RUN = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin a run in the process that controls it, not in xdist's workers."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = Run()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run."""
    if RUN in config.stash:
        config.stash[RUN].end()


@pytest.fixture(scope="session")
def stack() -> Servers:
    """A real Kafka and PostgreSQL, shared by the whole run."""
    return servers_of_run()


@pytest.fixture(scope="session")
def kafka(stack: Servers) -> KafkaSettings:
    """The run's Kafka as a service's settings name it, as its administrator and without a topic prefix."""
    return stack.kafka_settings()


@pytest.fixture(scope="session")
def databases(stack: Servers) -> Databases:
    """Makes databases of services, for fixtures that keep one longer than a test; they drop what they make."""
    return Databases(stack.postgres)


ServiceDatabaseMaker = Callable[..., ServiceDatabase]


@pytest.fixture
def service_database(databases: Databases) -> Iterator[ServiceDatabaseMaker]:
    """`service_database("ledger")` makes a fresh, migrated database of that service; it is dropped after the test.

    A second argument names another folder with a schema.sql.
    """
    made: list[ServiceDatabase] = []

    def make(service: str, folder: Path | None = None) -> ServiceDatabase:
        made.append(databases.make(service, folder))
        return made[-1]

    yield make
    for database in made:
        databases.drop(database)


@pytest.fixture
def topics(stack: Servers) -> Iterator[TopicSpace]:
    """All topics of the system, empty and with all their partitions, under a prefix of this test's own."""
    prefix = f"test-{secrets.token_hex(4)}."
    kafka_access.ensure_topics(stack.kafka, prefix)
    yield TopicSpace(stack.kafka_settings(prefix))
    kafka_access.delete_topics(stack.kafka, prefix)
