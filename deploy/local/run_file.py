"""`run/stack.json`: where everything is and how to reach it, for tests, tools and operators of this machine.

The file is there only while the stack is ready; it is written whole or not at all, and only its owner may read it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from deploy.local.environment import SERVICES, STORING, Surroundings
from deploy.local.kafka import ADMIN
from deploy.local.kafka_access import COMPANY
from deploy.local.places import Places, write_private
from deploy.local.processes import API_PROCESS


def description(surroundings: Surroundings, pids: Mapping[str, int]) -> dict[str, Any]:
    """The run file's content, without the demo's people; `pids` by process."""
    company = surroundings.kafka[COMPANY]
    told = asdict(surroundings.kafka[ADMIN])
    log = surroundings.places.log
    return {
        "kafka": {name: told[name] for name in ("bootstrap", "security", "mechanism", "username", "password")},
        "company_system": {"username": company.username, "password": company.password},
        "postgres": {service: surroundings.service_dsn(service) for service in STORING},
        "postgres_admin": {service: surroundings.admin_dsn(service) for service in STORING},
        "services": {
            service: {
                "url": surroundings.url(service),
                "pid": pids.get(API_PROCESS[service]),
                "log": str(log / f"{API_PROCESS[service]}.log"),
            }
            for service in SERVICES
        },
        "processes": {name: {"pid": pid} for name, pid in pids.items()},
        "sandbox": sandbox(surroundings),
    }


def sandbox(surroundings: Surroundings) -> dict[str, dict[str, str]]:
    """Where the stand-ins for outside systems are, by name."""
    told = surroundings.autopay()
    return {
        "autopay": {
            "url": told["IOK_AUTOPAY_URL"],
            "service_id": told["IOK_AUTOPAY_SERVICE_ID"],
            "key": told["IOK_AUTOPAY_KEY"],
        },
        "trusted_profile": {"url": surroundings.trusted_profile_url},
    }


class RunFile:
    """The run file of one stack, and before the stack is ready its draft, which the demo's loader reads."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._draft = places.run / "starting.json"
        self._content: dict[str, Any] = {}
        self._published = False

    def begin(self, surroundings: Surroundings, pids: Mapping[str, int]) -> None:
        """Write the draft."""
        self._content = description(surroundings, pids)
        write_private(self._draft, json.dumps(self._content, indent=1) + "\n")

    def environment(self) -> dict[str, str]:
        """What tells the demo's loader where to look while the stack is not ready yet."""
        return {"IOK_RUN_FILE": str(self._draft)}

    def publish(self) -> Mapping[str, Any]:
        """Add the demo's people, as the loader told them, and let everybody see the file."""
        told = self._places.var / "demo" / "people.json"
        self._content["demo"] = json.loads(told.read_text(encoding="utf-8"))
        self._published = True
        self._draft.unlink(missing_ok=True)
        self._write()
        return self._content

    def update(self, pids: Mapping[str, int]) -> None:
        """Take the numbers of processes that were started again."""
        self._content["processes"] = {name: {"pid": pid} for name, pid in pids.items()}
        for service, row in self._content["services"].items():
            row["pid"] = pids.get(API_PROCESS[service])
        if self._published:
            self._write()

    def remove(self) -> None:
        """The stack is not ready, or not any more."""
        self._published = False
        for file in (self._places.run_file, self._draft):
            file.unlink(missing_ok=True)

    def _write(self) -> None:
        write_private(self._places.run_file, json.dumps(self._content, indent=1) + "\n")
