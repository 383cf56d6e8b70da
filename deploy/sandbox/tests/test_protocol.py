"""Autopay's protocol: its published examples, and what is refused."""

from datetime import UTC, datetime

import pytest

from deploy.sandbox.autopay import protocol
from deploy.sandbox.autopay.protocol import ProtocolError, Refused, Report, Status

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RETURN_URL = "https://iok.example/autopay/return"
START = {
    "ServiceID": "2",
    "OrderID": "100",
    "Amount": "1.50",
    "Description": "Czynsz za 11-2026, lokal 7: wpłata",
    "GatewayID": "0",
    "Currency": "PLN",
    "CustomerEmail": "jan@example.org",
    "LinkValidityTime": "2026-11-23 14:00:00",
}


def signed(**changes: str) -> list[tuple[str, str]]:
    """Return a start with changed fields and a right hash."""
    fields = {**START, **changes}
    values = [fields.get(name, "") for name in protocol.START_FIELDS]
    return [*fields.items(), ("Hash", protocol.digest(values, "2test2"))]


def check(pairs: list[tuple[str, str]]) -> protocol.Start:
    return protocol.check_start(pairs, "2", "2test2", RETURN_URL, NOW)


@pytest.mark.parametrize(
    ("values", "key", "expected"),
    [
        (("2", "100", "1.50"), "2test2", "2ab52e6918c6ad3b69a8228a2ab815f11ad58533eeed963dd990df8d8c3709d1"),
        (("2", "100"), "2test2", "254eac9980db56f425acf8a9df715cbd6f56de3c410b05f05016630f7d30a4ed"),
        (("1", "11", "CONFIRMED"), "1test1", "c1e9888b7d9fb988a4aae0dfbff6d8092fc9581e22e02f335367dd01058f9618"),
        (("1", "11", "", "CONFIRMED"), "1test1", "c1e9888b7d9fb988a4aae0dfbff6d8092fc9581e22e02f335367dd01058f9618"),
    ],
)
def test_published_hashes_are_reproduced(values: tuple[str, ...], key: str, expected: str) -> None:
    assert protocol.digest(values, key) == expected


def test_the_published_notification_is_reproduced() -> None:
    report = Report("11", "91", 1111, "PLN", "1", "20010101111111", Status.SUCCESS, "AUTHORIZED")
    document = protocol.transaction_list("1", [report], "1test1")
    assert "<hash>a103bfe581a938e9ad78238cfc674ffafdd6ec70cb6825e7ed5c41787671efe4</hash>" in document


def test_a_right_start_is_taken() -> None:
    start = check(signed())
    assert (start.order_id, start.amount_grosze, start.gateway_id, start.return_url) == ("100", 150, "0", RETURN_URL)


def test_a_hash_in_capitals_and_with_blanks_is_taken() -> None:
    *pairs, (_, digest) = signed()
    assert check([*pairs, ("Hash", f" {digest.upper()} ")]).order_id == "100"


@pytest.mark.parametrize(("name", "value"), [("Amount", "1.51"), ("OrderID", "101"), ("Description", "Inny opis")])
def test_a_changed_field_breaks_the_hash(name: str, value: str) -> None:
    pairs = [(field, value if field == name else old) for field, old in signed()]
    with pytest.raises(ProtocolError) as refusal:
        check(pairs)
    assert (refusal.value.status_code, refusal.value.name) == (7, "INVALID_HASH")


def test_another_service_is_answered_like_a_wrong_hash() -> None:
    with pytest.raises(ProtocolError, match="INVALID_HASH"):
        check(signed(ServiceID="3"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OrderID", "a-b"),
        ("OrderID", "x" * 33),
        ("Amount", "1.5"),
        ("Amount", "1,50"),
        ("Amount", "-1.50"),
        ("Amount", "01.50"),
        ("Amount", "150"),
        ("Description", "nr 7/2026"),
        ("Description", "x" * 80),
        ("Currency", "EUR"),
        ("CustomerEmail", "jan"),
        ("ServiceID", "12345678901"),
        ("LinkValidityTime", "2026-02-30 10:00:00"),
        ("LinkValidityTime", "23.11.2026"),
        ("Unheard", "of"),
        ("ReturnURL", "https://elsewhere.example/autopay/return"),
    ],
)
def test_a_malformed_field_is_named(name: str, value: str) -> None:
    with pytest.raises(ProtocolError) as refusal:
        check(signed(**{name: value}))
    assert refusal.value.status_code == 2
    assert name in refusal.value.document


def test_a_repeated_field_is_refused() -> None:
    with pytest.raises(ProtocolError, match="repeated"):
        check([*signed(), ("Amount", "1.50")])


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Amount", "0.00", "START_AMOUNT_OUT_OF_RANGE"),
        ("GatewayID", "77", "PAYWAY_NOT_FOUND"),
        ("LinkValidityTime", "2026-11-23 12:59:59", "LINK_VALIDITY_TIME_OUTDATED"),
        ("ValidityTime", "2026-11-23 12:59:59", "TRANSACTION_OUTDATED"),
    ],
)
def test_an_authentic_start_may_be_refused_with_a_reason(name: str, value: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        check(signed(**{name: value}))
    expected = protocol.digest(("100", "NOTCONFIRMED", reason), "2test2")
    assert f"<reason>{reason}</reason><hash>{expected}</hash>" in refusal.value.document("2test2")


def confirmation(word: str = "CONFIRMED", order_id: str = "11", key: str = "1test1") -> bytes:
    digest = protocol.digest(("1", order_id, word), key)
    return (
        f"<confirmationList>\n <serviceID>1</serviceID>\n <transactionsConfirmations>\n  <transactionConfirmed>"
        f"<orderID>{order_id}</orderID><confirmation>{word}</confirmation></transactionConfirmed>\n"
        f"</transactionsConfirmations><hash>{digest}</hash></confirmationList>"
    ).encode()


def test_an_authentic_confirmation_is_believed() -> None:
    assert protocol.confirmation_fault(confirmation(), "1", "11", "1test1") is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (confirmation("NOTCONFIRMED"), "answered NOTCONFIRMED"),
        (confirmation(key="guess"), "answer has a wrong hash"),
        (confirmation(order_id="12"), "answer is of another service or order"),
        (b"OK", "answer is no XML: ParseError"),
        (b"<html/>", "answer is no confirmationList"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><confirmationList/>', "answer is no XML: DTDForbidden"),
        (b"x" * 70_000, "answer too long"),
    ],
)
def test_any_other_answer_is_no_confirmation(answer: bytes, fault: str) -> None:
    assert protocol.confirmation_fault(answer, "1", "11", "1test1") == fault
