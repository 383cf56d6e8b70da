"""Autopay's protocol as Autopay sees it: hashes, the start of a transaction, notifications, errors. Pure.

Source: Autopay's published documentation of hashes, payments and ITN; the tests hold its published examples.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

WARSAW = ZoneInfo("Europe/Warsaw")
MAX_ANSWER_BYTES = 64 * 1024  # a confirmation is some 400 bytes

START_FIELDS = (
    "ServiceID", "OrderID", "Amount", "Description", "GatewayID", "Currency", "CustomerEmail", "Language",
    "CustomerNRB", "TaxCountry", "CustomerIP", "Title", "ReceiverName", "Products", "CustomerPhone", "ValidityTime",
    "Nip", "VerificationFName", "VerificationLName", "LinkValidityTime", "RecurringAcceptanceState",
    "RecurringAction", "ClientHash", "AuthorizationCode", "ScreenType", "ReturnURL", "PaymentToken",
    "DefaultRegulationAcceptanceState", "DefaultRegulationAcceptanceID", "DefaultRegulationAcceptanceTime",
    "WalletType", "AccountHolderName", "PlatformName", "PlatformVersion", "PluginVersion",
)  # fmt: skip
"""Fields of a transaction's start in their documented order, which is the order of the hash."""

GATEWAYS = {"0": "Paywall", "106": "Płatność testowa PBL", "509": "BLIK", "1500": "Karta płatnicza"}
PAYWALL, TEST_GATEWAY = "0", "106"

FAILURE_DETAILS = (
    "CANCELLED", "EXPIRED", "INCORRECT_AMOUNT", "ANOTHER_ERROR", "INSUFFICIENT_FUNDS", "ISSUER_DECLINED", "TIMEOUT",
    "USER_TIMEOUT", "AM_TIMEOUT", "SEC_DECLINED", "BAD_PIN", "LIMIT_EXCEEDED", "SYSTEM_ERROR", "GENERAL_ERROR",
)  # fmt: skip
AMOUNTS_THAT_FAIL = dict(zip(range(75631, 75641), FAILURE_DETAILS[4:], strict=True))
"""Autopay's test scenarios: an amount in grosze, and how its payment fails."""

FORMATS: Mapping[str, re.Pattern[str]] = {
    "ServiceID": re.compile(r"[0-9]{1,10}"),
    "OrderID": re.compile(r"[A-Za-z0-9]{1,32}"),
    "Amount": re.compile(r"(?:0|[1-9][0-9]{0,13})\.[0-9]{2}"),
    "Description": re.compile(r"[A-Za-z0-9ĄĆĘŁŃÓŚŹŻąćęłńóśźż .:,\-]{1,79}"),
    "GatewayID": re.compile(r"[0-9]{1,5}"),
    "Currency": re.compile(r"PLN"),
    "CustomerEmail": re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}"),
    "ValidityTime": re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"),
    "LinkValidityTime": re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"),
    "Hash": re.compile(r"\s*[0-9A-Fa-f]{64}\s*"),
}
REQUIRED = ("ServiceID", "OrderID", "Amount", "Hash")


class Status(StrEnum):
    """Where a transaction stands; ``STARTED`` is the payer still on the page, and is never told to anybody."""

    STARTED = "STARTED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


NEXT = {
    Status.STARTED: frozenset({Status.PENDING, Status.SUCCESS, Status.FAILURE}),
    Status.PENDING: frozenset({Status.SUCCESS, Status.FAILURE}),
    Status.FAILURE: frozenset({Status.SUCCESS}),
    Status.SUCCESS: frozenset[Status](),
}
"""What may follow what: a failure may still become a success, a success nothing."""


class ProtocolError(Exception):
    """A message that Autopay does not understand or trust; answered 406 with an ``<error>`` document."""

    def __init__(self, status_code: int, name: str, description: str = "") -> None:
        super().__init__(f"{name}: {description}")
        self.status_code, self.name, self.description = status_code, name, description

    @property
    def document(self) -> str:
        """The XML answer."""
        return _xml(
            f"<error><statusCode>{self.status_code}</statusCode><name>{self.name}</name>"
            f"<description>{escape(self.description)}</description></error>"
        )


