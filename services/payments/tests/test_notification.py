"""Notifications: what is read, what is believed, what is answered."""

import base64
import hashlib
from datetime import date

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.autopay import Merchant
from services.payments.domain.notification import (
    MAX_DOCUMENT_BYTES,
    Answer,
    ReportedStatus,
    UnreadableNotificationError,
    confirmation,
    is_authentic,
    read,
    reports,
)
from services.payments.tests.itn import KEY, PUBLISHED, SERVICE_ID, document, field, sha256_of, transaction

US = Merchant(SERVICE_ID, KEY)
DOCUMENTED = Merchant("1", "1test1")


def authentic(xml: bytes, merchant: Merchant = US) -> bool:
    return is_authentic(read(field(xml)), merchant)


def test_the_published_notification_is_authentic_and_says_what_the_documentation_says() -> None:
    notification = read(field(PUBLISHED.encode()))
    assert is_authentic(notification, DOCUMENTED)
    [report] = reports(notification)
    assert (report.order_id, report.remote_id, report.amount_grosze) == ("11", "91", 1111)
    assert (report.status, report.reason, report.paid_on) == (ReportedStatus.SUCCESS, "AUTHORIZED", date(2001, 1, 1))


def test_the_published_answer_is_given_to_the_published_notification() -> None:
    root = fromstring(confirmation(read(field(PUBLISHED.encode())), Answer.CONFIRMED, DOCUMENTED))
    assert root.findtext("serviceID") == "1"
    assert root.findtext("transactionsConfirmations/transactionConfirmed/orderID") == "11"
    assert root.findtext("transactionsConfirmations/transactionConfirmed/confirmation") == "CONFIRMED"
    assert root.findtext("hash") == "c1e9888b7d9fb988a4aae0dfbff6d8092fc9581e22e02f335367dd01058f9618"


def test_plus_signs_that_a_form_turned_into_blanks_are_put_back() -> None:
    xml = document(transaction(title="~~~>>>???~~~"))
    assert "+" in field(xml)
    assert is_authentic(read(field(xml).replace("+", " ")), US)


def test_the_hash_covers_unknown_and_nested_nodes_in_document_order() -> None:
    values = [SERVICE_ID, "11", "R91", "4.00", "PLN", "20260510120000", "SUCCESS", "Jan", "Kowalski", "1.00", "2030"]
    xml = (
        f"<transactionList><serviceID>{SERVICE_ID}</serviceID><transactions><transaction><orderID>11</orderID>"
        "<remoteID>R91</remoteID><amount>4.00</amount><currency>PLN</currency><gatewayID/>"
        "<paymentDate>20260510120000</paymentDate><paymentStatus>SUCCESS</paymentStatus>"
        "<customerData>\n <fName>Jan</fName><lName>Kowalski</lName>\n</customerData><startAmount>1.00</startAmount>"
        f"<future><node>2030</node></future></transaction></transactions><hash>{sha256_of(values)}</hash></transactionList>"
    ).encode()
    assert authentic(xml)
    [report] = reports(read(field(xml)))
    assert (report.amount_grosze, report.start_amount_grosze) == (400, 100)


def test_the_hash_covers_the_value_of_a_products_parameter() -> None:
    params = '<product><subAmount>1.00</subAmount><params><param name="a" value="b"/></params></product>'
    values = [SERVICE_ID, "11", "1.00", "b"]
    xml = (
        f"<transactionList><serviceID>{SERVICE_ID}</serviceID><transactions><transaction><orderID>11</orderID>{params}"
        f"</transaction></transactions><hash>{sha256_of(values)}</hash></transactionList>"
    ).encode()
    assert authentic(xml)


def test_a_hash_in_capitals_between_blanks_is_as_good() -> None:
    signed = read(field(document(transaction()))).given_hash
    assert authentic(document(transaction(), given_hash=f" {signed.upper()} "))


@pytest.mark.parametrize("forged", ["", "0" * 64, "x", "ż"])
def test_a_forged_cut_or_missing_hash_is_not_authentic(forged: str) -> None:
    right = read(field(document(transaction()))).given_hash
    assert not authentic(document(transaction(), given_hash=forged))
    assert not authentic(document(transaction(), given_hash=right[:-1]))
    assert not authentic(document(transaction()).replace(f"<hash>{right}</hash>".encode(), b""))


def test_a_notification_for_another_service_is_not_ours_however_well_signed() -> None:
    assert not authentic(document(transaction(), service_id="999"))


@given(
    st.sampled_from(["orderID", "remoteID", "amount", "currency", "paymentDate", "paymentStatus"]), st.integers(0, 9)
)
def test_whatever_field_is_changed_the_hash_no_longer_fits(name: str, digit: int) -> None:
    signed = read(field(document(transaction()))).given_hash
    changed = transaction(**{name: transaction()[name] + str(digit)})
    assert not authentic(document(changed, given_hash=signed))


