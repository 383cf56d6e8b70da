"""What a test sees of the running system: what the run file tells, HTTP, and Kafka."""

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from aiokafka import AIOKafkaConsumer, ConsumerRecord

PROJECT = Path(__file__).resolve().parents[2]
HTTP_TIMEOUT_SECONDS = 15.0
COMMAND_SECONDS = 100.0
POLL_MS = 500


@dataclass(frozen=True)
class RunningSystem:
    """The system below one `var` folder."""

    var: Path

    @property
    def run(self) -> dict[str, Any]:
        """The run file as it is now."""
        told: dict[str, Any] = json.loads((self.var / "run" / "stack.json").read_text(encoding="utf-8"))
        return told

    def url(self, service: str) -> str:
        """Where a service answers."""
        return str(self.run["services"][service]["url"])

    def environment(self) -> dict[str, str]:
        """For the project's own commands, so that they find this system."""
        return {**os.environ, "IOK_VAR": str(self.var)}

    def command(self, *words: str, seconds: float = COMMAND_SECONDS) -> "subprocess.CompletedProcess[str]":
        """Run `python words…` as an operator of this system does; what it printed, and its exit code."""
        return self.program(sys.executable, *words, seconds=seconds)

    def program(self, *words: str, seconds: float = COMMAND_SECONDS) -> "subprocess.CompletedProcess[str]":
        """Run any program, told where this system is."""
        return subprocess.run(
            words,
            cwd=PROJECT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def carried_out(self, *words: str) -> str:
        """The same for a command that must succeed; what it printed."""
        done = self.command(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def kill(self, process: str) -> int:
        """End a process of the system with SIGKILL; returns the pid it had."""
        pid = int(self.run["processes"][process]["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def signed_in(self, who: str) -> Iterator[httpx.Client]:
        """A client of the gateway's API with a session of `tenant`, `other_tenant` or `operator`."""
        account = self.run["demo"][who]
        with httpx.Client(base_url=f"{self.url('gateway')}/api/v1", timeout=HTTP_TIMEOUT_SECONDS) as client:
            answer = client.post("/session", json={"login": account["login"], "password": account["password"]})
            assert answer.status_code == 201, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
            yield client

    def notify(self, order_id: str, amount_grosze: int, status: str = "SUCCESS", remote_id: str = "") -> httpx.Response:
        """Send a payment notification as Autopay would, hash and all (its protocol, §ITN), through the gateway."""
        return httpx.post(
            f"{self.url('gateway')}/autopay/itn",
            data={"transactions": self.notification(order_id, amount_grosze, status, remote_id)},
            timeout=HTTP_TIMEOUT_SECONDS,
        )

    def notification(self, order_id: str, amount_grosze: int, status: str, remote_id: str, key: str = "") -> str:
        """A signed notification in base64."""
        autopay = self.run["sandbox"]["autopay"]
        values = {
            "orderID": order_id,
            "remoteID": remote_id or uuid.uuid4().hex[:20],
            "amount": f"{amount_grosze // 100}.{amount_grosze % 100:02d}",
            "currency": "PLN",
            "gatewayID": "106",
            "paymentDate": f"{datetime.now(ZoneInfo('Europe/Warsaw')):%Y%m%d%H%M%S}",
            "paymentStatus": status,
            "paymentStatusDetails": "AUTHORIZED",
        }
        signed = "|".join([str(autopay["service_id"]), *values.values(), key or str(autopay["key"])])
        nodes = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
        document = (
            f'<?xml version="1.0" encoding="UTF-8"?><transactionList><serviceID>{autopay["service_id"]}</serviceID>'
            f"<transactions><transaction>{nodes}</transaction></transactions>"
            f"<hash>{hashlib.sha256(signed.encode()).hexdigest()}</hash></transactionList>"
        )
        return base64.b64encode(document.encode()).decode()

    def kafka_options(self) -> dict[str, Any]:
        """For an aiokafka client, as the administrator."""
        kafka = self.run["kafka"]
        return {
            "bootstrap_servers": kafka["bootstrap"],
            "security_protocol": kafka["security"],
            "sasl_mechanism": kafka["mechanism"],
            "sasl_plain_username": kafka["username"],
            "sasl_plain_password": kafka["password"],
        }

    async def events(self, topic: str) -> list[dict[str, Any]]:
        """Every event that lies in a topic now, partition by partition; what is no JSON is left out."""
        found: list[dict[str, Any]] = []
        for record in await self.records(topic):
            with suppress(ValueError):
                event = json.loads(record.value or b"")
                found += [event] if isinstance(event, dict) else []
        return found

    async def records(self, topic: str) -> list[ConsumerRecord]:
        """Every record that lies in a topic now, partition by partition."""
        consumer = AIOKafkaConsumer(topic, **self.kafka_options(), auto_offset_reset="earliest")
        await consumer.start()
        found: list[ConsumerRecord] = []
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(at) < end for at, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                    found += records
        finally:
            await consumer.stop()
        return found