class Refused(Exception):  # noqa: N818  (the protocol's word: NOTCONFIRMED with a reason)
    """An authentic start that Autopay does not take; the reason is one of the protocol's."""

    def __init__(self, order_id: str, reason: str) -> None:
        super().__init__(f"{order_id}: {reason}")
        self.order_id, self.reason = order_id, reason

    def document(self, key: str) -> str:
        """Return the XML answer, hashed over order, NOTCONFIRMED and reason."""
        return _xml(
            f"<transaction><orderID>{self.order_id}</orderID><confirmation>NOTCONFIRMED</confirmation>"
            f"<reason>{self.reason}</reason><hash>{digest((self.order_id, 'NOTCONFIRMED', self.reason), key)}</hash>"
            "</transaction>"
        )


@dataclass(frozen=True)
class Start:
    """What the payer is asked for: a checked start of a transaction, money in grosze."""

    order_id: str
    amount_grosze: int
    currency: str
    description: str
    gateway_id: str
    return_url: str


@dataclass(frozen=True)
class Report:
    """What a notification says of one transaction; ``start_amount_grosze`` only when the fee is inside the amount."""

    order_id: str
    remote_id: str
    amount_grosze: int
    currency: str
    gateway_id: str
    payment_date: str
    status: Status
    details: str
    start_amount_grosze: int | None = None

    def nodes(self) -> list[tuple[str, str]]:
        """Names and texts of the transaction's nodes in document order; empty ones are left out."""
        start = "" if self.start_amount_grosze is None else decimal(self.start_amount_grosze)
        every = [
            ("orderID", self.order_id),
            ("remoteID", self.remote_id),
            ("amount", decimal(self.amount_grosze)),
            ("currency", self.currency),
            ("gatewayID", self.gateway_id),
            ("paymentDate", self.payment_date),
            ("paymentStatus", self.status.value),
            ("paymentStatusDetails", self.details),
            ("startAmount", start),
        ]
        return [(name, text) for name, text in every if text]


def digest(values: Iterable[str], key: str) -> str:
    """SHA-256 in lower-case hex over ``v1|v2|…|key``; empty values vanish with their separator."""
    return hashlib.sha256("|".join([*(value for value in values if value), key]).encode()).hexdigest()


def same_digest(given: str, expected: str) -> bool:
    """Whether two hashes are equal, blind to case and blanks, in constant time."""
    return hmac.compare_digest(given.strip().lower().encode(), expected.encode())


def decimal(amount_grosze: int) -> str:
    """Grosze as the protocol writes money: ``12345`` is ``123.45``."""
    return f"{amount_grosze // 100}.{amount_grosze % 100:02d}"


def payment_date(now: datetime) -> str:
    """Return a moment as notifications carry it: Warsaw time, YYYYMMDDhhmmss."""
    return now.astimezone(WARSAW).strftime("%Y%m%d%H%M%S")


def check_hash(fields: Mapping[str, str], order: Sequence[str], service_id: str, key: str) -> None:
    """Raise ``ProtocolError`` unless the message is of our service and its hash is right over ``order``."""
    authentic = same_digest(fields.get("Hash", ""), digest((fields.get(name, "") for name in order), key))
    if not authentic or fields.get("ServiceID") != service_id:
        raise ProtocolError(7, "INVALID_HASH")


