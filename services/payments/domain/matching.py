"""Whose transfer is it? Pure, and never a guess: two leases for one number are nobody's.

Asked is the payer's id that the bank tells, else the virtual account paid to, else an account named in the text; else
somebody must clarify it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.payments.domain.accounts import numbers_in
from services.payments.domain.statement import Details


class By(StrEnum):
    """By what a lease was found."""

    PAYER_ID = "payer_id"
    ACCOUNT = "account"
    TEXT = "text"
    OPERATOR = "operator"


class Unclear(StrEnum):
    """Why no lease was found."""

    NO_NUMBER = "no_number"
    UNKNOWN_NUMBER = "unknown_number"
    AMBIGUOUS = "ambiguous"
    TAKEN_OFF = "taken_off"  # it had been credited, and was taken off again


@dataclass(frozen=True, slots=True)
class Numbers:
    """What may name a lease, in the order in which it is asked."""

    payer_ids: tuple[str, ...]
    accounts: tuple[str, ...]
    in_text: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Which leases a payer's id and an account belong to; a number may have been told for several."""

    by_payer_id: Mapping[str, frozenset[str]]
    by_account: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Match:
    """The lease a transfer is credited to, and by what it was found."""

    lease_id: str
    by: By


def numbers_of(details: Details) -> Numbers:
    """The numbers that the details of an entry hold. Those in the text have right check digits; others are none."""
    return Numbers(details.payer_ids, details.accounts, tuple(numbers_in(details.title)))


def match(numbers: Numbers, known: Known) -> Match | Unclear:
    """The lease of a transfer. The first kind of number that leads to any lease decides; to two, nobody is credited."""
    kinds: tuple[tuple[By, Iterable[str], Mapping[str, frozenset[str]]], ...] = (
        (By.PAYER_ID, numbers.payer_ids, known.by_payer_id),
        (By.ACCOUNT, numbers.accounts, known.by_account),
        (By.TEXT, numbers.in_text, known.by_account),
    )
    for by, given, leases in kinds:
        found = frozenset[str]().union(*(leases.get(number, frozenset()) for number in given))
        if len(found) == 1:
            return Match(next(iter(found)), by)
        if found:
            return Unclear.AMBIGUOUS
    some = numbers.payer_ids or numbers.accounts or numbers.in_text
    return Unclear.UNKNOWN_NUMBER if some else Unclear.NO_NUMBER


def known_of(told: Iterable[tuple[str, str]], payer_id_of: Callable[[str], str | None]) -> Known:
    """What leases are known by, from (account, lease): `payer_id_of` an account, or None where it is no virtual one."""
    by_account: dict[str, frozenset[str]] = {}
    by_payer_id: dict[str, frozenset[str]] = {}
    for account, lease_id in told:
        by_account[account] = by_account.get(account, frozenset()) | {lease_id}
        payer_id = payer_id_of(account)
        if payer_id is not None:
            by_payer_id[payer_id] = by_payer_id.get(payer_id, frozenset()) | {lease_id}
    return Known(by_payer_id, by_account)
