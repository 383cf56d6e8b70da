"""Numbers that are invented but valid: PESEL, NIP and bank accounts (NRB).

Each maker is a bijection from a serial number, so no two people share a number and nothing has to be remembered while
any number of leases streams by. Formats and check digits: PESEL and NIP by their weights, NRB by PN-F-01102 (mod 97).
"""

from datetime import date, timedelta
from typing import Final, Literal

Sex = Literal["female", "male"]

FIRST_BIRTH: Final = date(1941, 1, 1)
LAST_BIRTH: Final = date(2002, 12, 31)
_COUPLE_GAP_DAYS: Final = 1_100  # a spouse is born at most three years before or after
_BIRTH_DAYS: Final = (LAST_BIRTH - FIRST_BIRTH).days + 1 - 2 * _COUPLE_GAP_DAYS
_SERIALS: Final = 2_500  # serials of a day and a sex used by tenants; co-tenants take as many above them
_PRIME: Final = 73_939_133  # spreads neighbouring serials over the whole range; divides none of the moduli

MAX_PEOPLE: Final = _BIRTH_DAYS * _SERIALS
"""How many tenants have different PESEL (and as many co-tenants)."""

_PESEL_WEIGHTS: Final = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_NIP_WEIGHTS: Final = (6, 5, 7, 2, 3, 4, 5, 6, 7)
_SORT_CODE_WEIGHTS: Final = (3, 9, 7, 1, 3, 9, 7)
_NIP_PREFIXES: Final = 90_000_000  # eight digits without a leading zero


def _spread(serial: int, salt: int, modulus: int) -> int:
    """Map serial 0 … modulus-1 onto the same range without collisions, far from its neighbours."""
    return (serial * _PRIME + salt) % modulus


def birth_place(serial: int, salt: int, *, co_tenant: bool) -> tuple[date, int]:
    """Give the birth date and the PESEL serial (0 … 4999) of a tenant, or of the person who shares the flat."""
    day, number = divmod(_spread(serial, salt, MAX_PEOPLE), _SERIALS)
    if not co_tenant:
        return FIRST_BIRTH + timedelta(days=_COUPLE_GAP_DAYS + day), number
    gap = number * 7 % (2 * _COUPLE_GAP_DAYS) - _COUPLE_GAP_DAYS
    return FIRST_BIRTH + timedelta(days=_COUPLE_GAP_DAYS + day + gap), number + _SERIALS


def pesel(born: date, number: int, sex: Sex) -> str:
    """Write a PESEL: year, month (+20 from 2000), day, a serial whose last digit tells the sex, a check digit."""
    month = born.month + (20 if born.year >= 2000 else 0)
    digits = f"{born.year % 100:02}{month:02}{born.day:02}{2 * number + (sex == 'male'):04}"
    total = sum(weight * int(digit) for weight, digit in zip(_PESEL_WEIGHTS, digits, strict=True))
    return f"{digits}{-total % 10}"


def nip(serial: int, salt: int) -> str:
    """Write the NIP of company number `serial`; the ninth digit steps on where the check digit would be 10."""
    prefix = 10_000_000 + _spread(serial, salt, _NIP_PREFIXES)
    last = serial % 10
    while True:
        digits = f"{prefix}{last}"
        check = sum(weight * int(digit) for weight, digit in zip(_NIP_WEIGHTS, digits, strict=True)) % 11
        if check < 10:
            return f"{digits}{check}"
        last = (last + 1) % 10


def sort_code(bank_and_branch: str) -> str:
    """Complete seven digits of bank and branch to a bank's sort code of eight."""
    total = sum(weight * int(digit) for weight, digit in zip(_SORT_CODE_WEIGHTS, bank_and_branch, strict=True))
    return f"{bank_and_branch}{-total % 10}"


def nrb(bank_sort_code: str, client_prefix: str, payer: int) -> str:
    """Write the virtual account of payer number `payer`: 26 digits, the bank's 8, the client's 4 and the payer's 12."""
    bban = f"{bank_sort_code}{client_prefix}{payer:012}"
    return f"{98 - int(bban + '252100') % 97:02}{bban}"
