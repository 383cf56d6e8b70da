"""Writing answers: an assertion, the response around it, the answer to the question for an artifact, the envelope."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509

from deploy.sandbox.trusted_profile.encryption import Cipher, encrypt
from deploy.sandbox.trusted_profile.people import Person
from deploy.sandbox.trusted_profile.signatures import Signer, sign
from deploy.sandbox.trusted_profile.xml import Element, add, element, instant, to_bytes

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS = (STATUS + "Success",)
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
NATURAL_PERSON = "http://eidas.europa.eu/attributes/naturalperson/"
LIFETIME = timedelta(minutes=5)

Change = Callable[[Element], Element]


def untouched(tree: Element) -> Element:
    """Change nothing."""
    return tree


@dataclass(frozen=True)
class Parties:
    """Who speaks to whom: our signer and id, the service's id, its consumer address and its certificate."""

    signer: Signer
    idp_issuer: str
    sp_issuer: str
    consumer_url: str
    sp_certificate: x509.Certificate


@dataclass(frozen=True)
class Recipe:
    """All that goes into one answer. Honest by default; what a forger would change is a field, or a step at the end.

    ``on_assertion`` … ``on_document`` get the tree as it is at that step and return the one to go on with, each before
    the next signature is made; ``around_response`` and ``around_document`` get it after.
    """

    parties: Parties
    person: Person
    request_id: str
    resolve_id: str
    now: datetime
    prefix: str = "ID"
    session_index: str = "_session-1"
    name_id: str = "kRm1VvJpXwYl0s3n"
    answer_to: str = ""
    response_to: str = ""
    confirmation_to: str = ""
    answer_issuer: str = ""
    response_issuer: str = ""
    assertion_issuer: str = ""
    destination: str = ""
    audiences: tuple[str, ...] = ()
    recipient: str = ""
    confirmation_method: str = BEARER
    answer_status: tuple[str, ...] = SUCCESS
    response_status: tuple[str, ...] = SUCCESS
    issued_at: datetime | None = None
    answered_at: datetime | None = None
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    confirmed_until: datetime | None = None
    cipher: Cipher = field(default_factory=Cipher)
    receiver: x509.Certificate | None = None
    signer: Signer | None = None
    sign_assertion: bool = False
    sign_response: bool = True
    sign_answer: bool = True
    on_assertion: Change = untouched
    on_plaintext: Callable[[bytes], bytes] = bytes
    on_response: Change = untouched
    around_response: Change = untouched
    on_answer: Change = untouched
    around_document: Change = untouched
    on_bytes: Callable[[bytes], bytes] = bytes

    def of_victim(self, victim: Person) -> "Recipe":
        """The same answer for somebody else without any signature of ours: what a forger can write."""
        return replace(
            self, person=victim, prefix="ID-evil", sign_assertion=False, sign_response=False, sign_answer=False
        )


def document(recipe: Recipe) -> bytes:
    """Return the whole SOAP answer."""
    envelope = element("soap:Envelope")
    add(envelope, "soap:Header")
    add(envelope, "soap:Body").append(answer(recipe))
    return recipe.on_bytes(to_bytes(recipe.around_document(envelope)))


def answer(recipe: Recipe) -> Element:
    """Return an ArtifactResponse."""
    at = recipe.answered_at or recipe.now
    to = recipe.answer_to or recipe.resolve_id
    made = element(
        "saml2p:ArtifactResponse",
        ID=f"{recipe.prefix}-answer",
        InResponseTo=to,
        IssueInstant=instant(at),
        Version="2.0",
    )
    add(made, "saml2:Issuer", recipe.answer_issuer or recipe.parties.idp_issuer)
    _add_status(made, recipe.answer_status)
    made.append(response(recipe))
    made = recipe.around_response(made)
    made = recipe.on_answer(made)
    return sign(made, recipe.signer or recipe.parties.signer) if recipe.sign_answer else made


