"""Reading the answer to our question for an artifact: from bytes, step by step, to whom login.gov.pl vouches for."""

from collections.abc import Mapping, Sequence

from services.identity.commands.saml.decryption import decrypted
from services.identity.commands.saml.keys import Keys
from services.identity.commands.saml.signatures import check_places, signed_content
from services.identity.commands.saml.xml import Element, children, moment, only, parse, tag, text_of
from services.identity.domain.trusted_profile.checks import (
    AssertionFacts,
    ConfirmationFacts,
    Expected,
    MessageFacts,
    Vouched,
    check_answer,
    check_assertion,
    check_response,
)
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError


def read_answer(data: bytes, keys: Keys, expected: Expected) -> Vouched:
    """Read a SOAP answer of the artifact service.

    Raises:
        RefusedError: with the first thing that is wrong, from the outside inwards.
    """
    document = parse(data)
    answer = _answer_of(document)
    responses = children(answer, "saml2p:Response")
    if len(responses) > 1:
        raise RefusedError(Refusal.SEVERAL_RESPONSES)
    check_places(document, [answer, *responses])
    signed = signed_content(answer, keys.idp_certificates, expected.now, Refusal.ANSWER_UNSIGNED)
    check_answer(_message(signed), expected)
    # Out of the document as it came: both signatures cover it, each canonicalized with the prefixes it names.
    response = only(answer, "saml2p:Response")
    response = signed_content(response, keys.idp_certificates, expected.now, Refusal.RESPONSE_UNSIGNED)
    if sum(1 for _ in document.iter(tag("saml2p:Response"))) > 1:
        raise RefusedError(Refusal.SEVERAL_RESPONSES)
    check_response(_message(response), expected)
    return check_assertion(_assertion(_opened(response, keys, expected)), expected)


def _answer_of(document: Element) -> Element:
    """Give the one message in the envelope's body."""
    if document.tag != tag("soap:Envelope"):
        raise RefusedError(Refusal.STRUCTURE)
    body = only(document, "soap:Body")
    if children(body, "soap:Fault"):
        raise RefusedError(Refusal.SOAP_FAULT)
    if len(body) != 1:
        raise RefusedError(Refusal.SEVERAL_RESPONSES)
    return only(body, "saml2p:ArtifactResponse")


def _message(message: Element) -> MessageFacts:
    return MessageFacts(
        in_response_to=message.get("InResponseTo", ""),
        issuer=text_of(only(message, "saml2:Issuer")),
        issued_at=moment(message.get("IssueInstant")),
        destination=message.get("Destination", ""),
        statuses=_statuses(only(message, "saml2p:Status")),
    )


def _statuses(status: Element) -> tuple[str, ...]:
    """Give the status codes from the outer to the innermost."""
    codes = []
    inner: Sequence[Element] = [only(status, "saml2p:StatusCode")]
    while inner:
        if len(inner) > 1:
            raise RefusedError(Refusal.STRUCTURE)
        codes.append(inner[0].get("Value", ""))
        inner = children(inner[0], "saml2p:StatusCode")
    return tuple(codes)


def _opened(response: Element, keys: Keys, expected: Expected) -> Element:
    """Give the assertion that lies encrypted in a response, and nothing that lies beside it."""
    if any(True for _ in response.iter(tag("saml2:Assertion"))):
        raise RefusedError(Refusal.ASSERTION_NOT_ENCRYPTED)
    everywhere = list(response.iter(tag("saml2:EncryptedAssertion")))
    if not everywhere:
        raise RefusedError(Refusal.NO_ASSERTION)
    if len(everywhere) > 1:
        raise RefusedError(Refusal.SEVERAL_ASSERTIONS)
    assertion = parse(decrypted(only(response, "saml2:EncryptedAssertion"), keys.encryption_key))
    if assertion.tag != tag("saml2:Assertion"):
        raise RefusedError(Refusal.STRUCTURE)
    check_places(assertion, [assertion])
    if sum(1 for _ in assertion.iter(tag("saml2:Assertion"))) > 1:
        raise RefusedError(Refusal.SEVERAL_ASSERTIONS)
    if children(assertion, "ds:Signature"):  # its own signature is not needed inside a signed response, but never wrong
        return signed_content(assertion, keys.idp_certificates, expected.now, Refusal.STRUCTURE)
    return assertion


def _assertion(assertion: Element) -> AssertionFacts:
    subject, conditions = only(assertion, "saml2:Subject"), only(assertion, "saml2:Conditions")
    statement = only(assertion, "saml2:AuthnStatement")
    restrictions = children(conditions, "saml2:AudienceRestriction")
    return AssertionFacts(
        issuer=text_of(only(assertion, "saml2:Issuer")),
        confirmation=_confirmation(only(subject, "saml2:SubjectConfirmation")),
        not_before=moment(conditions.get("NotBefore")),
        not_on_or_after=moment(conditions.get("NotOnOrAfter")),
        audiences=tuple(tuple(text_of(one) for one in children(each, "saml2:Audience")) for each in restrictions),
        level=text_of(only(only(statement, "saml2:AuthnContext"), "saml2:AuthnContextClassRef")),
        name_id=text_of(only(subject, "saml2:NameID")),
        session_index=statement.get("SessionIndex", ""),
        attributes=_attributes(only(assertion, "saml2:AttributeStatement")),
    )


def _confirmation(confirmation: Element) -> ConfirmationFacts:
    data = only(confirmation, "saml2:SubjectConfirmationData")
    return ConfirmationFacts(
        method=confirmation.get("Method", ""),
        in_response_to=data.get("InResponseTo", ""),
        recipient=data.get("Recipient", ""),
        not_on_or_after=moment(data.get("NotOnOrAfter")),
    )


def _attributes(statement: Element) -> Mapping[str, Sequence[str]]:
    """Give the values of each attribute, also of one that is there twice."""
    found: dict[str, list[str]] = {}
    for attribute in children(statement, "saml2:Attribute"):
        values = [text_of(value) for value in children(attribute, "saml2:AttributeValue")]
        found.setdefault(attribute.get("Name", ""), []).extend(values)
    return found
