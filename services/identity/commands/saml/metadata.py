"""Who we are, as login.gov.pl's people enter it: our certificates and addresses (SAML 2.0 metadata)."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import SubElement

from services.identity.commands.saml.keys import Keys
from services.identity.commands.saml.messages import ARTIFACT_BINDING, UNSPECIFIED, Party
from services.identity.commands.saml.xml import NAMESPACES, PROTOCOL, Element, tag


def metadata(party: Party, keys: Keys) -> bytes:
    """Give our metadata, as a document."""
    entity = etree.Element(
        tag("md:EntityDescriptor"), {"entityID": party.issuer}, {name: NAMESPACES[name] for name in ("md", "ds")}
    )
    words = {"AuthnRequestsSigned": "true", "protocolSupportEnumeration": PROTOCOL}
    role = SubElement(entity, tag("md:SPSSODescriptor"), words)
    _add_key(role, "signing", keys.signing_certificate)
    _add_key(role, "encryption", keys.encryption_certificate)
    SubElement(role, tag("md:NameIDFormat")).text = UNSPECIFIED
    words = {"Binding": ARTIFACT_BINDING, "Location": party.consumer_url, "index": "0", "isDefault": "true"}
    SubElement(role, tag("md:AssertionConsumerService"), words)
    return etree.tostring(entity, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _add_key(role: Element, use: str, certificate: x509.Certificate) -> None:
    described = SubElement(role, tag("md:KeyDescriptor"), {"use": use})
    data = SubElement(SubElement(described, tag("ds:KeyInfo")), tag("ds:X509Data"))
    SubElement(data, tag("ds:X509Certificate")).text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
