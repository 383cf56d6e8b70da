"""What we send to login.gov.pl: the request to sign somebody in, the question for an artifact, the end of a session."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree
from lxml.etree import SubElement

from services.identity.commands.saml.keys import Keys
from services.identity.commands.saml.signatures import sign
from services.identity.commands.saml.xml import NAMESPACES, Element, tag
from services.identity.domain.trusted_profile.checks import FAMILY_NAME, GIVEN_NAME, NATURAL_PERSON, PERSON_IDENTIFIER

EIDAS: Final = "http://eidas.europa.eu/saml-extensions"
LEVEL: Final = "http://eidas.europa.eu/LoA/"
ARTIFACT_BINDING: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
URI_NAMES: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
REQUESTED: Final = (
    ("FamilyName", FAMILY_NAME),
    ("FirstName", GIVEN_NAME),
    ("DateOfBirth", NATURAL_PERSON + "DateOfBirth"),
    ("PersonIdentifier", PERSON_IDENTIFIER),
)
PREFIXES: Final = {prefix: NAMESPACES[prefix] for prefix in ("saml2p", "saml2", "ds")} | {"eidas": EIDAS}


@dataclass(frozen=True, slots=True)
class Party:
    """Who we are at login.gov.pl, and where it is: our id there, our name, what we ask for, and four addresses."""

    issuer: str
    provider_name: str
    sp_type: str
    level: str
    idp_issuer: str
    consumer_url: str
    sign_in_url: str
    artifact_url: str
    logout_url: str


def authn_request(party: Party, keys: Keys, request_id: str, now: datetime) -> bytes:
    """Ask login.gov.pl to sign somebody in, however they were signed in there before."""
    request = _message("AuthnRequest", party, request_id, now)
    request.set("Destination", party.sign_in_url)
    request.set("AssertionConsumerServiceURL", party.consumer_url)
    request.set("ForceAuthn", "true")
    request.set("IsPassive", "false")
    request.set("ProtocolBinding", ARTIFACT_BINDING)
    request.set("ProviderName", party.provider_name)
    extensions = SubElement(request, tag("saml2p:Extensions"))
    SubElement(extensions, f"{{{EIDAS}}}SPType").text = party.sp_type
    requested = SubElement(extensions, f"{{{EIDAS}}}RequestedAttributes")
    for friendly, name in REQUESTED:
        words = {"FriendlyName": friendly, "Name": name, "NameFormat": URI_NAMES, "isRequired": "true"}
        SubElement(requested, f"{{{EIDAS}}}RequestedAttribute", words)
    SubElement(request, tag("saml2p:NameIDPolicy"), {"AllowCreate": "true", "Format": UNSPECIFIED})
    context = SubElement(request, tag("saml2p:RequestedAuthnContext"), {"Comparison": "minimum"})
    SubElement(context, tag("saml2:AuthnContextClassRef")).text = LEVEL + party.level
    return _bytes(sign(request, keys))


def artifact_resolve(party: Party, keys: Keys, resolve_id: str, artifact: str, now: datetime) -> bytes:
    """Ask for what an artifact stands for."""
    resolve = _message("ArtifactResolve", party, resolve_id, now)
    resolve.set("Destination", party.artifact_url)
    SubElement(resolve, tag("saml2p:Artifact")).text = artifact
    return _in_envelope(sign(resolve, keys))


def logout_request(party: Party, keys: Keys, logout_id: str, session: tuple[str, str], now: datetime) -> bytes:
    """Tell that a session (name id, session index) ended here, so that it ends at login.gov.pl too."""
    logout = _message("LogoutRequest", party, logout_id, now)
    logout.set("Destination", party.logout_url)
    SubElement(logout, tag("saml2:NameID"), {"Format": UNSPECIFIED}).text = session[0]
    SubElement(logout, tag("saml2p:SessionIndex")).text = session[1]
    return _in_envelope(sign(logout, keys))


def _message(name: str, party: Party, message_id: str, now: datetime) -> Element:
    written = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    words = {"ID": message_id, "Version": "2.0", "IssueInstant": written}
    message = etree.Element(tag(f"saml2p:{name}"), words, PREFIXES)
    SubElement(message, tag("saml2:Issuer")).text = party.issuer
    return message


def _in_envelope(message: Element) -> bytes:
    envelope = etree.Element(tag("soap:Envelope"), None, {"soap": NAMESPACES["soap"]})
    SubElement(envelope, tag("soap:Header"))
    SubElement(envelope, tag("soap:Body")).append(message)
    return _bytes(envelope)


def _bytes(element: Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True)
