"""Changes that a forger makes to trees and bytes, before or after they are signed."""

import base64
from collections.abc import Callable

from lxml import etree

from deploy.sandbox.trusted_profile.signatures import Signer, sign
from deploy.sandbox.trusted_profile.xml import Element, add, element, q

PERSON_IDENTIFIER = "http://eidas.europa.eu/attributes/naturalperson/PersonIdentifier"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"

Change = Callable[[Element], Element]


def all_of(tree: Element, name: str) -> list[Element]:
    """Every element of a name, wherever it is."""
    return list(tree.iter(q(name)))


def set_everywhere(name: str, attribute: str, value: str) -> Change:
    """Set an attribute of every element of a name."""

    def change(tree: Element) -> Element:
        for found in all_of(tree, name):
            found.set(attribute, value)
        return tree

    return change


def without(name: str) -> Change:
    """Leave every element of a name out."""

    def change(tree: Element) -> Element:
        for found in all_of(tree, name):
            _parent(found).remove(found)
        return tree

    return change


def doubled(name: str) -> Change:
    """Put the first element of a name there twice; ids in the copy are other ones."""

    def change(tree: Element) -> Element:
        original = all_of(tree, name)[0]
        copy = etree.fromstring(etree.tostring(original, with_tail=False))
        for node in copy.iter():
            for id_name in {"ID", "Id"} & set(node.attrib):
                node.set(id_name, f"{node.get(id_name)}-2")
        original.addnext(copy)
        return tree

    return change


def same_id_twice(tree: Element) -> Element:
    """Give a harmless element the id of the response."""
    add(tree, "saml2p:Extensions", ID="ID-response")
    return tree


def with_comment_in_pesel(tree: Element) -> Element:
    """Cut the PESEL in two by a comment, so that a careless reader sees the first part only."""
    for attribute in all_of(tree, "saml2:Attribute"):
        if attribute.get("Name") == PERSON_IDENTIFIER:
            value = attribute[0]
            text = value.text or ""
            comment = etree.Comment("cut")
            value.text, comment.tail = text, ".evil"
            value.append(comment)
    return tree


def with_instruction(tree: Element) -> Element:
    """Put a processing instruction into the message."""
    tree.append(etree.ProcessingInstruction("php", "exit"))
    return tree


def without_attribute(name: str) -> Change:
    """Leave an attribute of the person out."""

    def change(tree: Element) -> Element:
        for attribute in all_of(tree, "saml2:Attribute"):
            if attribute.get("Name") == name:
                _parent(attribute).remove(attribute)
        return tree

    return change


def with_second_pesel(pesel: str) -> Change:
    """Say two PESEL."""

    def change(tree: Element) -> Element:
        statement = all_of(tree, "saml2:AttributeStatement")[0]
        add(add(statement, "saml2:Attribute", Name=PERSON_IDENTIFIER), "saml2:AttributeValue", pesel)
        return tree

    return change


def with_other_audience_too(audience: str) -> Change:
    """Restrict to us, and to somebody else besides: both must hold."""

    def change(tree: Element) -> Element:
        restriction = add(all_of(tree, "saml2:Conditions")[0], "saml2:AudienceRestriction")
        add(restriction, "saml2:Audience", audience)
        return tree

    return change


def with_text(name: str, text: str) -> Change:
    """Change a text after it was signed."""

    def change(tree: Element) -> Element:
        for found in all_of(tree, name):
            found.text = text
        return tree

    return change


def signed_by_stranger(stranger: Signer) -> Change:
    """Sign the response again with a stranger's key, whose certificate comes along."""

    def change(answer: Element) -> Element:
        response = all_of(answer, "saml2p:Response")[0]
        for signature in response.findall(q("ds:Signature")):
            response.remove(signature)
        answer.replace(response, sign(response, stranger))
        return answer

    return change


def with_second_reference(answer: Element) -> Element:
    """Let the response's signature refer to something else as well."""
    info = all_of(answer, "ds:SignedInfo")[0]
    reference = all_of(info, "ds:Reference")[0]
    copy = etree.fromstring(etree.tostring(reference, with_tail=False))
    copy.set("URI", "#ID-elsewhere")
    info.append(copy)
    return answer


def with_xslt(answer: Element) -> Element:
    """Have the verifier run a program of the forger's before the digest."""
    add(all_of(answer, "ds:Transforms")[0], "ds:Transform", Algorithm=XSLT)
    return answer


def in_plain(assertion: Element) -> Change:
    """Put a plain assertion beside the encrypted one."""

    def change(response: Element) -> Element:
        response.append(assertion)
        return response

    return change


def fault(envelope: Element) -> Element:
    """Answer by a SOAP fault."""
    body = all_of(envelope, "soap:Body")[0]
    body.clear()
    body.append(element("soap:Fault"))
    return envelope


def with_doctype(data: bytes) -> bytes:
    """Declare a document type."""
    return b"<!DOCTYPE a [<!ELEMENT a ANY>]>" + data


def with_external_entity(data: bytes) -> bytes:
    """Have the reader fetch a file of its own machine (XXE)."""
    return b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + data.replace(b"pz.gov.pl", b"&x;")


def with_bomb(data: bytes) -> bytes:
    """Let entities grow out of entities (billion laughs)."""
    laughs = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 9))
    return b'<!DOCTYPE a [<!ENTITY e0 "ha">' + laughs + b"]>" + data.replace(b"pz.gov.pl", b"&e8;")


def in_utf16(data: bytes) -> bytes:
    """Write it in another encoding, past whoever looks for `<!DOCTYPE` in bytes."""
    return '<?xml version="1.0" encoding="UTF-16"?>'.encode("utf-16") + with_external_entity(data).decode().encode(
        "utf-16"
    )


def huge(data: bytes) -> bytes:
    """Send 10 MB."""
    return data.replace(b"<soap:Header/>", b"<soap:Header>" + b"a" * 10_000_000 + b"</soap:Header>")


def truncated(data: bytes) -> bytes:
    """Cut it off in the middle."""
    return data[: len(data) // 2]


def off_the_curve(point: bytes) -> bytes:
    """Give a point that is not on P-256 (invalid curve attack)."""
    return point[:-1] + bytes([point[-1] ^ 1])


def compressed(point: bytes) -> bytes:
    """Give the same point in another form."""
    return bytes([2 + (point[-1] & 1)]) + point[1:33]


def flipped(sealed: bytes) -> bytes:
    """Change one bit of what is encrypted."""
    return sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:]


def cut_short(sealed: bytes) -> bytes:
    """Leave the tag of the encryption out."""
    return sealed[:20]


def not_base64(tree: Element) -> Element:
    """Write what is no base64 where the key should be."""
    for found in all_of(tree, "xenc:CipherValue"):
        found.text = "%%%" + base64.b64encode(b"x").decode()
    return tree


def _parent(found: Element) -> Element:
    parent = found.getparent()
    if parent is None:
        raise LookupError(found.tag)
    return parent
