"""Autopay's notifications (ITN): read, proven authentic, interpreted, answered. In this order, and no other.

A notification is an XML document in base64, in the form field `transactions`. Its hash covers the text of every leaf
in document order, known or not, so it is checked on the texts as they came, before any of them is taken for a number.

The hash does not cover the names of the nodes, and the same key signs our own answers and the starts that payers see.
Two rules keep those from being dressed up as a notification: an order's id holds letters, digits, `-` and `_` only, and
a document with CONFIRMED or NOTCONFIRMED among its values, words that only our answers use, is never authentic.

Source: Autopay's documentation, "ITN - status transakcji" and "Dodatkowe pola w komunikacie ITN".
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from services.payments.domain.autopay import SEPARATOR, Merchant, digest, grosze_of, is_order_id, same_digest

MAX_DOCUMENT_BYTES = 64 * 1024  # the longest documented notification has some 4 KiB
MAX_TRANSACTIONS = 100  # one in practice

# The texts read from a transaction; more nodes may come and only count in the hash.
FIELDS = (
    "orderID",
    "remoteID",
    "amount",
    "currency",
    "gatewayID",
    "paymentDate",
    "paymentStatus",
    "paymentStatusDetails",
    "startAmount",
)

_DECLARED_ENCODING = re.compile(rb"""\A<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
_REMOTE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_CODE = re.compile(r"[A-Z0-9_]{1,64}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{14}", re.ASCII)


class UnreadableNotificationError(Exception):
    """No base64, no XML, or no transaction with an order's id in it; the message says which, without the content."""


class Answer(StrEnum):
    """What a notification is answered: authentic and kept, or not ours."""

    CONFIRMED = "CONFIRMED"
    NOTCONFIRMED = "NOTCONFIRMED"


class ReportedStatus(StrEnum):
    """What Autopay says of a transaction."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


@dataclass(frozen=True)
class Notification:
    """A readable notification, not yet proven authentic. `transactions` are the texts of `FIELDS`, "" where absent."""

    document: bytes
    service_id: str
    transactions: tuple[dict[str, str], ...]
    values: tuple[str, ...]
    given_hash: str


@dataclass(frozen=True)
class Report:
    """What an authentic notification says of one transaction; None where Autopay wrote something else than documented.

    Amounts in grosze: `amount_grosze` is what the payer paid, `start_amount_grosze` what we asked for when a fee was
    added. `paid_on` is the Warsaw date of the payment. `reason` is a code, never a free text.
    """

    order_id: str
    remote_id: str | None
    status: ReportedStatus | None
    amount_grosze: int | None
    start_amount_grosze: int | None
    currency: str
    paid_on: date | None
    reason: str


def read(field: str) -> Notification:
    """Read the form field of a notification: base64, whose plus signs a form may have turned into blanks, then XML.

    Raises:
        UnreadableNotificationError: it cannot be read, or one of its transactions has no readable order id.
    """
    return read_document(_document(field))


def read_document(document: bytes, fewest: int = 1) -> Notification:
    """Read the XML of a notification, or of an answer built like one, with at least so many transactions.

    Raises:
        UnreadableNotificationError: it cannot be read, or one of its transactions has no readable order id.
    """
    if len(document) > MAX_DOCUMENT_BYTES:
        raise UnreadableNotificationError("it is too long")
    root = _root(document)
    if root.tag != "transactionList":
        raise UnreadableNotificationError("the document is no transactionList")
    elements = root.findall("transactions/transaction")
    if not fewest <= len(elements) <= MAX_TRANSACTIONS:
        raise UnreadableNotificationError(f"it holds {len(elements)} transactions")
    transactions = tuple({name: _text(element, name) for name in FIELDS} for element in elements)
    if not all(is_order_id(transaction["orderID"]) for transaction in transactions):
        raise UnreadableNotificationError("a transaction has no readable orderID")
    return Notification(
        document=document,
        service_id=_text(root, "serviceID"),
        transactions=transactions,
        values=tuple(value for child in root if child.tag != "hash" for value in _leaf_values(child)),
        given_hash=_text(root, "hash"),
    )


def _document(field: str) -> bytes:
    if len(field) > MAX_DOCUMENT_BYTES * 2:
        raise UnreadableNotificationError("it is too long")
    compact = field.replace("\r", "").replace("\n", "").replace(" ", "+")
    try:
        document = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableNotificationError("it is no base64") from error
    if not 0 < len(document) <= MAX_DOCUMENT_BYTES:
        raise UnreadableNotificationError(f"it has {len(document)} bytes")
    return document


def _root(document: bytes) -> Element:
    declared = _DECLARED_ENCODING.search(document.removeprefix(b"\xef\xbb\xbf"))
    if declared is not None and declared.group(1).lower() not in (b"utf-8", b"us-ascii"):
        raise UnreadableNotificationError("its encoding is not UTF-8")
    try:
        document.decode("utf-8")
        root: Element = ElementTree.fromstring(document, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise UnreadableNotificationError(f"it is no XML that we read: {type(error).__name__}") from error
    return root


def _text(element: Element, name: str) -> str:
    found = element.findall(name)
    if len(found) > 1:
        raise UnreadableNotificationError(f"{name} stands twice")
    return (found[0].text or "") if found and len(found[0]) == 0 else ""


def _leaf_values(element: Element) -> Iterator[str]:
    """The texts that the hash covers, in document order: of a product's `param` nodes the documented one is `value`."""
    for node in element.iter():
        if len(node) == 0:
            text = node.get("value", "") if node.tag == "param" and not node.text else node.text or ""
            if text.strip():
                yield text


