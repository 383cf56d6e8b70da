"""Autopay's arithmetic, against the worked examples of its documentation."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.autopay import (
    Merchant,
    Order,
    amount_text,
    description,
    digest,
    grosze_of,
    is_authentic_return,
    same_digest,
    start_fields,
)
from services.payments.domain.notification import Answer, ReportedStatus

DOCUMENTED = Merchant("2", "2test2")
MOMENT = datetime(2026, 5, 10, 10, 0, tzinfo=UTC)
ORDER = Order("0123456789abcdef0123456789abcdef", 123_456, "Opłaty za lokal, umowa 12/2024", MOMENT)

PUBLISHED_HASHES = [
    (("2", "100", "1.50"), "2test2", "2ab52e6918c6ad3b69a8228a2ab815f11ad58533eeed963dd990df8d8c3709d1"),
    (("2", "100"), "2test2", "254eac9980db56f425acf8a9df715cbd6f56de3c410b05f05016630f7d30a4ed"),
    (
        ("1", "11", "91", "11.11", "PLN", "1", "20010101111111", "SUCCESS", "AUTHORIZED"),
        "1test1",
        "a103bfe581a938e9ad78238cfc674ffafdd6ec70cb6825e7ed5c41787671efe4",
    ),
    (("1", "11", "CONFIRMED"), "1test1", "c1e9888b7d9fb988a4aae0dfbff6d8092fc9581e22e02f335367dd01058f9618"),
]


@pytest.mark.parametrize(("values", "key", "published"), PUBLISHED_HASHES)
def test_every_hash_that_autopay_published_is_reproduced(values: tuple[str, ...], key: str, published: str) -> None:
    assert digest(values, Merchant(values[0], key)) == published


def test_an_empty_value_vanishes_together_with_its_separator() -> None:
    assert digest(("2", "", "100", "1.50", ""), DOCUMENTED) == digest(("2", "100", "1.50"), DOCUMENTED)


def test_a_zero_is_a_value_like_any_other() -> None:
    assert digest(("2", "0"), DOCUMENTED) != digest(("2",), DOCUMENTED)


def test_the_same_amount_written_otherwise_is_another_hash() -> None:
    assert digest(("2", "100", "1.5"), DOCUMENTED) != digest(("2", "100", "1.50"), DOCUMENTED)


def test_a_service_set_up_with_sha512_hashes_with_sha512() -> None:
    assert len(digest(("2", "100"), Merchant("2", "2test2", "sha512"))) == 128


def test_hashes_compare_blind_to_case_and_blanks_and_to_nothing_else() -> None:
    right = digest(("2", "100"), DOCUMENTED)
    assert same_digest(f" {right.upper()}\n", right)
    assert not same_digest(right[:-1], right)
    assert not same_digest("", right)
    assert not same_digest("ż" * 64, right)


def test_the_shared_key_shows_in_no_text_form_of_its_owner() -> None:
    assert "2test2" not in f"{DOCUMENTED} {DOCUMENTED!r}"


@given(st.integers(1, 10**13))
def test_an_amount_written_for_autopay_reads_back_as_itself(amount_grosze: int) -> None:
    assert grosze_of(amount_text(amount_grosze)) == amount_grosze


def test_grosze_below_a_zloty_keep_their_zeros() -> None:
    assert [amount_text(grosze) for grosze in (1, 10, 99, 100, 101)] == ["0.01", "0.10", "0.99", "1.00", "1.01"]


@pytest.mark.parametrize(
    "text", ["", "1", "1.5", "1,50", "1.500", "-1.50", "1e2", "\u0661.\u0665\u0660", "NaN", " 1.50", "1.50\n"]
)
def test_money_not_written_as_documented_is_no_amount(text: str) -> None:
    assert grosze_of(text) is None


def test_a_description_keeps_polish_letters_and_loses_what_autopay_refuses() -> None:
    assert description("Opłaty za lokal | umowa 12/2024 <b>!") == "Opłaty za lokal umowa 12 2024 b"


@given(st.text())
def test_any_text_becomes_a_description_that_autopay_accepts(text: str) -> None:
    made = description(text)
    assert len(made) <= 79
    assert all(char.isalnum() or char in " .:,-" for char in made)
    assert "|" not in made


def test_a_start_carries_zlote_warsaw_time_and_a_hash_over_the_fields_in_their_order() -> None:
    fields = start_fields(ORDER, DOCUMENTED)
    assert fields == {
        "ServiceID": "2",
        "OrderID": "0123456789abcdef0123456789abcdef",
        "Amount": "1234.56",
        "Description": "Opłaty za lokal, umowa 12 2024",
        "Currency": "PLN",
        "ValidityTime": "2026-05-10 12:00:00",
        "LinkValidityTime": "2026-05-10 12:00:00",
        "Hash": digest([value for name, value in fields.items() if name != "Hash"], DOCUMENTED),
    }


def test_a_start_for_an_order_id_that_autopay_would_refuse_is_never_made() -> None:
    with pytest.raises(ValueError, match="order's id"):
        start_fields(Order("a" * 33, 100, "", MOMENT), DOCUMENTED)


def test_no_value_that_a_payer_sees_signed_could_stand_for_a_status_of_a_notification() -> None:
    said = {status.value for status in ReportedStatus} | {answer.value for answer in Answer}
    assert said.isdisjoint(start_fields(ORDER, DOCUMENTED).values())


def test_the_published_return_is_authentic() -> None:
    published = "254eac9980db56f425acf8a9df715cbd6f56de3c410b05f05016630f7d30a4ed"
    assert is_authentic_return("2", "100", published, DOCUMENTED)


@pytest.mark.parametrize(
    ("service_id", "order_id", "given_hash"),
    [
        ("2", "101", "254eac9980db56f425acf8a9df715cbd6f56de3c410b05f05016630f7d30a4ed"),
        ("3", "100", "254eac9980db56f425acf8a9df715cbd6f56de3c410b05f05016630f7d30a4ed"),
        ("2", "100", ""),
        ("2", "100|x", "254eac9980db56f425acf8a9df715cbd6f56de3c410b05f05016630f7d30a4ed"),
    ],
)
def test_a_return_of_another_order_service_or_hash_is_not(service_id: str, order_id: str, given_hash: str) -> None:
    assert not is_authentic_return(service_id, order_id, given_hash, DOCUMENTED)
