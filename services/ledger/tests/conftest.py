"""Fixtures of the ledger's tests on real servers."""

from collections.abc import AsyncIterator, Callable
from itertools import count

import pytest

from libs.chassis.postgres import Database
from libs.chassis.testing import ServiceDatabase
from services.ledger.commands.announcing import Announcer
from services.ledger.consumer.projector import BookProjector
from services.ledger.read_models import books
from services.ledger.tests.facts import ERP, NOW, event_id


@pytest.fixture
def schema(service_database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """A fresh database of the ledger."""
    return service_database("ledger")


@pytest.fixture
async def database(schema: ServiceDatabase) -> AsyncIterator[Database]:
    """The same as the service's role sees it, with a live book of number 1."""
    opened = await Database.open(schema.service_dsn)
    async with opened.transaction() as tx:
        assert await books.switch(tx, await books.make(tx, 0), {}, by_operator=False) is books.Verdict.SWITCHED
    yield opened
    await opened.close()


@pytest.fixture
def announcer() -> Announcer:
    """Announces balances at noon of a fixed day."""
    numbers = count(1_000_000)
    return Announcer(lambda: NOW, lambda: event_id(next(numbers)))


@pytest.fixture
def projector(announcer: Announcer) -> BookProjector:
    """The projector of the live book; `erp` is a company system."""
    return BookProjector(frozenset({ERP}), announcer)