def is_authentic(notification: Notification, merchant: Merchant) -> bool:
    """Whether Autopay itself signed this notification for our service."""
    signed = digest(notification.values, merchant)
    words = SEPARATOR.join(notification.values).split(SEPARATOR)
    ours = Answer.CONFIRMED in words or Answer.NOTCONFIRMED in words
    right_service = notification.service_id == merchant.service_id
    return same_digest(notification.given_hash, signed) and right_service and not ours


def reports(notification: Notification) -> list[Report]:
    """What an authentic notification says, transaction by transaction, in document order."""
    return [_report(transaction) for transaction in notification.transactions]


def _report(texts: dict[str, str]) -> Report:
    status, code = texts["paymentStatus"], texts["paymentStatusDetails"]
    return Report(
        order_id=texts["orderID"],
        remote_id=texts["remoteID"] if _REMOTE_ID.fullmatch(texts["remoteID"]) else None,
        status=ReportedStatus(status) if status in ReportedStatus.__members__ else None,
        amount_grosze=grosze_of(texts["amount"]),
        start_amount_grosze=grosze_of(texts["startAmount"]),
        currency=texts["currency"],
        paid_on=_day(texts["paymentDate"]),
        reason=code if _CODE.fullmatch(code) else "UNKNOWN",
    )


def _day(moment: str) -> date | None:
    if not _MOMENT.fullmatch(moment):
        return None
    try:
        return datetime.strptime(moment, "%Y%m%d%H%M%S").date()  # noqa: DTZ007  (Warsaw time, of which the day is wanted)
    except ValueError:
        return None


def confirmation(notification: Notification, answer: Answer, merchant: Merchant) -> bytes:
    """The XML answer to a notification, one confirmation for each transaction, signed.

    Its service is always ours: signing a number that a stranger sent would lend him our signature.
    """
    order_ids = [transaction["orderID"] for transaction in notification.transactions]
    signed = [merchant.service_id, *(value for order_id in order_ids for value in (order_id, answer.value))]
    confirmed = "".join(
        f"<transactionConfirmed><orderID>{escape(order_id)}</orderID>"
        f"<confirmation>{answer}</confirmation></transactionConfirmed>"
        for order_id in order_ids
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<confirmationList><serviceID>{escape(merchant.service_id)}</serviceID>"
        f"<transactionsConfirmations>{confirmed}</transactionsConfirmations>"
        f"<hash>{digest(signed, merchant)}</hash></confirmationList>"
    ).encode()
