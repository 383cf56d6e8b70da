"""The embedded servers as the demo runs them, one of each for this room's tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local import kafka, kafka_access
from deploy.local.environment import DEFAULT_PORTS, SANDBOX, TRUSTED_PROFILE_SANDBOX, Surroundings
from deploy.local.kafka import KafkaAccess, KafkaNode
from deploy.local.places import Places
from deploy.local.ports import Ports
from deploy.local.postgres import PostgresAccess, PostgresNode
from deploy.local.secret_store import SecretStore
from deploy.local.servers import KAFKA_USERS

KAFKA_PORT = 22_092
CONTROLLER_PORT = 22_093
POSTGRES_PORT = 22_094
ENDED_SECONDS = 20


@pytest.fixture(scope="session")
def kafka_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaNode]:
    """A broker with the topics, users and access lists of the system."""
    places, ports = Places(tmp_path_factory.mktemp("kafka") / "var"), Ports()
    places.make()
    secrets = SecretStore(places.secrets)
    broker, controller = ports.claim("Kafka", KAFKA_PORT), ports.claim("controller", CONTROLLER_PORT)
    node = KafkaNode(places.kafka, broker, controller, lambda user: secrets.password(f"kafka/{user}"))
    program, log = node.prepare(), places.log / "kafka.log"
    process = program.spawn(log)
    with ExitStack() as ends:
        ends.callback(program.stop, process)
        kafka.wait_ready(node.access(), lambda: program.check(process, log))
        users = (*kafka_access.SERVICES, kafka_access.COMPANY)
        kafka_access.ensure_users(node.access(), {user: node.password(user) for user in users})
        kafka_access.ensure_topics(node.access())
        kafka_access.ensure_group_log(node.access())
        yield node


@pytest.fixture
def postgres_node(tmp_path: Path) -> Iterator[PostgresNode]:
    """A database server that nobody has started yet."""
    node = PostgresNode(tmp_path / "postgres", Ports().claim("PostgreSQL", POSTGRES_PORT), "secret")
    yield node
    node.remove()


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    """What the services would stand on, with no server behind it."""
    places = Places(tmp_path / "var")
    places.make()
    ports = {**DEFAULT_PORTS, SANDBOX: 8201, TRUSTED_PROFILE_SANDBOX: 8202}
    kafka = {user: KafkaAccess("127.0.0.1:9092", "SASL_PLAINTEXT", username=user, password="p") for user in KAFKA_USERS}
    return Surroundings(places, SecretStore(places.secrets), ports, kafka, PostgresAccess("127.0.0.1", 5432, "s"), {})
