"""Identity on a database of a test's own, with a clock that the test moves."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from libs.chassis.auth import TokenSigner
from libs.chassis.event_store import EventStore
from libs.chassis.postgres import Database
from libs.chassis.testing import ServiceDatabase
from libs.events.decoding import read_data
from services.identity.app import SOURCE, make_app
from services.identity.commands.tools import Tools
from services.identity.consumer import LeaseProjector
from services.identity.settings import Settings
from services.identity.tests.house import SEED, Clock, CountingPool, House
from tests.stack.databases import Databases


@pytest.fixture
async def house(service_database: Callable[[str], ServiceDatabase], tmp_path: Path) -> AsyncIterator[House]:
    server = service_database("identity")
    database = await Database.open(server.service_dsn)
    clock, passwords, signer = Clock(), CountingPool(), TokenSigner(SEED)
    tools = Tools(database, EventStore(SOURCE, read_data), passwords, b"l" * 32, clock)
    app = make_app(Settings(), tools, signer, LeaseProjector({"erp"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://identity") as client:
        yield House(tools, client, clock, passwords, signer, tmp_path / "letters", server)
    tools.passwords.close()
    await database.close()


@pytest.fixture(scope="module")
def role_server(databases: Databases) -> Iterator[ServiceDatabase]:
    server = databases.make("identity")
    yield server
    databases.drop(server)


@pytest.fixture
async def house_role(role_server: ServiceDatabase) -> AsyncIterator[Database]:
    """The database as the service's own role sees it, shared by the tests of a module."""
    database = await Database.open(role_server.service_dsn)
    yield database
    await database.close()
