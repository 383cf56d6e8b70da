"""The two servers: ours, or those that the environment names; and what is made on them before the services start."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from deploy.local import kafka, kafka_access, postgres, postgres_access
from deploy.local.account import OUTSIDE, OUTSIDE_VARIABLE
from deploy.local.environment import STORING, Surroundings, database_variable
from deploy.local.kafka import ADMIN, KafkaAccess, KafkaNode
from deploy.local.places import ROOT, Places
from deploy.local.ports import Ports
from deploy.local.postgres import PostgresNode
from deploy.local.postgres_access import owner_role, service_role
from deploy.local.program import Program
from deploy.local.progress import StackError
from deploy.local.secret_store import SecretStore
from libs.chassis.postgres import ChangedMigrationError, migrate

KAFKA_PORT = 9092
CONTROLLER_PORT = 9093
POSTGRES_PORT = 5432
# Where clients reach our servers when something stands between them, as in tests of the network.
KAFKA_DOOR_VARIABLE = "IOK_KAFKA_DOOR_PORT"
POSTGRES_DOOR_VARIABLE = "IOK_POSTGRES_DOOR_PORT"
KAFKA_USERS = (ADMIN, *kafka_access.SERVICES, kafka_access.COMPANY)


@dataclass(frozen=True)
class EmbeddedServers:
    """The servers that we run ourselves; None where the environment names another."""

    kafka: KafkaNode | None
    postgres: PostgresNode | None


def choose(places: Places, secrets: SecretStore, ports: Ports, environment: Mapping[str, str]) -> EmbeddedServers:
    """Decide which servers are ours, and claim their ports.

    Raises:
        StackError: some databases are named by the environment and some are not, or secrets of old data are missing.
    """
    return EmbeddedServers(
        None if KafkaAccess.of_environment(environment) else _kafka(places, secrets, ports, environment),
        None if _databases_are_given(environment) else _postgres(places, secrets, ports, environment),
    )


def _kafka(places: Places, secrets: SecretStore, ports: Ports, environment: Mapping[str, str]) -> KafkaNode:
    if (places.kafka / "data").exists() and not secrets.has(f"kafka/{ADMIN}"):
        raise StackError(f"{places.kafka} holds data whose passwords are gone from {places.secrets}: remove both")
    broker = ports.claim("Kafka", KAFKA_PORT, "IOK_KAFKA_PORT")
    controller = ports.claim("Kafka's controller", CONTROLLER_PORT)
    door = int(environment.get(KAFKA_DOOR_VARIABLE, "") or 0)
    return KafkaNode(places.kafka, broker, controller, lambda user: secrets.password(f"kafka/{user}"), door=door)


def _databases_are_given(environment: Mapping[str, str]) -> bool:
    missing = [database_variable(service) for service in STORING if not environment.get(database_variable(service))]
    if missing and len(missing) < len(STORING):
        raise StackError(f"the environment names some databases only: name {', '.join(missing)} as well, or none")
    return not missing


def _postgres(places: Places, secrets: SecretStore, ports: Ports, environment: Mapping[str, str]) -> PostgresNode:
    if places.postgres.exists() and not secrets.has("postgres/postgres"):
        raise StackError(
            f"{places.postgres} belongs to data whose passwords are gone from {places.secrets}: remove both"
        )
    port = ports.claim("PostgreSQL", POSTGRES_PORT, "IOK_POSTGRES_PORT")
    password, door = secrets.password("postgres/postgres"), int(environment.get(POSTGRES_DOOR_VARIABLE, "") or 0)
    outside = Path(environment.get(OUTSIDE_VARIABLE, "") or OUTSIDE)
    return PostgresNode(places.postgres, port, password, outside=outside, door=door)


def kafka_users(node: KafkaNode | None, environment: Mapping[str, str]) -> dict[str, KafkaAccess]:
    """How each user reaches Kafka: our users at our broker, or everybody alike at the one the environment names."""
    outside = KafkaAccess.of_environment(environment)
    if node is None and outside is not None:
        return dict.fromkeys(KAFKA_USERS, outside)
    if node is None:
        raise StackError("there is no Kafka: neither ours nor one named by IOK_KAFKA_BOOTSTRAP")
    return {user: node.access(user) for user in KAFKA_USERS}


def prepared(node: KafkaNode | PostgresNode | None, places: Places) -> list[Program]:
    """Make a server's data where they are missing; the program to run, if the server is ours."""
    if node is None:
        return []
    return [replace(node.prepare(), environment={"IOK_VAR": str(places.var)})]


def make_kafka_ready(surroundings: Surroundings, node: KafkaNode | None, check: Callable[[], None]) -> None:
    """Wait for Kafka; give our broker its users; make the topics that are missing.

    Raises:
        StackError: Kafka does not answer, or refuses.
    """
    admin = surroundings.kafka[ADMIN]
    kafka.wait_ready(admin, check)
    if node is not None:
        users = [user for user in KAFKA_USERS if user != ADMIN]
        kafka_access.ensure_group_log(admin)
        kafka_access.ensure_users(admin, {user: surroundings.kafka[user].password for user in users})
    kafka_access.ensure_topics(admin, surroundings.given("IOK_KAFKA_TOPIC_PREFIX"))


def make_postgres_ready(surroundings: Surroundings, check: Callable[[], None]) -> None:
    """Wait for PostgreSQL; make roles and databases on our server; apply what is new of every schema.

    Raises:
        StackError: the server does not answer, or a schema cannot be applied.
    """
    asyncio.run(_make_postgres_ready(surroundings, check))


async def _make_postgres_ready(surroundings: Surroundings, check: Callable[[], None]) -> None:
    server, secrets = surroundings.postgres, surroundings.secrets
    if server is not None:
        await postgres.wait_ready(server, check)
        roles = [role(service) for service in STORING for role in (owner_role, service_role)]
        passwords = {role: secrets.password(f"postgres/{role}") for role in roles}
        await postgres_access.ensure_databases(server, STORING, passwords)
    await asyncio.gather(*(_migrate(service, surroundings.owner_dsn(service)) for service in STORING))


async def _migrate(service: str, owner_dsn: str) -> None:
    try:
        await migrate(owner_dsn, service, ROOT / "services" / service)
    except ChangedMigrationError as error:
        raise StackError(f"{error}; or start with nothing, in a new folder named by IOK_VAR") from error
    except (asyncpg.PostgresError, OSError) as error:
        raise StackError(f"the schema of {service} cannot be applied to its database: {error!r}") from error
