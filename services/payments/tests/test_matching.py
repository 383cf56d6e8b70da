"""Whose a transfer is: the payer's id decides before the account paid to, and that before one named in the text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.domain.accounts import grouped, is_nrb, nrb_of, numbers_in, payer_id_of, with_check_digits
from services.payments.domain.bank_profiles import BadProfilesError, read_profiles
from services.payments.domain.matching import By, Known, Match, Numbers, Unclear, known_of, match, numbers_of
from services.payments.domain.statement import Details
from services.payments.tests.banks import SENDER, virtual

ACCOUNTS = {virtual(payer): f"lease-{payer}" for payer in range(5)}
KNOWN = known_of(ACCOUNTS.items(), lambda account: payer_id_of(account, "114010104711"))

payers = st.integers(0, 7)  # of which the last three are nobody's
ids = st.lists(payers.map(lambda payer: f"{payer:012}"), max_size=2).map(tuple)
accounts = st.lists(payers.map(virtual), max_size=2).map(tuple)
blanks = st.sampled_from(["", " ", "\n", "  ", "-", " \n"])


def leases(numbers: tuple[str, ...]) -> set[str]:
    return {f"lease-{int(each[-12:])}" for each in numbers if int(each[-12:]) < 5}


@given(ids, accounts, accounts)
def test_the_first_kind_of_number_that_leads_to_a_lease_decides(
    payer_ids: tuple[str, ...], paid_to: tuple[str, ...], in_text: tuple[str, ...]
) -> None:
    found = match(Numbers(payer_ids, paid_to, in_text), KNOWN)
    kinds = [(By.PAYER_ID, leases(payer_ids)), (By.ACCOUNT, leases(paid_to)), (By.TEXT, leases(in_text))]
    deciding = next(((by, told) for by, told in kinds if told), None)
    match deciding:
        case None:
            assert found is (Unclear.UNKNOWN_NUMBER if payer_ids or paid_to or in_text else Unclear.NO_NUMBER)
        case (by, told) if len(told) == 1:
            assert found == Match(next(iter(told)), by)
        case _:
            assert found is Unclear.AMBIGUOUS


@given(accounts, accounts)
def test_nobody_is_credited_by_a_number_of_two_leases(paid_to: tuple[str, ...], in_text: tuple[str, ...]) -> None:
    both = Known({}, {account: frozenset({"a", "b"}) for account in map(virtual, range(8))})
    assert not isinstance(match(Numbers((), paid_to, in_text), both), Match)


@settings(max_examples=30)
@given(payers, st.lists(blanks, min_size=26, max_size=26), st.text(max_size=5), st.text(max_size=5))
def test_an_account_in_a_text_is_found_however_its_digits_stand(
    payer: int, between: list[str], before: str, after: str
) -> None:
    written = "".join(digit + blank for digit, blank in zip(virtual(payer), between, strict=True))
    text = f"{re.sub('[0-9]', '', before)}. {written}.{re.sub('[0-9]', '', after)}"
    assert virtual(payer) in numbers_in(text)


@given(st.integers(0, 10**24 - 1), st.integers(0, 25), st.integers(1, 9))
def test_one_wrong_digit_makes_no_account(bban: int, place: int, more: int) -> None:
    account = with_check_digits(f"{bban:024}")
    wrong = account[:place] + str((int(account[place]) + more) % 10) + account[place + 1 :]
    assert is_nrb(account)
    assert not is_nrb(wrong)
    known = known_of([(account, "lease-1")], lambda _: None)
    assert isinstance(match(numbers_of(Details(title=f"na konto {wrong}")), known), Unclear)


def test_the_payers_own_account_is_not_looked_at() -> None:
    numbers = numbers_of(Details(title="czynsz", payer_account=virtual(1)))
    assert match(numbers, KNOWN) is Unclear.NO_NUMBER


def test_an_account_hidden_among_other_digits_is_found() -> None:
    assert numbers_in(f"tel. 600 700 800 {grouped(virtual(2))} 12") == [virtual(2)]
    assert numbers_in(f"PL{virtual(2)}") == [virtual(2)]


def test_a_payers_id_is_one_only_behind_the_companys_prefix() -> None:
    assert payer_id_of(virtual(7), "114010104711") == "000000000007"
    assert payer_id_of(SENDER, "114010104711") is None
    assert payer_id_of(SENDER, "") == SENDER[-12:]


@pytest.mark.parametrize("text", [f"/PL{SENDER}", f"PL {grouped(SENDER)}", SENDER, f"{SENDER}PLN", f"{SENDER}/1"])
def test_an_account_is_read_however_it_is_written(text: str) -> None:
    assert nrb_of(text) == SENDER


@pytest.mark.parametrize("text", ["", "PL", SENDER[:-1], SENDER[::-1], "DE89370400440532013000", "\u0660" * 26])
def test_what_is_no_account_is_none(text: str) -> None:
    assert nrb_of(text) is None


@pytest.mark.parametrize(
    "text",
    ["x", "[a]\nname = 'A'", "[a]\nname='A'\nencoding='nonsense'", "[a]\nname='A'\nencoding='utf-8'\npayer_id='('"],
)
def test_a_broken_file_of_profiles_is_told(text: str) -> None:
    with pytest.raises(BadProfilesError):
        read_profiles(text)
