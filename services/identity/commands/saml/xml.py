"""Reading XML that strangers may have written: plain elements only, every id once, and nothing is looked up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from lxml import etree

from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError

Element = etree._Element  # noqa: SLF001  # lxml gives its elements' class no other name
MAX_BYTES: Final = 256 * 1024  # an answer of login.gov.pl is 14 KB

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE_11: Final = "http://www.w3.org/2009/xmldsig11#"
ENCRYPTION: Final = "http://www.w3.org/2001/04/xmlenc#"
ENCRYPTION_11: Final = "http://www.w3.org/2009/xmlenc11#"
NAMESPACES: Final[Mapping[str, str]] = {
    "soap": SOAP,
    "saml2p": PROTOCOL,
    "saml2": ASSERTION,
    "md": METADATA,
    "ds": SIGNATURE,
    "dsig11": SIGNATURE_11,
    "xenc": ENCRYPTION,
    "xenc11": ENCRYPTION_11,
}
ID_NAMES: Final = frozenset({"ID", "Id", "id", "AssertionID", "{http://www.w3.org/XML/1998/namespace}id"})


def tag(name: str) -> str:
    """Give lxml's name of an element written with a usual prefix: `saml2p:Response`."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def parse(data: bytes) -> Element:
    """Read a document; gives its root.

    Raises:
        RefusedError: it is too large, not UTF-8 XML, has a DTD, anything but elements, or an id twice.
    """
    if len(data) > MAX_BYTES:
        raise RefusedError(Refusal.TOO_LARGE)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError(Refusal.NOT_XML) from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # before any parser sees it
        raise RefusedError(Refusal.DOCUMENT_TYPE)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise RefusedError(Refusal.NOT_XML) from None
    _check_nodes(root)
    return root


def _check_nodes(root: Element) -> None:
    """Pass when there are elements only: a comment would cut a text in two, and an id twice names two things."""
    around = (*root.itersiblings(preceding=True), *root.itersiblings())
    if around or any(not isinstance(node.tag, str) for node in root.iter()):
        raise RefusedError(Refusal.COMMENT_OR_INSTRUCTION)
    ids = [value for node in root.iter() for name, value in node.attrib.items() if name in ID_NAMES]
    if len(ids) != len(set(ids)):
        raise RefusedError(Refusal.SAME_ID_TWICE)


def children(parent: Element, name: str) -> list[Element]:
    """Give the direct children of a name."""
    return parent.findall(tag(name))


def only(parent: Element, name: str, otherwise: Refusal = Refusal.STRUCTURE) -> Element:
    """Give the one direct child of a name.

    Raises:
        RefusedError: `otherwise`, when there is none or more than one.
    """
    found = children(parent, name)
    if len(found) != 1:
        raise RefusedError(otherwise)
    return found[0]


def text_of(element: Element) -> str:
    """Give an element's text, without spaces around it.

    Raises:
        RefusedError: something else than text is in it.
    """
    if len(element):
        raise RefusedError(Refusal.STRUCTURE)
    return (element.text or "").strip()


def moment(text: str | None) -> datetime | None:
    """Read a time as SAML writes it, in UTC; None when there is none.

    Raises:
        RefusedError: it is no time, or of no known zone.
    """
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(Refusal.STRUCTURE) from None
    if read.tzinfo is None:
        raise RefusedError(Refusal.STRUCTURE)
    return read
