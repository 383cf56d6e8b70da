"""Autopay's arithmetic and the messages that we send: hash, amounts, the start of a transaction, the return address.

Source of every rule: Autopay's published documentation ("Hash i uwierzytelnianie komunikatów", "Rozpoczęcie
transakcji"); its worked examples are the tests.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")  # Autopay writes and reads all its times so
CURRENCY = "PLN"
SEPARATOR = "|"
MAX_DESCRIPTION_CHARACTERS = 79

_AMOUNT = re.compile(r"[0-9]{1,14}\.[0-9]{2}", re.ASCII)  # the documented format: two decimals, always
_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_NOT_IN_A_DESCRIPTION = re.compile(r"[^A-Za-z0-9ĄĆĘŁŃÓŚŹŻąćęłńóśźż .:,-]+")
_BLANKS = re.compile(r" {2,}")

HashMethod = Literal["sha256", "sha512"]


@dataclass(frozen=True)
class Merchant:
    """Who we are at Autopay: our service's number and the key shared with it. The key never shows in a text form."""

    service_id: str
    shared_key: str = field(repr=False)
    hash_method: HashMethod = "sha256"


@dataclass(frozen=True)
class Order:
    """What a payer is sent to Autopay with. Amount in grosze; `valid_until` carries its zone.

    `channel` is Autopay's number of the way to pay, "" when the payer chooses it there.
    """

    order_id: str
    amount_grosze: int
    description: str
    valid_until: datetime
    channel: str = ""


def digest(values: Iterable[str], merchant: Merchant) -> str:
    """The hash of a message: lower-case hex over `v1|v2|…|key`; an empty value goes together with its separator."""
    text = SEPARATOR.join([*(value for value in values if value), merchant.shared_key])
    return hashlib.new(merchant.hash_method, text.encode()).hexdigest()


def same_digest(given: str, expected: str) -> bool:
    """Whether two hashes are equal, blind to case and surrounding blanks, in constant time."""
    return hmac.compare_digest(given.strip().lower().encode(), expected.encode())


def amount_text(amount_grosze: int) -> str:
    """Grosze as Autopay writes money: 150 is `1.50`."""
    zlote, grosze = divmod(amount_grosze, 100)
    return f"{zlote}.{grosze:02d}"


def grosze_of(text: str) -> int | None:
    """Autopay's money as grosze, or None where it is not written as documented (`1.50`)."""
    return int(text.replace(".", "")) if _AMOUNT.fullmatch(text) else None


def is_order_id(text: str) -> bool:
    """Whether this can be an order's id at Autopay: up to 32 letters, digits, hyphens or underscores."""
    return _ORDER_ID.fullmatch(text) is not None


def description(text: str) -> str:
    """A text as Autopay accepts it for a description: other characters become blanks, at most 79 are left."""
    plain = _NOT_IN_A_DESCRIPTION.sub(" ", unicodedata.normalize("NFC", text))
    return _BLANKS.sub(" ", plain).strip()[:MAX_DESCRIPTION_CHARACTERS].strip()


def start_fields(order: Order, merchant: Merchant) -> dict[str, str]:
    """The fields that start a transaction, in the documented order of the hash, with the hash last.

    Raises:
        ValueError: the order's id is not one that Autopay takes.
    """
    if not is_order_id(order.order_id):
        raise ValueError("an order's id is up to 32 letters, digits, hyphens or underscores")
    valid_until = order.valid_until.astimezone(WARSAW).strftime("%Y-%m-%d %H:%M:%S")
    fields = {
        "ServiceID": merchant.service_id,
        "OrderID": order.order_id,
        "Amount": amount_text(order.amount_grosze),
        "Description": description(order.description),
        **({"GatewayID": order.channel} if order.channel else {}),
        "Currency": CURRENCY,
        "ValidityTime": valid_until,
        "LinkValidityTime": valid_until,
    }
    return {**fields, "Hash": digest(fields.values(), merchant)}


def is_authentic_return(service_id: str, order_id: str, given_hash: str, merchant: Merchant) -> bool:
    """Whether a payer's return was signed by Autopay for us. It says nothing of the payment's outcome."""
    expected = digest((merchant.service_id, order_id), merchant)
    return service_id == merchant.service_id and is_order_id(order_id) and same_digest(given_hash, expected)