def response(recipe: Recipe) -> Element:
    """Return a Response with its encrypted assertion."""
    at = recipe.issued_at or recipe.now
    to = recipe.response_to or recipe.request_id
    made = element(
        "saml2p:Response", ID=f"{recipe.prefix}-response", InResponseTo=to, IssueInstant=instant(at), Version="2.0"
    )
    if recipe.destination:
        made.set("Destination", recipe.destination)
    add(made, "saml2:Issuer", recipe.response_issuer or recipe.parties.idp_issuer)
    _add_status(made, recipe.response_status)
    made.append(encrypted(recipe, assertion(recipe)))
    made = recipe.on_response(made)
    return sign(made, recipe.signer or recipe.parties.signer) if recipe.sign_response else made


def encrypted(recipe: Recipe, made: Element) -> Element:
    """Return an assertion encrypted for the service."""
    parties = recipe.parties
    plaintext = recipe.on_plaintext(to_bytes(recipe.on_assertion(made)))
    to = recipe.receiver or parties.sp_certificate
    return encrypt(plaintext, to, (parties.idp_issuer, parties.sp_issuer), recipe.cipher)


def assertion(recipe: Recipe) -> Element:
    """Return an Assertion of the recipe's person."""
    parties, now = recipe.parties, recipe.now
    made = element("saml2:Assertion", ID=f"{recipe.prefix}-assertion", IssueInstant=instant(now), Version="2.0")
    add(made, "saml2:Issuer", recipe.assertion_issuer or parties.idp_issuer)
    _add_subject(made, recipe)
    conditions = add(
        made,
        "saml2:Conditions",
        NotBefore=instant(recipe.not_before or now),
        NotOnOrAfter=instant(recipe.not_on_or_after or now + LIFETIME),
    )
    restriction = add(conditions, "saml2:AudienceRestriction")
    for audience in recipe.audiences or (parties.sp_issuer,):
        add(restriction, "saml2:Audience", audience)
    statement = add(made, "saml2:AuthnStatement", AuthnInstant=instant(now), SessionIndex=recipe.session_index)
    context = add(statement, "saml2:AuthnContext")
    add(context, "saml2:AuthnContextClassRef", recipe.person.level)
    add(context, "saml2:AuthenticatingAuthority", "pz.gov.pl")
    _add_attributes(made, recipe.person)
    return sign(made, recipe.signer or parties.signer) if recipe.sign_assertion else made


def _add_subject(made: Element, recipe: Recipe) -> None:
    subject = add(made, "saml2:Subject")
    add(subject, "saml2:NameID", recipe.name_id, Format=UNSPECIFIED)
    confirmation = add(subject, "saml2:SubjectConfirmation", Method=recipe.confirmation_method)
    add(
        confirmation,
        "saml2:SubjectConfirmationData",
        InResponseTo=recipe.confirmation_to or recipe.request_id,
        NotOnOrAfter=instant(recipe.confirmed_until or recipe.now + LIFETIME),
        Recipient=recipe.recipient or recipe.parties.consumer_url,
    )


def _add_attributes(made: Element, person: Person) -> None:
    statement = add(made, "saml2:AttributeStatement")
    values = {
        ("FamilyName", "CurrentFamilyName"): person.family_name,
        ("DateOfBirth", "DateOfBirth"): person.born,
        ("FirstName", "CurrentGivenName"): person.given_name,
        ("PersonIdentifier", "PersonIdentifier"): person.pesel,
    }
    for (friendly, name), value in values.items():
        attribute = add(
            statement,
            "saml2:Attribute",
            FriendlyName=friendly,
            Name=NATURAL_PERSON + name,
            NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
        )
        add(attribute, "saml2:AttributeValue", value)


def _add_status(made: Element, codes: tuple[str, ...]) -> None:
    inner = add(made, "saml2p:Status")
    for code in codes:
        inner = add(inner, "saml2p:StatusCode", Value=code)
