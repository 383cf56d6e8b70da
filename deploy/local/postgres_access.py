"""Databases and roles: each service has a database, an owner that may change its schema, and a role for its processes.

The service's role may connect to its own database and nothing else; what it may do there its schema.sql grants.
Nothing is left to PUBLIC: no other database, no schema to create in, no temporary tables, no functions.
"""

from collections.abc import Sequence

import asyncpg

from deploy.local.postgres import SUPERUSER, PostgresAccess

# The server puts names and passwords into these, quoted by its own rules: format's %I and %L.
ROLES = "select rolname from pg_roles"
DATABASES = "select datname from pg_database"
CREATE_ROLE = "select format('create role %I login nosuperuser nocreatedb nocreaterole noreplication', $1::text)"
GIVE_PASSWORD = "select format('alter role %I password %L', $1::text, $2::text)"  # noqa: S105 - no password in it
CREATE_DATABASE = "select format('create database %I owner %I', $1::text, $2::text)"
COPY_DATABASE = "select format('create database %I template %I owner %I', $1::text, $2::text, $3::text)"
DROP_DATABASE = "select format('drop database if exists %I with (force)', $1::text)"
CLOSE_DATABASE = "select format('revoke all on database %I from public', $1::text)"
ADMIT_SERVICE = "select format('grant connect on database %I to %I', $1::text, $2::text)"
ADMIT_TO_SCHEMA = "select format('grant usage on schema public to %I', $1::text)"
CLOSE_SCHEMA = "revoke all on schema public from public"
CLOSE_FUNCTIONS = (
    "select format('alter default privileges for role %I revoke execute on functions from public', $1::text)"
)


def owner_role(service: str) -> str:
    """The role that owns the service's schema."""
    return f"iok_{service}_owner"


def service_role(service: str) -> str:
    """The role of the service's processes."""
    return f"iok_{service}"


async def run(connection: "asyncpg.Connection[asyncpg.Record]", statement: str, *names: str) -> None:
    """Run a statement into which the server itself puts `names`."""
    await connection.execute(await connection.fetchval(statement, *names))


async def ensure_roles(connection: "asyncpg.Connection[asyncpg.Record]", passwords: dict[str, str]) -> None:
    """Make the roles that are missing and give each its password."""
    known = {row["rolname"] for row in await connection.fetch(ROLES)}
    for role, password in passwords.items():
        if role not in known:
            await run(connection, CREATE_ROLE, role)
        await run(connection, GIVE_PASSWORD, role, password)


async def ensure_databases(access: PostgresAccess, services: Sequence[str], passwords: dict[str, str]) -> None:
    """Make what is missing of the services' databases and roles; `passwords` by role."""
    connection = await asyncpg.connect(access.dsn())
    try:
        await ensure_roles(connection, passwords)
        known = {row["datname"] for row in await connection.fetch(DATABASES)}
        await close_common_databases(connection)
        for service in services:
            if service_role(service) not in known:
                await run(connection, CREATE_DATABASE, service_role(service), owner_role(service))
            await admit(connection, service_role(service), service)
    finally:
        await connection.close()
    for service in services:
        await close_schema(access, service_role(service), service)


async def close_common_databases(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Keep everybody but the superuser out of the databases that every server has."""
    for database in (SUPERUSER, "template1"):
        await run(connection, CLOSE_DATABASE, database)


async def admit(connection: "asyncpg.Connection[asyncpg.Record]", database: str, service: str) -> None:
    """Let the service's role, and beside its owner nobody else, connect to its database."""
    await run(connection, CLOSE_DATABASE, database)
    await run(connection, ADMIT_SERVICE, database, service_role(service))


async def close_schema(access: PostgresAccess, database: str, service: str) -> None:
    """Inside the service's database: nothing for PUBLIC, names of the schema for the service's role."""
    connection = await asyncpg.connect(access.dsn(database))
    try:
        await connection.execute(CLOSE_SCHEMA)
        await run(connection, ADMIT_TO_SCHEMA, service_role(service))
        await run(connection, CLOSE_FUNCTIONS, owner_role(service))
    finally:
        await connection.close()
