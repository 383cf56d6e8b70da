"""Invented numbers are valid, and no two people share one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban
from stdnum.pl import nip as nip_check
from stdnum.pl import pesel as pesel_check

from deploy.demo import numbers

SERIALS = st.integers(0, numbers.MAX_PEOPLE - 1)
SALTS = st.integers(0, numbers.MAX_PEOPLE - 1)


@given(SERIALS, SALTS, st.booleans(), st.sampled_from(("female", "male")))
def test_a_pesel_is_valid_and_tells_birth_and_sex(serial: int, salt: int, co_tenant: bool, sex: numbers.Sex) -> None:
    born, number = numbers.birth_place(serial, salt, co_tenant=co_tenant)
    written = numbers.pesel(born, number, sex)
    assert pesel_check.is_valid(written)
    assert pesel_check.get_birth_date(written) == born
    assert pesel_check.get_gender(written) == sex[0].upper()
    assert numbers.FIRST_BIRTH <= born <= numbers.LAST_BIRTH


@given(SERIALS, SALTS)
def test_a_couple_is_born_at_most_three_years_apart_and_never_shares_a_pesel(serial: int, salt: int) -> None:
    (first, first_number), (second, second_number) = (
        numbers.birth_place(serial, salt, co_tenant=co_tenant) for co_tenant in (False, True)
    )
    assert abs((first - second).days) <= 1_100
    assert first_number < 2_500 <= second_number < 5_000


def test_no_two_people_share_a_pesel_or_a_nip() -> None:
    places = [numbers.birth_place(serial, 7, co_tenant=both) for serial in range(20_000) for both in (False, True)]
    assert len(set(places)) == len(places)
    assert len({numbers.nip(serial, 7) for serial in range(20_000)}) == 20_000


@given(SERIALS, SALTS)
def test_a_nip_is_valid(serial: int, salt: int) -> None:
    assert nip_check.is_valid(numbers.nip(serial, salt))


@given(st.integers(0, 10**12 - 1))
def test_an_account_is_a_valid_polish_iban_of_26_digits(payer: int) -> None:
    written = numbers.nrb(numbers.sort_code("1990000"), "4711", payer)
    assert len(written) == 26
    assert iban.is_valid(f"PL{written}")


@pytest.mark.parametrize("code", ["10205558", "11402004", "10901014", "12401037"])
def test_sort_codes_of_real_banks_have_the_check_digit_we_write(code: str) -> None:
    assert numbers.sort_code(code[:7]) == code


def test_a_known_pesel_and_account_come_out_as_published() -> None:
    assert numbers.pesel(date(1944, 5, 14), 67, "male") == "44051401359"
    assert numbers.nrb("10901014", "0000", 71219812874) == "61109010140000071219812874"