def check_start(pairs: Sequence[tuple[str, str]], service_id: str, key: str, return_url: str, now: datetime) -> Start:
    """Return a checked start from form or query pairs.

    Raises ``ProtocolError`` (format, then hash) and ``Refused`` (authentic, but outdated, without a gateway or of
    nothing). A ``ReturnURL`` is taken only on the origin agreed for the service.
    """
    fields = dict(pairs)
    _check_format(pairs, fields)
    check_hash(fields, START_FIELDS, service_id, key)
    order_id, gateway_id = fields["OrderID"], fields.get("GatewayID") or PAYWALL
    amount_grosze = int(fields["Amount"].replace(".", ""))
    if amount_grosze == 0:
        raise Refused(order_id, "START_AMOUNT_OUT_OF_RANGE")
    if gateway_id not in GATEWAYS:
        raise Refused(order_id, "PAYWAY_NOT_FOUND")
    for name, reason in (("LinkValidityTime", "LINK_VALIDITY_TIME_OUTDATED"), ("ValidityTime", "TRANSACTION_OUTDATED")):
        if fields.get(name) and _moment(name, fields[name]) <= now:
            raise Refused(order_id, reason)
    back = fields.get("ReturnURL") or return_url
    if urlsplit(back)[:2] != urlsplit(return_url)[:2]:
        raise ProtocolError(2, "INVALID_FORMAT", "ReturnURL")
    currency, description = fields.get("Currency") or "PLN", fields.get("Description", "")
    return Start(order_id, amount_grosze, currency, description, gateway_id, back)


def _check_format(pairs: Sequence[tuple[str, str]], fields: Mapping[str, str]) -> None:
    if len(fields) != len(pairs):
        raise ProtocolError(2, "INVALID_FORMAT", "repeated field")
    for name in REQUIRED:
        if not fields.get(name):
            raise ProtocolError(2, "INVALID_FORMAT", name)
    for name, value in fields.items():
        if name != "Hash" and name not in START_FIELDS:
            raise ProtocolError(2, "INVALID_FORMAT", f"unknown field {name[:40]}")
        pattern = FORMATS.get(name)
        if value and pattern is not None and not pattern.fullmatch(value):
            raise ProtocolError(2, "INVALID_FORMAT", name)


def _moment(name: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=WARSAW)
    except ValueError as error:
        raise ProtocolError(2, "INVALID_FORMAT", name) from error


def continuation_document(url: str, order_id: str, remote_id: str, key: str) -> str:
    """Return the answer to a start made by a server: where to send the payer."""
    values = ("PENDING", url, order_id, remote_id)
    return _xml(
        f"<transaction><status>PENDING</status><redirecturl>{escape(url)}</redirecturl><orderID>{order_id}</orderID>"
        f"<remoteID>{remote_id}</remoteID><hash>{digest(values, key)}</hash></transaction>"
    )


def transaction_list(service_id: str, reports: Sequence[Report], key: str) -> str:
    """Return the XML of a notification or a status answer; the hash covers every text in document order."""
    values = [service_id, *(text for report in reports for _, text in report.nodes())]
    transactions = "".join(
        "<transaction>"
        + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in report.nodes())
        + "</transaction>"
        for report in reports
    )
    return _xml(
        f"<transactionList><serviceID>{service_id}</serviceID><transactions>{transactions}</transactions>"
        f"<hash>{digest(values, key)}</hash></transactionList>"
    )


def confirmation_fault(answer: bytes, service_id: str, order_id: str, key: str) -> str | None:
    """None when ``answer`` is an authentic CONFIRMED of this order, otherwise what is wrong with it."""
    if len(answer) > MAX_ANSWER_BYTES:
        return "answer too long"
    try:
        root = ElementTree.fromstring(answer, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        return f"answer is no XML: {type(error).__name__}"
    if root.tag != "confirmationList":
        return "answer is no confirmationList"
    leaves = [(node.tag, (node.text or "").strip()) for node in root.iter() if len(node) == 0]
    texts = dict(leaves)
    expected = digest((text for name, text in leaves if name != "hash"), key)
    if not same_digest(texts.get("hash", ""), expected):
        return "answer has a wrong hash"
    if (texts.get("serviceID"), texts.get("orderID")) != (service_id, order_id):
        return "answer is of another service or order"
    return None if texts.get("confirmation") == "CONFIRMED" else f"answered {texts.get('confirmation', 'nothing')[:20]}"


def _xml(body: str) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + body
