"""Autopay's payment channels (gatewayList, version 3): the question, and which of them a payer may pick here.

Source: Autopay's official shop plugins. Only what is open now and takes zlote is offered, and its limits are respected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from services.payments.domain.autopay import CURRENCY, Merchant, digest

LANGUAGE = "PL"
OPEN = "OK"
MAX_CHANNELS = 100  # Autopay has some forty
MAX_NAME_CHARACTERS = 60
MAX_AMOUNT_ZLOTE = Decimal(10**9)


class UnusableListError(Exception):
    """Autopay answered with an error, or with something that is no list of channels."""


@dataclass(frozen=True)
class Channel:
    """A way to pay. Limits in grosze, both inclusive."""

    channel_id: str
    name: str
    group: str
    min_grosze: int
    max_grosze: int

    def takes(self, amount_grosze: int) -> bool:
        """Whether so much can be paid by it."""
        return self.min_grosze <= amount_grosze <= self.max_grosze


def question(message_id: str, merchant: Merchant) -> dict[str, str]:
    """The question for the list. `message_id`: 32 letters and digits, never used before."""
    fields = {
        "ServiceID": merchant.service_id,
        "MessageID": message_id,
        "Currencies": CURRENCY,
        "Language": LANGUAGE,
    }
    return {**fields, "Hash": digest(fields.values(), merchant)}


def read(answer: Any) -> list[Channel]:
    """The channels that are open, in Autopay's order; one that is not as documented is left out.

    Raises:
        UnusableListError: an error, or no list.
    """
    if not isinstance(answer, Mapping) or answer.get("result") != "OK":
        raise UnusableListError("Autopay refused to list its channels")
    rows = answer.get("gatewayList")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise UnusableListError("Autopay's list of channels is no list")
    found = [(row.get("order"), channel) for row in rows[:MAX_CHANNELS] if (channel := _channel(row)) is not None]
    found.sort(key=lambda one: one[0] if isinstance(one[0], int) else MAX_CHANNELS)
    return [channel for _, channel in found]


def _channel(row: Any) -> Channel | None:
    if not isinstance(row, Mapping) or row.get("state") != OPEN or row.get("availableFor", "BOTH") == "B2B":
        return None
    number, name = row.get("gatewayID"), row.get("name")
    limits = _limits(row.get("currencies"))
    if not isinstance(number, int) or number <= 0 or not isinstance(name, str) or not name or limits is None:
        return None
    group = row.get("groupType")
    return Channel(str(number), name[:MAX_NAME_CHARACTERS], group if isinstance(group, str) else "", *limits)


def _limits(currencies: Any) -> tuple[int, int] | None:
    for one in currencies if isinstance(currencies, list) else []:
        if isinstance(one, Mapping) and one.get("currency") == CURRENCY:
            least, most = _grosze(one.get("minAmount")), _grosze(one.get("maxAmount"))
            return None if least is None or most is None or least > most else (least, most)
    return None


def _grosze(amount: Any) -> int | None:
    """An amount in zlote, a number or a text, as whole grosze."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        return None
    try:
        zlote = Decimal(str(amount))
    except InvalidOperation:
        return None
    return int(zlote * 100) if zlote.is_finite() and 0 <= zlote <= MAX_AMOUNT_ZLOTE else None
