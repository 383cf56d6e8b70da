"""The embedded servers, for one run of the tests: small, quick, and with fsync and access lists as in the demo."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from deploy.local import kafka, kafka_access, postgres
from deploy.local.kafka import KafkaAccess, KafkaNode
from deploy.local.places import Places
from deploy.local.ports import Ports
from deploy.local.postgres import PostgresAccess, PostgresNode
from deploy.local.program import Program
from deploy.local.secret_store import SecretStore

# Beside the demo's own, so that a run of the tests takes none of its ports.
KAFKA_PORT = 21_092
CONTROLLER_PORT = 21_093
POSTGRES_PORT = 21_094
HEAP_MIB = 384  # every test that asks has a hundred partitions of its own


def start_kafka(home: Path, ends: ExitStack) -> KafkaAccess:
    """Start a broker below `home`; it stops with `ends`."""
    places, ports = _places(home), Ports()
    secrets = SecretStore(places.secrets)
    node = KafkaNode(
        places.kafka,
        ports.claim("Kafka", KAFKA_PORT),
        ports.claim("Kafka's controller", CONTROLLER_PORT),
        lambda user: secrets.password(f"kafka/{user}"),
        HEAP_MIB,
    )
    kafka.wait_ready(node.access(), _run(node.prepare(), places, ends))
    kafka_access.ensure_group_log(node.access())
    return node.access()


def start_postgres(home: Path, ends: ExitStack) -> PostgresAccess:
    """Start a database server below `home`; it stops with `ends`, and its data go."""
    places, ports = _places(home), Ports()
    password = SecretStore(places.secrets / "postgres").password("postgres")
    node = PostgresNode(places.postgres, ports.claim("PostgreSQL", POSTGRES_PORT), password)
    ends.callback(node.remove)
    asyncio.run(postgres.wait_ready(node.access, _run(node.prepare(), places, ends)))
    return node.access


def start_both(home: Path, ends: ExitStack) -> tuple[KafkaAccess, PostgresAccess]:
    """Start both at once."""
    with ThreadPoolExecutor(2) as pool:
        broker, server = pool.submit(start_kafka, home, ends), pool.submit(start_postgres, home, ends)
        return broker.result(), server.result()


def _places(home: Path) -> Places:
    places = Places(home)
    places.make()
    (places.secrets / "postgres").mkdir(mode=0o700, exist_ok=True)
    return places


def _run(program: Program, places: Places, ends: ExitStack) -> Callable[[], None]:
    """Run it until the end; what is returned raises when it has died before."""
    log = places.log / f"{program.name}.log"
    process = program.spawn(log)
    ends.callback(program.stop, process)
    return lambda: program.check(process, log)
