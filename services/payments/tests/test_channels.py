"""Autopay's payment channels: which may be picked here, and for how much; asked for seldom, and done without."""

import hashlib
from typing import Any

import pytest

from services.payments.clients.autopay import FRESH_SECONDS, PAUSE_SECONDS, USABLE_SECONDS, AutopayClient
from services.payments.domain.autopay import Merchant
from services.payments.domain.channels import Channel, UnusableListError, question, read
from services.payments.tests.autopay_server import autopay_server, channel, listing

MERCHANT = Merchant("100001", "key")
BLIK = Channel("509", "BLIK", "BLIK", 150, 100_000)


def test_the_question_is_hashed_over_its_fields_in_order() -> None:
    asked = question("a" * 32, MERCHANT)
    assert asked["Hash"] == hashlib.sha256(f"100001|{'a' * 32}|PLN|PL|key".encode()).hexdigest()


def test_channels_come_in_autopays_order_with_their_limits_in_grosze() -> None:
    card = channel(1500, name="Karta", groupType=None, order=0)
    assert read(listing(channel(), card)) == [Channel("1500", "Karta", "", 150, 100_000), BLIK]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "TEMPORARY_DISABLED"},
        {"state": "DISABLED"},
        {"availableFor": "B2B"},
        {"currencies": [{"currency": "EUR", "minAmount": 1, "maxAmount": 2}]},
        {"currencies": None},
        {"currencies": [{"currency": "PLN", "minAmount": 5, "maxAmount": 1}]},
        {"currencies": [{"currency": "PLN", "minAmount": "x", "maxAmount": "NaN"}]},
        {"gatewayID": "509"},
        {"gatewayID": 0},
        {"name": ""},
    ],
)
def test_a_channel_that_is_closed_or_not_as_documented_is_left_out(fields: dict[str, Any]) -> None:
    assert read(listing(channel(**fields), channel())) == [BLIK]


@pytest.mark.parametrize(
    "answer", [None, [], {"result": "ERROR"}, {"result": "OK"}, {"result": "OK", "gatewayList": "x"}]
)
def test_what_is_no_list_is_refused(answer: Any) -> None:
    with pytest.raises(UnusableListError):
        read(answer)


def test_limits_are_inclusive() -> None:
    assert [BLIK.takes(grosze) for grosze in (149, 150, 100_000, 100_001)] == [False, True, True, False]


async def test_a_list_is_kept_for_minutes_and_while_autopay_is_silent_for_an_hour() -> None:
    now = 0.0
    async with autopay_server() as autopay:
        client = AutopayClient(autopay.url, MERCHANT, lambda: now)
        assert await client.channels() == []
        autopay.listed = listing(channel())
        assert await client.channels() == []  # silent a moment ago: nobody waits for it again
        now += PAUSE_SECONDS
        assert await client.channels() == await client.channels() == [BLIK]
        assert len(autopay.asked) == 2
        autopay.listed = {"result": "ERROR"}
        now += FRESH_SECONDS
        assert await client.channels() == [BLIK]
        now += USABLE_SECONDS
        assert await client.channels() == []
        await client.close()
