"""Commands on leases and charges: given what happened, when a command comes, then these events or this refusal."""

from datetime import date

import pytest

from libs.events.ledger import ChargeCorrected, ChargeIssued, LeaseChanged, LeaseEnded, LeaseSigned, Line
from services.ledger.domain import (
    ChangeLease,
    ChargeCorrectedOtherwiseError,
    ChargeIssuedOtherwiseError,
    ChargeNotIssuedError,
    Charges,
    CorrectCharge,
    EndLease,
    IssueCharge,
    LeaseEndedOtherwiseError,
    LeaseEndsTooSoonError,
    LeaseNotSignedError,
    LeaseSignedOtherwiseError,
    NothingToChargeError,
    SignLease,
    charges_of,
    decide_charge,
    decide_lease,
    due_day_of,
    lease_of,
    runs_in,
)
from services.ledger.tests.facts import charge, correction, lease_terms, line

SIGNED = LeaseSigned.model_validate(lease_terms())
CHANGED = LeaseChanged.model_validate(lease_terms(persons=3))
CHARGE = ChargeIssued.model_validate(charge(100))


def issue(amount_grosze: int) -> IssueCharge:
    lines = (Line.model_validate(line(amount_grosze)),)
    return IssueCharge("C-1", "2026-10", date(2026, 10, 1), date(2026, 10, 10), lines)


def correct(amount_grosze: int) -> CorrectCharge:
    lines = (Line.model_validate(line(amount_grosze)),)
    return CorrectCharge("K-1", "C-1", date(2026, 10, 15), date(2026, 11, 10), lines)


def test_a_new_lease_is_signed() -> None:
    assert decide_lease(lease_of([]), SignLease(SIGNED)) == [SIGNED]


def test_signing_a_lease_again_on_the_same_terms_says_nothing_new() -> None:
    assert decide_lease(lease_of([SIGNED, CHANGED]), SignLease(SIGNED)) == []


def test_a_signed_lease_is_not_signed_on_other_terms() -> None:
    with pytest.raises(LeaseSignedOtherwiseError):
        decide_lease(lease_of([SIGNED]), SignLease(LeaseSigned.model_validate(lease_terms(persons=9))))


def test_a_lease_does_not_end_before_it_starts() -> None:
    with pytest.raises(LeaseEndsTooSoonError):
        decide_lease(lease_of([]), SignLease(LeaseSigned.model_validate(lease_terms(ends_on="2019-01-01"))))
    with pytest.raises(LeaseEndsTooSoonError):
        decide_lease(lease_of([SIGNED]), EndLease(date(2019, 1, 1)))


def test_a_signed_lease_changes_and_an_unsigned_one_does_not() -> None:
    assert decide_lease(lease_of([SIGNED]), ChangeLease(CHANGED)) == [CHANGED]
    assert decide_lease(lease_of([SIGNED, CHANGED]), ChangeLease(CHANGED)) == []
    with pytest.raises(LeaseNotSignedError):
        decide_lease(lease_of([]), ChangeLease(CHANGED))


def test_a_lease_ends_once() -> None:
    end = EndLease(date(2026, 9, 30))
    ended = LeaseEnded(ended_on=date(2026, 9, 30))
    assert decide_lease(lease_of([SIGNED]), end) == [ended]
    assert decide_lease(lease_of([SIGNED, ended]), end) == []
    with pytest.raises(LeaseEndedOtherwiseError):
        decide_lease(lease_of([SIGNED, ended]), EndLease(date(2026, 10, 31)))
    with pytest.raises(LeaseNotSignedError):
        decide_lease(lease_of([]), end)


def test_a_charge_is_the_sum_of_its_lines() -> None:
    assert decide_charge(Charges(), issue(100)) == [CHARGE]


def test_a_charge_of_nothing_or_less_is_refused() -> None:
    for amount_grosze in (0, -100):
        with pytest.raises(NothingToChargeError):
            decide_charge(Charges(), issue(amount_grosze))


def test_a_charge_is_issued_once() -> None:
    charges = charges_of([CHARGE])
    assert decide_charge(charges, issue(100)) == []
    with pytest.raises(ChargeIssuedOtherwiseError):
        decide_charge(charges, issue(101))


def test_a_correction_is_the_signed_difference_of_a_charge_that_was_issued() -> None:
    corrected = ChargeCorrected.model_validate(correction(-30))
    charges = charges_of([CHARGE])
    assert decide_charge(charges, correct(-30)) == [corrected]
    assert decide_charge(charges_of([CHARGE, corrected]), correct(-30)) == []
    with pytest.raises(ChargeCorrectedOtherwiseError):
        decide_charge(charges_of([CHARGE, corrected]), correct(-31))
    with pytest.raises(NothingToChargeError):
        decide_charge(charges, correct(0))


def test_only_a_charge_that_was_issued_is_corrected_be_it_by_a_company_system() -> None:
    with pytest.raises(ChargeNotIssuedError):
        decide_charge(Charges(), correct(5))
    assert decide_charge(Charges(known_elsewhere=frozenset({"C-1"})), correct(5))


@pytest.mark.parametrize(
    ("month", "due_day", "due_on"),
    [("2026-02", 31, date(2026, 2, 28)), ("2028-02", 30, date(2028, 2, 29)), ("2026-12", 10, date(2026, 12, 10))],
)
def test_a_due_day_past_the_end_of_the_month_is_its_last_day(month: str, due_day: int, due_on: date) -> None:
    assert due_day_of(month, due_day) == due_on


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "ended_on", "runs"),
    [
        (date(2026, 10, 31), None, None, True),
        (date(2026, 11, 1), None, None, False),
        (date(2020, 1, 1), date(2026, 9, 30), None, False),
        (date(2020, 1, 1), date(2026, 10, 1), None, True),
        (date(2020, 1, 1), date(2030, 1, 1), date(2026, 9, 30), False),
        (date(2020, 1, 1), None, date(2026, 10, 1), True),
    ],
)
def test_a_lease_runs_in_a_month_of_which_it_holds_a_day(
    starts_on: date, ends_on: date | None, ended_on: date | None, *, runs: bool
) -> None:
    assert runs_in("2026-10", starts_on, ends_on, ended_on) is runs
