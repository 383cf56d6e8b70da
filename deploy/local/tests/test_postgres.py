"""The embedded PostgreSQL: safe settings, roles that can do little, and a start after every kind of end."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.local import postgres, postgres_access
from deploy.local.postgres import PostgresNode
from deploy.local.postgres_access import owner_role, service_role
from deploy.local.progress import StackError
from libs.chassis.testing import eventually

pytestmark = pytest.mark.system

TRUSTING_RULES = "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'"
ROLES = {role(service): f"of-{service}" for service in ("ledger", "identity") for role in (owner_role, service_role)}


@asynccontextmanager
async def running(node: PostgresNode, log: Path) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """The server, from its readiness to its end."""
    program = node.prepare()
    process = program.spawn(log)
    try:
        await postgres.wait_ready(node.access, lambda: program.check(process, log))
        yield process
    finally:
        program.stop(process)


def children_of(pid: int) -> list[Path]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [Path("/proc") / child for child in children]


async def test_nothing_that_was_committed_is_lost_by_a_kill(postgres_node: PostgresNode, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with running(postgres_node, log) as process:
        connection = await asyncpg.connect(postgres_node.access.dsn())
        await connection.execute("create table kept as select 1 as one")
        children = children_of(process.pid)
        process.kill()
        process.wait()
        connection.terminate()

    async def left_alone() -> bool:  # they hold its memory until they notice; a supervisor tries again until then
        return not any(child.exists() for child in children)

    await eventually(left_alone, what="the end of the killed server's processes")
    async with running(postgres_node, log):
        connection = await asyncpg.connect(postgres_node.access.dsn())
        assert await connection.fetchval("select one from kept") == 1
        for name in ("fsync", "data_checksums", "full_page_writes"):
            assert await connection.fetchval("select current_setting($1)", name) == "on"
        assert await connection.fetchval(TRUSTING_RULES) == 0
        await connection.close()


async def test_the_number_of_a_killed_server_that_is_another_programs_now_stops_nothing(
    postgres_node: PostgresNode, tmp_path: Path
) -> None:
    data = Path(postgres_node.prepare().command[2])
    other = await asyncio.create_subprocess_exec("sleep", "60")
    (data / "postmaster.pid").write_text(f"{other.pid}\n", encoding="utf-8")
    async with running(postgres_node, tmp_path / "log"):
        other.kill()
    await other.wait()


async def test_two_servers_never_share_their_data(postgres_node: PostgresNode, tmp_path: Path) -> None:
    async with running(postgres_node, tmp_path / "log"):
        with pytest.raises(StackError, match="already uses"):
            postgres_node.prepare()


async def test_a_services_role_can_do_nothing_that_was_not_granted(postgres_node: PostgresNode, tmp_path: Path) -> None:
    async with running(postgres_node, tmp_path / "log"):
        for _ in range(2):  # a second start finds everything as it was
            await postgres_access.ensure_databases(postgres_node.access, ("ledger", "identity"), ROLES)
        dsn = postgres_node.access.dsn
        connection = await asyncpg.connect(dsn("iok_ledger", "iok_ledger", "of-ledger"))
        for forbidden in ("create table t (i integer)", "create temporary table t (i integer)", "create schema s"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        await connection.close()
        for database in ("iok_identity", "postgres", "template1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(dsn(database, "iok_ledger", "of-ledger"))
        owner = await asyncpg.connect(dsn("iok_ledger", "iok_ledger_owner", "of-ledger"))
        await owner.execute("create table t (i integer)")
        await owner.execute("create function f() returns integer language sql as 'select 1'")
        await owner.close()
        connection = await asyncpg.connect(dsn("iok_ledger", "iok_ledger", "of-ledger"))
        for forbidden in ("select * from t", "select f()"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        await connection.close()


async def test_a_cluster_whose_making_was_interrupted_is_made_anew(postgres_node: PostgresNode, tmp_path: Path) -> None:
    data = Path(postgres_node.prepare().command[2])
    data.with_name("made").unlink()
    (data / "global" / "pg_control").unlink()
    async with running(postgres_node, tmp_path / "log"):
        pass
