"""How long a session is believed without asking identity."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.gateway.clients.identity import Identity, SessionOverError
from services.gateway.clients.sessions import Sessions
from services.gateway.clients.transport import AwayError, Service, open_http
from services.gateway.tests.fakes import Company


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def sessions(company: Company, clock: Clock) -> AsyncIterator[Sessions]:
    company.sessions["t"] = "anna"
    http = open_http()
    yield Sessions(Identity(Service("identity", company.identity.url, http)), clock)
    await http.close()


def asked(company: Company) -> int:
    return len(company.identity.calls("POST", "/tokens"))


async def test_a_token_is_reused_for_ten_seconds(sessions: Sessions, company: Company, clock: Clock) -> None:
    for passed, times in ((0.0, 1), (9.9, 1), (0.2, 2)):
        clock.now += passed
        assert (await sessions.of("t", 1.0, reading=True)).account_id == "acc-anna"
        assert asked(company) == times


async def test_reads_go_on_for_five_minutes_while_identity_is_silent(
    sessions: Sessions, company: Company, clock: Clock
) -> None:
    await sessions.of("t", 1.0, reading=True)
    company.identity.away = True
    clock.now += 299
    assert (await sessions.of("t", 1.0, reading=True)).account_id == "acc-anna"
    clock.now += 2
    with pytest.raises(AwayError):
        await sessions.of("t", 1.0, reading=True)


async def test_a_command_needs_identity(sessions: Sessions, company: Company, clock: Clock) -> None:
    await sessions.of("t", 1.0, reading=False)
    company.identity.away = True
    clock.now += 11
    with pytest.raises(AwayError):
        await sessions.of("t", 1.0, reading=False)


async def test_silent_identity_is_not_asked_by_every_read(sessions: Sessions, company: Company, clock: Clock) -> None:
    await sessions.of("t", 1.0, reading=True)
    company.identity.away = True
    clock.now += 11
    for _ in range(5):
        await sessions.of("t", 1.0, reading=True)
    assert asked(company) == 2
    clock.now += 3
    await sessions.of("t", 1.0, reading=True)
    assert asked(company) == 3


async def test_a_session_ended_elsewhere_is_over_within_ten_seconds(
    sessions: Sessions, company: Company, clock: Clock
) -> None:
    await sessions.of("t", 1.0, reading=True)
    company.sessions.clear()
    clock.now += 10.1
    with pytest.raises(SessionOverError):
        await sessions.of("t", 1.0, reading=True)
    company.identity.away = True
    with pytest.raises(AwayError):
        await sessions.of("t", 1.0, reading=True)


async def test_a_session_ended_here_is_over_at_once_even_while_identity_is_silent(
    sessions: Sessions, company: Company
) -> None:
    await sessions.of("t", 1.0, reading=True)
    company.identity.away = True
    with pytest.raises(AwayError):
        await sessions.end("t")
    with pytest.raises(SessionOverError):
        await sessions.of("t", 1.0, reading=True)
