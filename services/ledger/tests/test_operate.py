"""Operators' commands as an operator runs them: exit codes, figures, and what is told of a bad file."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from services.ledger.tests.facts import LEASE, charge, lease_terms
from services.ledger.tests.stream import Ledger, running, settings_for

pytestmark = pytest.mark.system

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def ledger(schema: ServiceDatabase, topics: TopicSpace) -> AsyncIterator[Ledger]:
    async with running(settings_for(schema, topics), topics) as started:
        yield started


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def figures(self) -> dict[str, Any]:
        """Its figures as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found


async def command(schema: ServiceDatabase, topics: TopicSpace, *arguments: str) -> Done:
    """Run `python -m services.ledger …` to its end."""
    environment = os.environ | schema.environment() | topics.environment() | {"IOK_LOG_LEVEL": "ERROR"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.ledger", *arguments),
        cwd=PROJECT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


async def test_an_operator_imports_charges_seals_rebuilds_and_verifies(
    ledger: Ledger, schema: ServiceDatabase, topics: TopicSpace, tmp_path: Path
) -> None:
    leases, charges = tmp_path / "leases.jsonl", tmp_path / "charges.jsonl"
    leases.write_text(json.dumps({"lease_id": LEASE, **lease_terms()}), encoding="utf-8")
    charges.write_text(json.dumps({"lease_id": LEASE, "type": "ChargeIssued", **charge(100)}), encoding="utf-8")

    assert (await command(schema, topics, "import-leases", str(leases), "--json")).figures["appended"] == 1
    assert (await command(schema, topics, "import-charges", str(charges), "--json")).figures["appended"] == 1
    run = await command(schema, topics, "charge-run", "2026-12", "--json")
    assert (run.code, run.figures["issued"], run.figures["amount_grosze"]) == (0, 1, 100_000)
    await ledger.reaches(2)
    before = await command(schema, topics, "state-hash", "--json")
    assert {"hash", "book", "offsets", "entries", "leases", "set_aside"} == set(before.figures)
    assert (await command(schema, topics, "seal", "--json")).figures["sealed"] is True
    await eventually(lambda: topics.read("iok.seals"), what="the seal on Kafka")
    rebuilt = await command(schema, topics, "rebuild", "--json")
    assert (rebuilt.code, rebuilt.figures["same_hash"], rebuilt.figures["book"]) == (0, True, 2)
    assert "records" in rebuilt.err
    at = tmp_path / "offsets.json"
    at.write_text(json.dumps(before.figures["offsets"]), encoding="utf-8")
    after = await command(schema, topics, "state-hash", "--at", f"@{at}", "--json")
    assert (after.figures["hash"], after.figures["book"]) == (before.figures["hash"], 2)
    verified = await command(schema, topics, "verify", "--json")
    assert (verified.code, verified.figures["true"]) == (0, True)


async def test_a_command_that_cannot_be_carried_out_says_why_and_fails(
    ledger: Ledger, schema: ServiceDatabase, topics: TopicSpace, tmp_path: Path
) -> None:
    await ledger.live_book()
    broken = tmp_path / "leases.jsonl"
    broken.write_text(json.dumps({"lease_id": LEASE, **lease_terms()}) + "\n{", encoding="utf-8")
    bad = await command(schema, topics, "import-leases", str(broken))
    assert (bad.code, "leases.jsonl:2:" in bad.err, "nothing was imported" in bad.err) == (1, True, True)
    missing = await command(schema, topics, "import-charges", str(tmp_path / "none.jsonl"))
    assert (missing.code, "cannot be read" in missing.err) == (1, True)
    ahead = json.dumps({"iok.charges": {"id": "another", "next": {"0": 5}}})
    unreached = await command(schema, topics, "state-hash", "--at", ahead)
    assert (unreached.code, "Traceback" in unreached.err) == (1, False)
    for arguments in (["state-hash", "--at", "{"], ["charge-run", "2026-13"]):
        assert (await command(schema, topics, *arguments)).code == 2
