"""What an answer of login.gov.pl must say to be believed (SAML 2.0 core 2.5 and 3.4, web browser profile 4.1.4)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.identity.domain.people import pesel
from services.identity.domain.trusted_profile.names import FullName
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError

SKEW: Final = timedelta(seconds=60)  # by how much login.gov.pl's clock and ours may differ
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
NATURAL_PERSON: Final = "http://eidas.europa.eu/attributes/naturalperson/"
GIVEN_NAME: Final = NATURAL_PERSON + "CurrentGivenName"
FAMILY_NAME: Final = NATURAL_PERSON + "CurrentFamilyName"
PERSON_IDENTIFIER: Final = NATURAL_PERSON + "PersonIdentifier"
LEVEL: Final = re.compile(r"http://eidas\.europa\.eu/LoA/(low|substantial|high)")
LEVELS: Final = ("low", "substantial", "high")

STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
STATUS_REFUSALS: Final[Mapping[str, Refusal]] = {
    STATUS + "AuthnFailed": Refusal.AUTHENTICATION_FAILED,
    STATUS + "RequestDenied": Refusal.REQUEST_DENIED,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer must fit: who asked whom, where, for what, and when."""

    request_id: str
    resolve_id: str
    begun_at: datetime
    now: datetime
    issuer: str
    idp_issuer: str
    consumer_url: str
    level: str


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What a protocol message says of itself; what it does not say is empty, its time None."""

    in_response_to: str
    issuer: str
    issued_at: datetime | None
    destination: str
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfirmationFacts:
    """By what the assertion's bearer is known."""

    method: str
    in_response_to: str
    recipient: str
    not_on_or_after: datetime | None


@dataclass(frozen=True, slots=True)
class AssertionFacts:
    """What a decrypted assertion says; `attributes`: name -> values."""

    issuer: str
    confirmation: ConfirmationFacts
    not_before: datetime | None
    not_on_or_after: datetime | None
    audiences: tuple[tuple[str, ...], ...]
    level: str
    name_id: str
    session_index: str
    attributes: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom login.gov.pl vouches for, and its own name for the sign-in, by which it can be ended there."""

    pesel: str
    name: FullName
    name_id: str
    session_index: str


def check_answer(answer: MessageFacts, expected: Expected) -> None:
    """Pass when the answer to our question for the artifact is ours, and new.

    Raises:
        RefusedError: otherwise.
    """
    _require(answer.in_response_to == expected.resolve_id, Refusal.ANSWER_TO_ANOTHER)
    _require(answer.issuer == expected.idp_issuer, Refusal.ANSWER_ISSUER)
    _require(_is_new(answer.issued_at, expected), Refusal.ANSWER_STALE)
    _check_status(answer.statuses)


def check_response(response: MessageFacts, expected: Expected) -> None:
    """Pass when the response belongs to the sign-in under way and tells of success.

    Raises:
        RefusedError: otherwise.
    """
    _require(response.in_response_to == expected.request_id, Refusal.RESPONSE_TO_ANOTHER)
    _require(response.issuer == expected.idp_issuer, Refusal.RESPONSE_ISSUER)
    _require(response.destination in {"", expected.consumer_url}, Refusal.RESPONSE_DESTINATION)
    _require(_is_new(response.issued_at, expected), Refusal.RESPONSE_STALE)
    _check_status(response.statuses)


def check_assertion(assertion: AssertionFacts, expected: Expected) -> Vouched:
    """Give whom an assertion vouches for, when it is for us, for this sign-in, now, and sure enough.

    Raises:
        RefusedError: otherwise.
    """
    _require(assertion.issuer == expected.idp_issuer, Refusal.ASSERTION_ISSUER)
    _check_confirmation(assertion.confirmation, expected)
    _check_conditions(assertion, expected)
    level = LEVEL.fullmatch(assertion.level)
    if level is None:
        raise RefusedError(Refusal.LEVEL_UNKNOWN)
    _require(LEVELS.index(level[1]) >= LEVELS.index(expected.level), Refusal.LEVEL_TOO_LOW)
    name = FullName(_single(assertion, GIVEN_NAME), _single(assertion, FAMILY_NAME))
    try:
        number = pesel(_single(assertion, PERSON_IDENTIFIER))
    except ValueError:
        raise RefusedError(Refusal.PESEL_MALFORMED) from None
    return Vouched(number, name, assertion.name_id, assertion.session_index)


def _check_status(statuses: tuple[str, ...]) -> None:
    """Pass on success; else the innermost code known says why (they are nested: the outer is whose fault it is)."""
    if statuses == (STATUS + "Success",):
        return
    known = [STATUS_REFUSALS[status] for status in reversed(statuses) if status in STATUS_REFUSALS]
    raise RefusedError(known[0] if known else Refusal.STATUS_NOT_SUCCESS)


def _check_confirmation(confirmation: ConfirmationFacts, expected: Expected) -> None:
    _require(confirmation.method == BEARER, Refusal.CONFIRMATION_METHOD)
    _require(confirmation.in_response_to == expected.request_id, Refusal.CONFIRMATION_TO_ANOTHER)
    _require(confirmation.recipient == expected.consumer_url, Refusal.OTHER_RECIPIENT)
    _require(_is_before(expected.now, confirmation.not_on_or_after), Refusal.EXPIRED)


def _check_conditions(assertion: AssertionFacts, expected: Expected) -> None:
    """Check times and audience; every AudienceRestriction must name us, as the standard joins them by „and”."""
    _require(_is_before(expected.now, assertion.not_on_or_after), Refusal.EXPIRED)
    begins = assertion.not_before
    _require(begins is not None and begins - SKEW <= expected.now, Refusal.NOT_YET_VALID)
    named = [expected.issuer in audiences for audiences in assertion.audiences]
    _require(bool(named) and all(named), Refusal.OTHER_AUDIENCE)


def _is_before(now: datetime, end: datetime | None) -> bool:
    return end is not None and now < end + SKEW


def _is_new(issued_at: datetime | None, expected: Expected) -> bool:
    """Whether a message was written after we began and not in the future."""
    return issued_at is not None and expected.begun_at - SKEW <= issued_at <= expected.now + SKEW


def _single(assertion: AssertionFacts, name: str) -> str:
    values = [value for value in assertion.attributes.get(name, ()) if value.strip()]
    _require(bool(values), Refusal.ATTRIBUTE_MISSING)
    _require(len(values) == 1, Refusal.ATTRIBUTE_AMBIGUOUS)
    return values[0]


def _require(holds: bool, otherwise: Refusal) -> None:
    if not holds:
        raise RefusedError(otherwise)
