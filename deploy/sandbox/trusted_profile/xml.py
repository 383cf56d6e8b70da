"""Names and small helpers of the XML that goes between login.gov.pl and a service."""

from datetime import UTC, datetime

from lxml import etree

Element = etree._Element  # noqa: SLF001  # lxml gives its elements' class no other name
NAMESPACES = {
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "saml2p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml2": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "dsig11": "http://www.w3.org/2009/xmldsig11#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "xenc11": "http://www.w3.org/2009/xmlenc11#",
    "eidas": "http://eidas.europa.eu/saml-extensions",
}


def q(name: str) -> str:
    """``saml2p:Response`` as lxml names it."""
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def element(name: str, text: str | None = None, **attributes: str) -> Element:
    """Return an element with all prefixes declared, as login.gov.pl declares them."""
    made = etree.Element(q(name), attributes, NAMESPACES)
    made.text = text
    return made


def add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    """Append an element and return it."""
    made = etree.SubElement(parent, q(name), attributes)
    made.text = text
    return made


def instant(moment: datetime) -> str:
    """Return a time as SAML writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def to_bytes(root: Element) -> bytes:
    """Return a document's bytes."""
    return etree.tostring(root)


def from_bytes(data: bytes) -> Element:
    """Return the root of a document; raises ``ValueError`` for what is none, or has a document type."""
    if b"<!DOCTYPE" in data:
        raise ValueError("a document type is not taken")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError("no XML") from error
    return root
