"""A fresh database for each test, copied from a template that carries the service's schema.

The template is made once per server and schema: its name tells the digest of the schema's files.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from deploy.local import postgres_access as access_rules
from deploy.local.places import ROOT
from deploy.local.postgres import PostgresAccess
from libs.chassis.postgres import migrate, schema_files
from libs.chassis.testing import ServiceDatabase

PASSWORD = "only-for-tests"
RENAME = "select format('alter database %I rename to %I', $1::text, $2::text)"
LOCK = "select pg_advisory_lock(hashtext('iok-test-databases'))"
EXISTS = "select exists (select from pg_database where datname = $1)"

T = TypeVar("T")


class Databases:
    """Makes and drops the tests' databases on one server."""

    def __init__(self, server: PostgresAccess) -> None:
        self._server = server
        self._pool = ThreadPoolExecutor(1)

    def make(self, service: str, folder: Path | None = None) -> ServiceDatabase:
        """A fresh database with the schema in `folder`, by default the service's own.

        May be called from a test whose event loop runs: the work is done in a thread of its own.
        """
        return self._do(self._make(service, folder or ROOT / "services" / service))

    def drop(self, database: ServiceDatabase) -> None:
        """Drop it, whoever is still connected."""
        self._do(self._drop(database.name))

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._pool.submit(asyncio.run, work).result()

    async def _make(self, service: str, folder: Path) -> ServiceDatabase:
        files = "".join(name + sql for name, sql in schema_files(folder))
        template = f"template_{service}_{hashlib.sha256(files.encode()).hexdigest()[:12]}"
        name = f"test_{service}_{secrets.token_hex(6)}"
        owner, role = access_rules.owner_role(service), access_rules.service_role(service)
        connection = await asyncpg.connect(self._server.dsn())
        try:
            await connection.execute(LOCK)
            if not await connection.fetchval(EXISTS, template):
                await self._make_template(connection, service, folder, template)
            await access_rules.run(connection, access_rules.COPY_DATABASE, name, template, owner)
            await access_rules.admit(connection, name, service)
        finally:
            await connection.close()
        dsn = self._server.dsn
        return ServiceDatabase(service, name, dsn(name, role, PASSWORD), dsn(name, owner, PASSWORD), dsn(name))

    async def _make_template(
        self, connection: "asyncpg.Connection[asyncpg.Record]", service: str, folder: Path, template: str
    ) -> None:
        """Under another name until it is whole, so that no interrupted one is ever copied."""
        owner = access_rules.owner_role(service)
        draft = f"{template}_{secrets.token_hex(4)}"
        await access_rules.ensure_roles(connection, {owner: PASSWORD, access_rules.service_role(service): PASSWORD})
        await access_rules.close_common_databases(connection)
        await access_rules.run(connection, access_rules.CREATE_DATABASE, draft, owner)
        await access_rules.close_schema(self._server, draft, service)
        await migrate(self._server.dsn(draft, owner, PASSWORD), service, folder)
        await access_rules.run(connection, RENAME, draft, template)

    async def _drop(self, name: str) -> None:
        connection = await asyncpg.connect(self._server.dsn())
        try:
            await access_rules.run(connection, access_rules.DROP_DATABASE, name)
        finally:
            await connection.close()
