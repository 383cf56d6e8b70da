"""XML signatures as login.gov.pl writes them, made by hand: ECDSA P-256, SHA-256, exclusive c14n with a PrefixList."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from deploy.sandbox.trusted_profile.xml import Element, add, q

PREFIX_LIST = ["ds", "saml2", "saml2p", "xenc"]
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA_256 = "http://www.w3.org/2001/04/xmlenc#sha256"
NUMBER_BYTES = 32


@dataclass(frozen=True)
class Signer:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def sign(message: Element, signer: Signer) -> Element:
    """Sign a message in place by its ID, after its Issuer; returns it."""
    digest = _digest(message, PREFIX_LIST)
    signature = etree.Element(q("ds:Signature"), None, {"ds": q("ds:")[1:-1]})
    message.insert(1, signature)
    info = add(signature, "ds:SignedInfo")
    add(info, "ds:CanonicalizationMethod", Algorithm=EXCLUSIVE)
    add(info, "ds:SignatureMethod", Algorithm=ECDSA_SHA256)
    reference = add(info, "ds:Reference", URI=f"#{message.get('ID')}")
    transforms = add(reference, "ds:Transforms")
    add(transforms, "ds:Transform", Algorithm=ENVELOPED)
    canonical = add(transforms, "ds:Transform", Algorithm=EXCLUSIVE)
    etree.SubElement(canonical, f"{{{EXCLUSIVE}}}InclusiveNamespaces", {"PrefixList": " ".join(PREFIX_LIST)})
    add(reference, "ds:DigestMethod", Algorithm=SHA_256)
    add(reference, "ds:DigestValue", digest)
    r, s = decode_dss_signature(signer.key.sign(_canonical(info), ec.ECDSA(SHA256())))
    value = r.to_bytes(NUMBER_BYTES, "big") + s.to_bytes(NUMBER_BYTES, "big")
    add(signature, "ds:SignatureValue", base64.b64encode(value).decode())
    certificate = base64.b64encode(signer.certificate.public_bytes(Encoding.DER)).decode()
    add(add(add(signature, "ds:KeyInfo"), "ds:X509Data"), "ds:X509Certificate", certificate)
    return message


def is_signed_by(message: Element, certificate: x509.Certificate) -> bool:
    """Whether a service's message carries a good signature over itself, and one only."""
    alone = etree.fromstring(etree.tostring(message, with_tail=False))
    signatures = alone.findall(f".//{q('ds:Signature')}")
    key = certificate.public_key()
    if len(signatures) != 1 or not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    signature = signatures[0]
    found = {name: signature.find(f".//{q(name)}") for name in ("ds:SignedInfo", "ds:Reference", "ds:DigestValue")}
    info, reference, digest = found.values()
    value = base64.b64decode(signature.findtext(q("ds:SignatureValue")) or "")
    if info is None or reference is None or digest is None or reference.get("URI") != f"#{message.get('ID')}":
        return False
    numbers = (int.from_bytes(value[:NUMBER_BYTES], "big"), int.from_bytes(value[NUMBER_BYTES:], "big"))
    try:
        key.verify(encode_dss_signature(*numbers), _canonical(info), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    alone.remove(signature)
    return _digest(alone, None) == digest.text


def _digest(message: Element, prefixes: list[str] | None) -> str:
    read = etree.fromstring(etree.tostring(message, with_tail=False))  # as a reader will have it
    return base64.b64encode(hashlib.sha256(_canonical(read, prefixes)).digest()).decode()


def _canonical(element: Element, prefixes: list[str] | None = None) -> bytes:
    return etree.tostring(
        element, method="c14n", exclusive=True, with_comments=False, with_tail=False, inclusive_ns_prefixes=prefixes
    )
