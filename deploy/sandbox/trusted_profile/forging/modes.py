"""Every way to forge an answer, by name: what to change in an honest recipe. What a reader should say is not here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from lxml import etree

from deploy.sandbox.trusted_profile import answers
from deploy.sandbox.trusted_profile.answers import STATUS, Recipe
from deploy.sandbox.trusted_profile.encryption import XENC, Cipher
from deploy.sandbox.trusted_profile.forging import tampering
from deploy.sandbox.trusted_profile.forging.wrapping import wrappings
from deploy.sandbox.trusted_profile.people import Person
from deploy.sandbox.trusted_profile.signatures import Signer
from deploy.sandbox.trusted_profile.xml import Element, element

ELSEWHERE = "https://elsewhere.example.invalid"
LOA = "http://eidas.europa.eu/LoA/"
LONG_AGO, LATER = timedelta(hours=-3), timedelta(hours=3)

Mode = Callable[[Recipe], Recipe]


@dataclass(frozen=True)
class Forger:
    """Who forges: a stranger with a key of their own, who wants to come in as somebody else."""

    stranger: Signer
    victim: Person


def modes(forger: Forger) -> Mapping[str, Mode]:
    """Return every mode by name."""
    return {
        **_documents(),
        **_signatures(forger),
        **_messages(),
        **_times(),
        **_encryption(forger),
        **_assertions(forger),
        **wrappings(forger.victim),
    }


def _changing(**changes: object) -> Mode:
    return lambda recipe: replace(recipe, **changes)  # type: ignore[arg-type]  # each name is a field of the recipe


def _documents() -> dict[str, Mode]:
    return {
        "truncated": _changing(on_bytes=tampering.truncated),
        "huge": _changing(on_bytes=tampering.huge),
        "doctype": _changing(on_bytes=tampering.with_doctype),
        "external_entity": _changing(on_bytes=tampering.with_external_entity),
        "entity_bomb": _changing(on_bytes=tampering.with_bomb),
        "utf16": _changing(on_bytes=tampering.in_utf16),
        "doctype_in_assertion": _changing(on_plaintext=tampering.with_doctype),
        "external_entity_in_assertion": _changing(on_plaintext=tampering.with_external_entity),
        "comment_in_pesel": _changing(on_assertion=tampering.with_comment_in_pesel),
        "instruction": _changing(around_document=tampering.with_instruction),
        "same_id_twice": _changing(around_document=tampering.same_id_twice),
        "fault": _changing(around_document=tampering.fault),
        "two_answers": _changing(around_document=tampering.doubled("saml2p:ArtifactResponse")),
        "two_responses": _changing(around_response=tampering.doubled("saml2p:Response")),
        "no_response": _changing(around_response=tampering.without("saml2p:Response")),
    }


def _signatures(forger: Forger) -> dict[str, Mode]:
    tampered = tampering.with_text("saml2:Issuer", "login.gov.pl.evil")
    algorithm = tampering.set_everywhere("ds:SignatureMethod", "Algorithm", tampering.RSA_SHA256)
    digest = tampering.set_everywhere("ds:DigestMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")
    inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    canonical = tampering.set_everywhere("ds:CanonicalizationMethod", "Algorithm", inclusive)
    return {
        "unsigned": _changing(sign_answer=False, sign_response=False),
        "unsigned_answer": _changing(sign_answer=False),
        "unsigned_response": _changing(sign_response=False),
        "stranger": _changing(signer=forger.stranger),
        "stranger_in_response": _changing(around_response=tampering.signed_by_stranger(forger.stranger)),
        "stranger_in_assertion": lambda recipe: replace(
            recipe, on_response=lambda tree: _reencrypted(tree, replace(recipe, signer=forger.stranger))
        ),
        "tampered_answer": _changing(around_document=tampered),
        "tampered_response": _changing(around_response=tampering.set_everywhere("saml2p:Response", "Consent", "no")),
        "tampered_assertion": _changing(sign_assertion=True, on_assertion=tampered),
        "two_signatures": _changing(around_response=tampering.doubled("ds:Signature")),
        "signature_in_extensions": _changing(around_response=_with_stray_signature),
        "other_algorithm": _changing(around_response=algorithm),
        "weak_digest": _changing(around_response=digest),
        "other_canonicalization": _changing(around_response=canonical),
        "xslt": _changing(around_response=tampering.with_xslt),
        "no_reference_uri": _changing(around_response=tampering.set_everywhere("ds:Reference", "URI", "")),
        "reference_elsewhere": _changing(around_response=tampering.set_everywhere("ds:Reference", "URI", "#ID-x")),
        "two_references": _changing(around_response=tampering.with_second_reference),
        "empty_signature": _changing(around_response=tampering.with_text("ds:SignatureValue", "")),
    }


def _reencrypted(response: Element, recipe: Recipe) -> Element:
    """Put an assertion that somebody else signed in the place of the honest one."""
    tampering.without("saml2:EncryptedAssertion")(response)
    response.append(answers.encrypted(recipe, answers.assertion(replace(recipe, sign_assertion=True))))
    return response


def _with_stray_signature(answer: Element) -> Element:
    """Hide a second, whole signature in an extension."""
    copy = etree.fromstring(etree.tostring(tampering.all_of(answer, "ds:Signature")[0], with_tail=False))
    extensions = element("saml2p:Extensions")
    extensions.append(copy)
    answer.append(extensions)
    return answer


def _messages() -> dict[str, Mode]:
    failed, denied = STATUS + "AuthnFailed", STATUS + "RequestDenied"
    return {
        "answer_to_another": _changing(answer_to="ID-another"),
        "answer_from_elsewhere": _changing(answer_issuer=ELSEWHERE),
        "response_to_another": _changing(response_to="ID-another"),
        "response_from_elsewhere": _changing(response_issuer=ELSEWHERE),
        "response_for_elsewhere": _changing(destination=ELSEWHERE),
        "authentication_failed": _changing(answer_status=(failed,), response_status=(failed,)),
        "authentication_failed_nested": _changing(response_status=(STATUS + "Responder", failed)),
        "request_denied_nested": _changing(response_status=(STATUS + "Requester", denied)),
        "failed_without_reason": _changing(response_status=(STATUS + "Responder",)),
        "success_within_failure": _changing(response_status=(STATUS + "Responder", STATUS + "Success")),
        "failure_within_success": _changing(response_status=(STATUS + "Success", failed)),
    }


def _times() -> dict[str, Mode]:
    return {
        "answer_from_long_ago": lambda recipe: replace(recipe, answered_at=recipe.now + LONG_AGO),
        "response_from_long_ago": lambda recipe: replace(recipe, issued_at=recipe.now + LONG_AGO),
        "response_from_the_future": lambda recipe: replace(recipe, issued_at=recipe.now + LATER),
        "expired": lambda recipe: replace(recipe, not_on_or_after=recipe.now + LONG_AGO),
        "confirmation_expired": lambda recipe: replace(recipe, confirmed_until=recipe.now + LONG_AGO),
        "not_yet_valid": lambda recipe: replace(recipe, not_before=recipe.now + LATER),
    }


def _encryption(forger: Forger) -> dict[str, Mode]:
    def ciphering(**changes: object) -> Mode:
        return _changing(cipher=replace(Cipher(), **changes))  # type: ignore[arg-type]  # each is a field of the cipher

    return {
        "no_assertion": _changing(on_response=tampering.without("saml2:EncryptedAssertion")),
        "two_assertions": _changing(on_response=tampering.doubled("saml2:EncryptedAssertion")),
        "plain_assertion": lambda recipe: replace(
            recipe, on_response=tampering.in_plain(answers.assertion(recipe.of_victim(forger.victim)))
        ),
        "for_another_key": _changing(receiver=forger.stranger.certificate),
        "tampered_ciphertext": ciphering(spoil_data=tampering.flipped),
        "ciphertext_cut_short": ciphering(spoil_data=tampering.cut_short),
        "ciphertext_not_base64": _changing(on_response=tampering.not_base64),
        "point_off_the_curve": ciphering(spoil_point=tampering.off_the_curve),
        "point_compressed": ciphering(spoil_point=tampering.compressed),
        "other_curve": ciphering(curve="urn:oid:1.3.132.0.34"),
        "without_integrity": ciphering(data_algorithm=XENC + "aes256-cbc"),
        "key_of_192_bits": ciphering(data_key_bytes=24),
        "other_key_wrap": ciphering(wrap_algorithm=XENC + "kw-tripledes", wrap_key_bytes=32),
        "static_key_agreement": ciphering(agreement_algorithm=XENC + "dh"),
        "weak_key_derivation": ciphering(kdf_digest="http://www.w3.org/2000/09/xmldsig#sha1"),
        "not_an_assertion": _changing(on_plaintext=lambda _: b"<a/>"),
    }


def _assertions(forger: Forger) -> dict[str, Mode]:
    def as_person(**changes: str) -> Mode:
        return lambda recipe: replace(recipe, person=replace(recipe.person, **changes))

    pesel = tampering.PERSON_IDENTIFIER
    return {
        "assertion_from_elsewhere": _changing(assertion_issuer=ELSEWHERE),
        "other_audience": _changing(audiences=(ELSEWHERE,)),
        "no_audience": _changing(on_assertion=tampering.without("saml2:AudienceRestriction")),
        "two_audience_restrictions": _changing(on_assertion=tampering.with_other_audience_too(ELSEWHERE)),
        "other_recipient": _changing(recipient=ELSEWHERE),
        "other_confirmation_method": _changing(confirmation_method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
        "confirmation_to_another": _changing(confirmation_to="ID-another"),
        "level_too_low": as_person(level=LOA + "low"),
        "level_unknown": as_person(level=LOA + "highest"),
        "no_pesel": _changing(on_assertion=tampering.without_attribute(pesel)),
        "no_given_name": as_person(given_name=" "),
        "two_pesel": _changing(on_assertion=tampering.with_second_pesel(forger.victim.pesel)),
        "pesel_with_wrong_check_digit": as_person(pesel="44051401358"),
    }
