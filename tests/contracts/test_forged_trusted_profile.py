"""Answers of login.gov.pl, honest and forged, written by its sandbox and read by identity, which share no code.

Every forgery must be refused for its own reason: one refused for another reason would hide a check that does nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from deploy.sandbox.trusted_profile import answers
from deploy.sandbox.trusted_profile.answers import Parties, Recipe
from deploy.sandbox.trusted_profile.encryption import XENC, Cipher
from deploy.sandbox.trusted_profile.forging.modes import Forger, modes
from deploy.sandbox.trusted_profile.people import NOBODY, Person
from deploy.sandbox.trusted_profile.signatures import Signer
from services.identity.commands.saml.answers import read_answer
from services.identity.commands.saml.keys import Keys
from services.identity.domain.trusted_profile.checks import Expected, Vouched
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONSUMER = "https://iok.example.invalid/profil-zaufany/acs"
IDP, SP = "login.gov.pl", "tbs-iok"
FORGER_IN_PERSON = Person("p", "JAN PIOTR", "KOWALSKI-NOWAK", "44051401359")
VICTIM = replace(NOBODY, key="v", given_name="ANNA", family_name="OFIARA", pesel="02070803628")


def pair(name: str) -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder().subject_name(names).issuer_name(names).public_key(key.public_key())
    built = built.not_valid_before(NOW - timedelta(days=9)).not_valid_after(NOW + timedelta(days=9))
    return Signer(key, built.serial_number(7).sign(key, SHA256()))


LOGIN_GOV_PL, STRANGER, SIGNING, ENCRYPTION = map(pair, ("login.gov.pl", "stranger", "signing", "encryption"))
KEYS = Keys(SIGNING.key, SIGNING.certificate, ENCRYPTION.key, ENCRYPTION.certificate, (LOGIN_GOV_PL.certificate,))
HONEST = Recipe(
    parties=Parties(LOGIN_GOV_PL, IDP, SP, CONSUMER, ENCRYPTION.certificate),
    person=FORGER_IN_PERSON,
    request_id="ID-request",
    resolve_id="ID-resolve",
    now=NOW,
)
EXPECTED = Expected(
    request_id="ID-request",
    resolve_id="ID-resolve",
    begun_at=NOW - timedelta(minutes=2),
    now=NOW + timedelta(seconds=1),
    issuer=SP,
    idp_issuer=IDP,
    consumer_url=CONSUMER,
    level="substantial",
)
MODES = modes(Forger(STRANGER, VICTIM))

R = Refusal
REASONS: Mapping[str, Refusal] = {
    "truncated": R.NOT_XML,
    "huge": R.TOO_LARGE,
    "doctype": R.DOCUMENT_TYPE,
    "external_entity": R.DOCUMENT_TYPE,
    "entity_bomb": R.DOCUMENT_TYPE,
    "utf16": R.NOT_XML,
    "doctype_in_assertion": R.DOCUMENT_TYPE,
    "external_entity_in_assertion": R.DOCUMENT_TYPE,
    "comment_in_pesel": R.COMMENT_OR_INSTRUCTION,
    "instruction": R.COMMENT_OR_INSTRUCTION,
    "same_id_twice": R.SAME_ID_TWICE,
    "fault": R.SOAP_FAULT,
    "two_answers": R.SEVERAL_RESPONSES,
    "two_responses": R.SEVERAL_RESPONSES,
    "no_response": R.STRUCTURE,
    "unsigned": R.ANSWER_UNSIGNED,
    "unsigned_answer": R.ANSWER_UNSIGNED,
    "unsigned_response": R.RESPONSE_UNSIGNED,
    "stranger": R.SIGNATURE_INVALID,
    "stranger_in_response": R.SIGNATURE_INVALID,
    "stranger_in_assertion": R.SIGNATURE_INVALID,
    "tampered_answer": R.SIGNATURE_INVALID,
    "tampered_response": R.SIGNATURE_INVALID,
    "tampered_assertion": R.SIGNATURE_INVALID,
    "two_signatures": R.SIGNATURE_ELSEWHERE,
    "signature_in_extensions": R.SIGNATURE_ELSEWHERE,
    "other_algorithm": R.SIGNATURE_ALGORITHM,
    "weak_digest": R.SIGNATURE_ALGORITHM,
    "other_canonicalization": R.SIGNATURE_ALGORITHM,
    "xslt": R.SIGNATURE_ALGORITHM,
    "no_reference_uri": R.SIGNATURE_REFERENCE,
    "reference_elsewhere": R.SIGNATURE_REFERENCE,
    "two_references": R.SIGNATURE_REFERENCE,
    "empty_signature": R.SIGNATURE_INVALID,
    "answer_to_another": R.ANSWER_TO_ANOTHER,
    "answer_from_elsewhere": R.ANSWER_ISSUER,
    "response_to_another": R.RESPONSE_TO_ANOTHER,
    "response_from_elsewhere": R.RESPONSE_ISSUER,
    "response_for_elsewhere": R.RESPONSE_DESTINATION,
    "authentication_failed": R.AUTHENTICATION_FAILED,
    "authentication_failed_nested": R.AUTHENTICATION_FAILED,
    "request_denied_nested": R.REQUEST_DENIED,
    "failed_without_reason": R.STATUS_NOT_SUCCESS,
    "success_within_failure": R.STATUS_NOT_SUCCESS,
    "failure_within_success": R.AUTHENTICATION_FAILED,
    "answer_from_long_ago": R.ANSWER_STALE,
    "response_from_long_ago": R.RESPONSE_STALE,
    "response_from_the_future": R.RESPONSE_STALE,
    "expired": R.EXPIRED,
    "confirmation_expired": R.EXPIRED,
    "not_yet_valid": R.NOT_YET_VALID,
    "no_assertion": R.NO_ASSERTION,
    "two_assertions": R.SEVERAL_ASSERTIONS,
    "plain_assertion": R.ASSERTION_NOT_ENCRYPTED,
    "for_another_key": R.DECRYPTION_FAILED,
    "tampered_ciphertext": R.DECRYPTION_FAILED,
    "ciphertext_cut_short": R.DECRYPTION_FAILED,
    "ciphertext_not_base64": R.STRUCTURE,
    "point_off_the_curve": R.DECRYPTION_FAILED,
    "point_compressed": R.DECRYPTION_FAILED,
    "other_curve": R.ENCRYPTION_ALGORITHM,
    "without_integrity": R.ENCRYPTION_ALGORITHM,
    "key_of_192_bits": R.ENCRYPTION_ALGORITHM,
    "other_key_wrap": R.ENCRYPTION_ALGORITHM,
    "static_key_agreement": R.ENCRYPTION_ALGORITHM,
    "weak_key_derivation": R.ENCRYPTION_ALGORITHM,
    "not_an_assertion": R.STRUCTURE,
    "assertion_from_elsewhere": R.ASSERTION_ISSUER,
    "other_audience": R.OTHER_AUDIENCE,
    "no_audience": R.OTHER_AUDIENCE,
    "two_audience_restrictions": R.OTHER_AUDIENCE,
    "other_recipient": R.OTHER_RECIPIENT,
    "other_confirmation_method": R.CONFIRMATION_METHOD,
    "confirmation_to_another": R.CONFIRMATION_TO_ANOTHER,
    "level_too_low": R.LEVEL_TOO_LOW,
    "level_unknown": R.LEVEL_UNKNOWN,
    "no_pesel": R.ATTRIBUTE_MISSING,
    "no_given_name": R.ATTRIBUTE_MISSING,
    "two_pesel": R.ATTRIBUTE_AMBIGUOUS,
    "pesel_with_wrong_check_digit": R.PESEL_MALFORMED,
    "wrapped_answer_1": R.SIGNATURE_ELSEWHERE,
    "wrapped_answer_2": R.SIGNATURE_ELSEWHERE,
    "wrapped_answer_3": R.SEVERAL_RESPONSES,
    "wrapped_answer_4": R.SIGNATURE_ELSEWHERE,
    "wrapped_answer_5": R.SEVERAL_RESPONSES,
    "wrapped_answer_6": R.SIGNATURE_ELSEWHERE,
    "wrapped_answer_7": R.SEVERAL_RESPONSES,
    "wrapped_answer_8": R.SIGNATURE_ELSEWHERE,
    "wrapped_response_1": R.SIGNATURE_FORM,
    "wrapped_response_2": R.SIGNATURE_REFERENCE,
    "wrapped_response_3": R.SEVERAL_RESPONSES,
    "wrapped_response_4": R.SIGNATURE_ELSEWHERE,
    "wrapped_response_5": R.SEVERAL_RESPONSES,
    "wrapped_response_6": R.SIGNATURE_REFERENCE,
    "wrapped_response_7": R.SEVERAL_RESPONSES,
    "wrapped_response_8": R.SIGNATURE_FORM,
    "wrapped_assertion_1": R.SEVERAL_ASSERTIONS,
    "wrapped_assertion_2": R.SEVERAL_ASSERTIONS,
    "wrapped_assertion_3": R.SEVERAL_ASSERTIONS,
    "wrapped_assertion_4": R.SIGNATURE_ELSEWHERE,
    "wrapped_assertion_5": R.SEVERAL_ASSERTIONS,
    "wrapped_assertion_6": R.SEVERAL_ASSERTIONS,
    "wrapped_assertion_7": R.ASSERTION_NOT_ENCRYPTED,
    "wrapped_assertion_8": R.SEVERAL_ASSERTIONS,
}


def read(recipe: Recipe, expected: Expected = EXPECTED) -> Vouched:
    return read_answer(answers.document(recipe), KEYS, expected)


@pytest.mark.parametrize(
    "recipe",
    [
        HONEST,
        replace(HONEST, cipher=Cipher(data_key_bytes=32)),
        replace(HONEST, cipher=Cipher(wrap_algorithm=XENC + "kw-aes128", wrap_key_bytes=16)),
        replace(HONEST, sign_assertion=True),
        replace(HONEST, destination=CONSUMER),
    ],
    ids=["as production", "data key of 256 bits", "key wrap of 128 bits", "signed assertion", "with destination"],
)
def test_an_honest_answer_tells_who_it_is(recipe: Recipe) -> None:
    vouched = read(recipe)

    assert (vouched.pesel, vouched.name.given, vouched.name.family) == ("44051401359", "JAN PIOTR", "KOWALSKI-NOWAK")
    assert (vouched.name_id, vouched.session_index) == (HONEST.name_id, HONEST.session_index)


@pytest.mark.parametrize("name", MODES)
def test_a_forged_answer_is_refused(name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read(MODES[name](HONEST))
    assert refused.value.reason == REASONS[name]


def test_every_forgery_has_its_reason_written_down() -> None:
    assert set(REASONS) == set(MODES)


def test_while_login_gov_pl_changes_its_certificate_both_are_believed() -> None:
    changed = replace(KEYS, idp_certificates=(STRANGER.certificate, LOGIN_GOV_PL.certificate))

    assert read_answer(answers.document(HONEST), changed, EXPECTED).pesel == HONEST.person.pesel


def test_a_certificate_that_has_expired_proves_nothing() -> None:
    later = NOW + timedelta(days=20)

    with pytest.raises(RefusedError) as refused:
        read(replace(HONEST, now=later), replace(EXPECTED, now=later, begun_at=later))
    assert refused.value.reason == Refusal.SIGNATURE_INVALID


@pytest.mark.parametrize(("seconds", "believed"), [(300 + 59, True), (300 + 61, False), (-59, True), (-61, False)])
def test_clocks_may_differ_by_a_minute(seconds: int, believed: bool) -> None:
    moved = replace(EXPECTED, now=NOW + timedelta(seconds=seconds), begun_at=NOW + timedelta(seconds=min(seconds, 0)))

    if believed:
        assert read(HONEST, moved)
    else:
        with pytest.raises(RefusedError):
            read(HONEST, moved)


@pytest.mark.parametrize(
    ("asked", "answered", "enough"), [("low", "low", True), ("low", "high", True), ("high", "substantial", False)]
)
def test_the_level_answered_is_at_least_the_one_asked(asked: str, answered: str, enough: bool) -> None:
    recipe = replace(HONEST, person=replace(FORGER_IN_PERSON, level=f"http://eidas.europa.eu/LoA/{answered}"))

    if enough:
        assert read(recipe, replace(EXPECTED, level=asked))
    else:
        with pytest.raises(RefusedError) as refused:
            read(recipe, replace(EXPECTED, level=asked))
        assert refused.value.reason == Refusal.LEVEL_TOO_LOW
