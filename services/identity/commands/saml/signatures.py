"""Signing what we send, and believing only what login.gov.pl signed: a signature's content, never what is beside it.

A signature counts when it is a direct child of the message it signs, has one reference, to that message's own id, and
no transformation but the usual two. What is read afterwards is what the signature's digest was computed over, so
wrapping a signed message into another gains nothing (Somorovsky et al., On Breaking SAML, 2012).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from services.identity.commands.saml.keys import Keys
from services.identity.commands.saml.xml import Element, children, only, tag, text_of
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError

EXCLUSIVE: Final = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
PARTS: Final = [tag("ds:SignedInfo"), tag("ds:SignatureValue"), tag("ds:KeyInfo")]
TRANSFORMS: Final = ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXCLUSIVE.value]


def sign(message: Element, keys: Keys) -> Element:
    """Sign a message by its ID; the signature stands after the Issuer, as SAML's schema wants it."""
    message.insert(1, etree.Element(tag("ds:Signature"), {"Id": "placeholder"}, {"ds": tag("ds:")[1:-1]}))
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=EXCLUSIVE,
    )
    certificate = [keys.signing_certificate]
    return signer.sign(
        message, key=keys.signing_key, cert=certificate, reference_uri=f"#{message.get('ID')}", id_attribute="ID"
    )


def check_places(document: Element, allowed: Collection[Element]) -> None:
    """Pass when every signature in a document is a direct child of one of these messages, one in each at most.

    Raises:
        RefusedError: a signature is elsewhere: somebody has moved or wrapped it.
    """
    parents = [signature.getparent() for signature in document.iter(tag("ds:Signature"))]
    if any(parent not in allowed for parent in parents) or len(parents) != len(set(parents)):
        raise RefusedError(Refusal.SIGNATURE_ELSEWHERE)


def signed_content(
    message: Element, certificates: Sequence[x509.Certificate], now: datetime, unsigned: Refusal
) -> Element:
    """Give what the message's signature was made over: the message again, without its signature.

    Raises:
        RefusedError: `unsigned`, or the signature's form or value is wrong.
    """
    if not children(message, "ds:Signature"):
        raise RefusedError(unsigned)
    _check_form(only(message, "ds:Signature", Refusal.SIGNATURE_ELSEWHERE), message.get("ID", ""))
    alone = etree.tostring(message, with_tail=False)
    for certificate in certificates:
        content = _verified(alone, certificate, now)
        if content is not None:
            if content.tag != message.tag or content.get("ID") != message.get("ID"):
                raise RefusedError(Refusal.SIGNATURE_REFERENCE)
            return content
    raise RefusedError(Refusal.SIGNATURE_INVALID)


def _check_form(signature: Element, message_id: str) -> None:
    if [part.tag for part in signature] != PARTS:
        raise RefusedError(Refusal.SIGNATURE_FORM)
    info = only(signature, "ds:SignedInfo")
    reference = only(info, "ds:Reference", Refusal.SIGNATURE_REFERENCE)
    if not message_id or reference.get("URI") != f"#{message_id}":
        raise RefusedError(Refusal.SIGNATURE_REFERENCE)
    transforms = [one.get("Algorithm") for one in children(only(reference, "ds:Transforms"), "ds:Transform")]
    algorithms = (
        only(info, "ds:CanonicalizationMethod").get("Algorithm") == EXCLUSIVE.value,
        only(info, "ds:SignatureMethod").get("Algorithm") == SignatureMethod.ECDSA_SHA256.value,
        only(reference, "ds:DigestMethod").get("Algorithm") == DigestAlgorithm.SHA256.value,
        transforms == TRANSFORMS,
    )
    if not all(algorithms):
        raise RefusedError(Refusal.SIGNATURE_ALGORITHM)
    values = only(signature, "ds:SignatureValue"), only(reference, "ds:DigestValue")
    if not all(text_of(value) for value in values):
        raise RefusedError(Refusal.SIGNATURE_INVALID)


def _verified(document: bytes, certificate: x509.Certificate, now: datetime) -> Element | None:
    """Give the signed content if this certificate, valid now, is the signer's; the document's own proves nothing.

    The schema is not asked: it knows no InclusiveNamespaces, which login.gov.pl writes. The form was checked before.
    """
    config = SignatureConfiguration(
        location="./",
        signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        ignore_ambiguous_key_info=True,
        verification_time=now,
    )
    try:
        result = XMLVerifier().verify(
            document, x509_cert=certificate, id_attribute="ID", expect_config=config, validate_schema=False
        )
    except (SignXMLException, etree.LxmlError, ValueError):
        return None
    return result.signed_xml if isinstance(result, VerifyResult) else None
