"""Money, days and texts as Poles write them."""

from datetime import UTC, date, datetime

import pytest

from services.gateway.web.language import Language, account_number

POLISH = Language("pl")


@pytest.mark.parametrize(
    ("grosze", "shown"),
    [
        (123456, "1 234,56 zł"),
        (0, "0,00 zł"),
        (5, "0,05 zł"),
        (-250, "2,50 zł"),
        (100_000_000_000, "1 000 000 000,00 zł"),
    ],
)
def test_money_has_groups_a_comma_and_no_break(grosze: int, shown: str) -> None:
    assert POLISH.money(grosze) == shown.replace(" ", "\u00a0")


def test_a_line_that_lowers_a_charge_has_a_minus() -> None:
    assert POLISH.signed_money(-500) == "\u22125,00\u00a0zł"


@pytest.mark.parametrize(
    ("decimal", "shown"), [("48.5", "48,5"), ("46.20", "46,2"), ("1234.1", "1\u00a0234,1"), ("x", "x")]
)
def test_numbers_have_a_comma(decimal: str, shown: str) -> None:
    assert POLISH.number(decimal) == shown


@pytest.mark.parametrize(("decimal", "shown"), [("14.2", "14,20"), ("0.1234", "0,1234"), ("-5", "\u22125,00")])
def test_prices_have_two_places_or_as_many_as_they_need(decimal: str, shown: str) -> None:
    assert POLISH.price(decimal) == shown


def test_days_months_and_moments_are_said_in_polish() -> None:
    assert POLISH.day(date(2023, 2, 1)) == "1\u00a0lutego\u00a02023"
    assert POLISH.month("2023-02") == "luty\u00a02023"
    assert POLISH.moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "2\u00a0lipca\u00a02026, 00:30"


def test_an_account_is_written_in_groups() -> None:
    assert account_number("61109010140000071219812874") == "61 1090 1014 0000 0712 1981 2874"
    assert account_number("123") == "123"
