"""Bank account numbers (NRB, PN-F-01102): 26 digits, of which the first two check the others. Stored as digits only."""

import re
from collections.abc import Iterator

from stdnum import iban

NRB_DIGITS = 26
BBAN_DIGITS = 24
CHECK_DIGITS = 2
PAYER_ID_DIGITS = 12  # behind the sort code and the client's four
MAX_TEXT_CHARACTERS = 4_000  # of a text searched for numbers: the longest transfer's details have some 800

_POLAND = "PL"
_NOT_DIGITS = re.compile(r"[^0-9]")
_BEFORE_AN_ACCOUNT = re.compile(r"^[\s/]*(?:PL)?\s*", re.IGNORECASE)
# Digits that may stand apart, in groups or split by the end of a line.
_DIGITS_APART = re.compile(r"[0-9](?:[\s\-\u00a0]{0,3}[0-9]){25,}")


def nrb_of(text: str) -> str | None:
    """An account as its 26 digits, `PL`, slashes and blanks taken off; None when it is none or its check digits say so.

    What follows the number after a blank or a slash (as a currency in MT940's `:25:`) is not looked at.
    """
    plain = _BEFORE_AN_ACCOUNT.sub("", text)
    digits = _NOT_DIGITS.sub("", plain.split("/")[0])
    return digits if is_nrb(digits) else None


def is_nrb(digits: str) -> bool:
    """Whether 26 digits are an account: the remainder by 97 holds."""
    return len(digits) == NRB_DIGITS and digits.isascii() and digits.isdecimal() and iban.is_valid(_POLAND + digits)


def with_check_digits(bban: str) -> str:
    """The account of a sort code (8 digits) and the 16 digits behind it.

    Raises:
        ValueError: these are not 24 digits.
    """
    if len(bban) != BBAN_DIGITS or not (bban.isascii() and bban.isdecimal()):
        raise ValueError("a sort code and an account have 24 digits together")
    return iban.calc_check_digits(f"{_POLAND}00{bban}") + bban


def payer_id_of(account: str, virtual_prefix: str) -> str | None:
    """The payer's id at the end of a virtual account; None where it does not begin with the company's prefix."""
    return account[-PAYER_ID_DIGITS:] if account[CHECK_DIGITS:].startswith(virtual_prefix) else None


def numbers_in(text: str) -> list[str]:
    """Every account in a text, in its order: digits may stand in groups, and be split by the end of a line."""
    found: list[str] = []
    for number in _windows(text[:MAX_TEXT_CHARACTERS]):
        if is_nrb(number) and number not in found:
            found.append(number)
    return found


def _windows(text: str) -> Iterator[str]:
    for run in _DIGITS_APART.finditer(text):
        digits = _NOT_DIGITS.sub("", run.group())
        yield from (digits[at : at + NRB_DIGITS] for at in range(len(digits) - NRB_DIGITS + 1))


def grouped(digits: str) -> str:
    """An account as people read it: 2 digits, then fours; another text stays as it is."""
    if len(digits) != NRB_DIGITS:
        return digits
    return " ".join([digits[:2], *(digits[at : at + 4] for at in range(2, NRB_DIGITS, 4))])