def test_our_own_signed_answer_cannot_be_dressed_up_as_a_notification() -> None:
    """A stranger who sends four forged transactions gets our signature under their ids; they must buy him nothing."""
    forged = [transaction(order_id=order_id) for order_id in ("11", "R91", "20260510120000", "SUCCESS")]
    answer = fromstring(confirmation(read(field(document(*forged, key="wrong"))), Answer.NOTCONFIRMED, US))
    lent = answer.findtext("hash") or ""
    word = "<x>NOTCONFIRMED</x>"
    nodes = ["<orderID>11</orderID>", "<remoteID>R91</remoteID>", "<paymentDate>20260510120000</paymentDate>"]
    dressed = word.join([*nodes, "<paymentStatus>SUCCESS</paymentStatus>"]) + word
    xml = (
        f"<transactionList><serviceID>{SERVICE_ID}</serviceID><transactions><transaction>{dressed}</transaction>"
        f"</transactions><hash>{lent}</hash></transactionList>"
    ).encode()
    assert hashlib.sha256("|".join([*read(field(xml)).values, KEY]).encode()).hexdigest() == lent
    assert not authentic(xml)
    assert not authentic(xml.replace(b"R91</remoteID><x>NOTCONFIRMED</x>", b"R91|NOTCONFIRMED</remoteID>"))


@pytest.mark.parametrize("order_id", ["", "a" * 33, "11|R91|11.11", "ż", "1 1", "<b/>"])
def test_without_a_readable_order_id_nothing_is_signed_for_anybody(order_id: str) -> None:
    with pytest.raises(UnreadableNotificationError):
        read(field(document(transaction(order_id=order_id))))


def test_several_transactions_are_read_one_by_one_and_answered_one_by_one() -> None:
    notification = read(field(document(transaction("11"), transaction("12", paymentStatus="FAILURE"))))
    assert is_authentic(notification, US)
    assert [(report.order_id, report.status) for report in reports(notification)] == [
        ("11", ReportedStatus.SUCCESS),
        ("12", ReportedStatus.FAILURE),
    ]
    root = fromstring(confirmation(notification, Answer.CONFIRMED, US))
    assert [node.text for node in root.iter("orderID")] == ["11", "12"]
    assert root.findtext("hash") == sha256_of([SERVICE_ID, "11", "CONFIRMED", "12", "CONFIRMED"])


DTD = b'<!DOCTYPE transactionList [<!ENTITY a "11"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = b'<!DOCTYPE transactionList SYSTEM "file:///etc/passwd">'
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'

UNREADABLE = {
    "nothing": "",
    "no base64": "<transactionList/>",
    "cut base64": field(document(transaction()))[:-3],
    "no XML": field(b"orderID=11"),
    "cut XML": field(document(transaction())[:-20]),
    "a DTD": field(DECLARATION + DTD + document(transaction()).removeprefix(DECLARATION)),
    "an entity": field(DECLARATION + DTD + document(transaction("&b;")).removeprefix(DECLARATION)),
    "an external DTD": field(DECLARATION + EXTERNAL + document(transaction()).removeprefix(DECLARATION)),
    "UTF-16": field(document(transaction()).decode().replace("UTF-8", "UTF-16").encode("utf-16")),
    "declared ISO-8859-2": field(document(transaction()).replace(b"UTF-8", b"ISO-8859-2")),
    "declared UTF-7": field(document(transaction()).replace(b"UTF-8", b"UTF-7")),
    "bytes that are no UTF-8": field(document(transaction(title="x")).replace(b">x<", b">\xff<")),
    "another root": field(document(transaction()).replace(b"transactionList", b"confirmationList")),
    "a namespace": field(document(transaction()).replace(b"<transactionList", b'<transactionList xmlns="urn:x"')),
    "no transaction": field(document()),
    "an order named twice": field(document(transaction()).replace(b"<remoteID>", b"<orderID>12</orderID><remoteID>")),
    "two hashes": field(document(transaction()).replace(b"<hash>", b"<hash>0</hash><hash>")),
    "ten megabytes": field(document(transaction(title="x" * 10_000_000))),
    "more than a document may have": field(document(transaction(title="x" * MAX_DOCUMENT_BYTES))),
    "more transactions than one would send": field(document(*[transaction()] * 101)),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_safely_is_refused(kind: str) -> None:
    with pytest.raises(UnreadableNotificationError):
        read(UNREADABLE[kind])


def test_a_document_nested_as_deep_as_its_size_allows_harms_nothing() -> None:
    deep = b"<a>" * 9_000 + b"</a>" * 9_000
    xml = document(transaction(title="x")).replace(b"<title>x</title>", deep)
    assert not authentic(xml)


@given(st.binary(max_size=300))
def test_any_bytes_are_either_read_or_refused(data: bytes) -> None:
    with pytest.raises(UnreadableNotificationError):
        read(base64.b64encode(data).decode())


@given(st.text(max_size=300))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    with pytest.raises(UnreadableNotificationError):
        read(text)


@pytest.mark.parametrize(
    ("texts", "attribute"),
    [
        ({"remoteID": ""}, "remote_id"),
        ({"remoteID": "a b"}, "remote_id"),
        ({"amount": "11,11"}, "amount_grosze"),
        ({"amount": ""}, "amount_grosze"),
        ({"paymentStatus": "REFUND"}, "status"),
        ({"paymentDate": "20261399000000"}, "paid_on"),
        ({"paymentDate": "2026-05-10"}, "paid_on"),
    ],
)
def test_an_authentic_text_not_as_documented_becomes_none_and_never_a_guess(
    texts: dict[str, str], attribute: str
) -> None:
    [report] = reports(read(field(document(transaction(**texts)))))
    assert getattr(report, attribute) is None


def test_a_reason_that_is_no_code_is_not_carried_on() -> None:
    [report] = reports(read(field(document(transaction(paymentStatusDetails="Jan Kowalski odmówił")))))
    assert report.reason == "UNKNOWN"
