"""The same servers as containers, when `IOK_TEST_STACK=docker`: official images, or those the environment names."""

import os
from contextlib import ExitStack
from typing import Any

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.local import kafka
from deploy.local.kafka import KafkaAccess
from deploy.local.ports import HOST, Ports
from deploy.local.postgres import SUPERUSER, PostgresAccess

KAFKA_IMAGE = "apache/kafka:4.4.0"
POSTGRES_IMAGE = "postgres:18"
KAFKA_PORT = 21_192
POSTGRES_PORT = 21_194
PASSWORD = "only-for-one-run-of-the-tests"

KAFKA_ENVIRONMENT = {
    "CLUSTER_ID": "AAAAAAAAQACAAAAAAAAAAQ",
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9094",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
    "KAFKA_LISTENERS": "INSIDE://:9093,CONTROLLER://:9094,CLIENTS://:9092",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_LOG_RETENTION_MS": "-1",
}


def start_kafka(ends: ExitStack) -> KafkaAccess:
    """Start a broker in a container; it is removed with `ends`."""
    testcontainers_config.ryuk_disabled = (
        True  # the guardian removes what it started, no second container is needed for it
    )
    port = Ports().claim("Kafka's container", KAFKA_PORT)
    container = _container(os.environ.get("IOK_KAFKA_IMAGE", KAFKA_IMAGE), 9092, port)
    for name, value in KAFKA_ENVIRONMENT.items():
        container.with_env(name, value)
    container.with_env("KAFKA_ADVERTISED_LISTENERS", f"INSIDE://localhost:9093,CLIENTS://{HOST}:{port}")
    ends.enter_context(container)
    access = KafkaAccess(f"{HOST}:{port}")
    kafka.wait_ready(access)
    return access


def start_postgres(ends: ExitStack) -> PostgresAccess:
    """Start a database server in a container; it is removed with `ends`."""
    port = Ports().claim("PostgreSQL's container", POSTGRES_PORT)
    container = _container(os.environ.get("IOK_POSTGRES_IMAGE", POSTGRES_IMAGE), 5432, port)
    container.with_env("POSTGRES_USER", SUPERUSER).with_env("POSTGRES_PASSWORD", PASSWORD)
    ends.enter_context(container)
    return PostgresAccess(HOST, port, PASSWORD)


def _container(image: str, inside: int, port: int) -> DockerContainer:
    """A container whose port `inside` answers at `port` of the loopback address alone."""
    testcontainers_config.ryuk_disabled = True  # the guardian removes what it starts: no container is needed for that
    container = DockerContainer(image)
    ports: Any = container.ports  # annotated for numbers only; Docker takes an address as well
    ports[f"{inside}/tcp"] = (HOST, port)
    return container
