"""What login.gov.pl does: takes a service's request, lets a tester pick a person, answers for an artifact, once."""

import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.sandbox.trusted_profile import answers
from deploy.sandbox.trusted_profile.answers import STATUS, Parties, Recipe
from deploy.sandbox.trusted_profile.forging.modes import Forger, Mode, modes
from deploy.sandbox.trusted_profile.people import NOBODY, Person, persons_in
from deploy.sandbox.trusted_profile.settings import Settings
from deploy.sandbox.trusted_profile.signatures import Signer, is_signed_by
from deploy.sandbox.trusted_profile.xml import Element, add, element, from_bytes, instant, q, to_bytes

REMEMBERED = 500
ThingT = TypeVar("ThingT")
HONEST = "poprawnie"
CANCELLED = "anulowano"


class WrongMessageError(Exception):
    """A message that login.gov.pl would not take; the text says why."""


@dataclass(frozen=True)
class Asked:
    """A request taken from a service, waiting for a person to be picked."""

    key: str
    request_id: str
    relay_state: str
    level: str


@dataclass(frozen=True)
class SignIn:
    """A person picked for a request; ``mode``: how the answer is made."""

    asked: Asked
    artifact: str
    person: Person
    mode: str
    session_index: str
    at: datetime
    fetched: bool = False
    ended: bool = False


def signer_of(settings: Settings) -> Signer:
    """Return our own key and certificate."""
    key = load_pem_private_key(settings.sandbox_trusted_profile_key.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the stand-in's key must be on P-256")
    return Signer(key, x509.load_pem_x509_certificate(settings.sandbox_trusted_profile_certificate.read_bytes()))


class Desk:
    """login.gov.pl's counter; what it knows it keeps in memory."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings, self._clock = settings, clock
        self._service = x509.load_pem_x509_certificate(settings.trusted_profile_signing_certificate.read_bytes())
        encryption = x509.load_pem_x509_certificate(settings.trusted_profile_encryption_certificate.read_bytes())
        self._parties = Parties(
            signer_of(settings),
            settings.trusted_profile_idp_issuer,
            settings.trusted_profile_issuer,
            settings.consumer_url,
            encryption,
        )
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._sign_ins: OrderedDict[str, SignIn] = OrderedDict()
        self._source_id = hashlib.sha1(settings.trusted_profile_idp_issuer.encode(), usedforsecurity=False).digest()

    def ask(self, saml_request: str, relay_state: str, destination: str) -> Asked:
        """Take an AuthnRequest; raises ``WrongMessageError`` for one that is not right."""
        try:
            request = from_bytes(base64.b64decode(saml_request, validate=True))
        except (ValueError, binascii.Error) as error:
            raise WrongMessageError("SAMLRequest is no XML in base64") from error
        self._check(request, "saml2p:AuthnRequest", destination)
        if request.get("AssertionConsumerServiceURL") != self._settings.consumer_url:
            raise WrongMessageError("AssertionConsumerServiceURL is not the one registered")
        if request.get("ForceAuthn") != "true" or not request.get("ProviderName"):
            raise WrongMessageError("ForceAuthn and ProviderName are missing")
        level = request.findtext(f".//{q('saml2:AuthnContextClassRef')}") or ""
        asked = Asked(secrets.token_urlsafe(16), request.get("ID", ""), relay_state, level)
        _remember(self._asked, asked.key, asked)
        return asked

    def asked(self, key: str) -> Asked | None:
        """Return a request that waits, or None."""
        return self._asked.get(key)

    def persons(self) -> dict[str, Person]:
        """Return whom a tester may be."""
        return persons_in(self._settings.people_folder)

    def modes(self) -> dict[str, Mode]:
        """Return every way to answer, by name, the honest one first."""
        failed = (STATUS + "AuthnFailed",)
        victim = next((one for one in self.persons().values() if one is not NOBODY), NOBODY)
        return {
            HONEST: lambda recipe: recipe,
            CANCELLED: lambda recipe: replace(recipe, answer_status=failed, response_status=failed),
            **modes(Forger(_stranger(self._parties.signer), victim)),
        }

    def pick(self, asked: Asked, person: Person, mode: str) -> SignIn:
        """Sign a person in; the artifact of the result is for the service to fetch, once."""
        handle = secrets.token_bytes(20)
        artifact = base64.b64encode(b"\0\4\0\0" + self._source_id + handle).decode()
        sign_in = SignIn(asked, artifact, person, mode, f"_{secrets.token_hex(16)}", self._clock())
        self._asked.pop(asked.key, None)
        _remember(self._sign_ins, artifact, sign_in)
        return sign_in

    def resolve(self, body: bytes, destination: str) -> bytes:
        """Answer an ArtifactResolve; raises ``WrongMessageError`` for one that is not right."""
        resolve = self._in_envelope(body, "saml2p:ArtifactResolve", destination)
        artifact = resolve.findtext(q("saml2p:Artifact")) or ""
        sign_in = self._sign_ins.get(artifact)
        if sign_in is None or sign_in.fetched:
            raise WrongMessageError("no such artifact, or it was fetched before")
        self._sign_ins[artifact] = replace(sign_in, fetched=True)
        recipe = Recipe(
            parties=self._parties,
            person=replace(sign_in.person, level=sign_in.asked.level),
            request_id=sign_in.asked.request_id,
            resolve_id=resolve.get("ID", ""),
            now=self._clock(),
            session_index=sign_in.session_index,
            name_id=_name_id(sign_in.person),
        )
        return answers.document(self.modes()[sign_in.mode](recipe))

    def log_out(self, body: bytes, destination: str) -> bytes:
        """End a session; raises ``WrongMessageError`` when there is none, or the request is not right."""
        request = self._in_envelope(body, "saml2p:LogoutRequest", destination)
        index, name_id = request.findtext(q("saml2p:SessionIndex")), request.findtext(q("saml2:NameID"))
        for artifact, sign_in in self._sign_ins.items():
            if sign_in.session_index == index and _name_id(sign_in.person) == name_id:
                self._sign_ins[artifact] = replace(sign_in, ended=True)
                return self._logged_out(request)
        raise WrongMessageError("no such session")

    def overview(self) -> list[SignIn]:
        """Return the sign-ins remembered, newest first."""
        return list(reversed(self._sign_ins.values()))

    def _logged_out(self, request: Element) -> bytes:
        made = element(
            "saml2p:LogoutResponse",
            ID=f"ID-{secrets.token_hex(16)}",
            InResponseTo=request.get("ID", ""),
            IssueInstant=instant(self._clock()),
            Version="2.0",
        )
        add(made, "saml2:Issuer", self._parties.idp_issuer)
        add(add(made, "saml2p:Status"), "saml2p:StatusCode", Value=STATUS + "Success")
        envelope = element("soap:Envelope")
        add(envelope, "soap:Body").append(made)
        return to_bytes(envelope)

    def _in_envelope(self, body: bytes, name: str, destination: str) -> Element:
        try:
            message = from_bytes(body).find(f"{q('soap:Body')}/{q(name)}")
        except ValueError as error:
            raise WrongMessageError("no XML") from error
        if message is None:
            raise WrongMessageError(f"no {name} in the envelope")
        self._check(message, name, destination)
        return message

    def _check(self, message: Element, name: str, destination: str) -> None:
        if message.tag != q(name) or not message.get("ID"):
            raise WrongMessageError(f"no {name}")
        if message.findtext(q("saml2:Issuer")) != self._settings.trusted_profile_issuer:
            raise WrongMessageError("Issuer is not a service we know")
        if not (message.get("Destination") or "").endswith(destination):
            raise WrongMessageError("Destination is not this address")
        if not is_signed_by(message, self._service):
            raise WrongMessageError("the signature is missing or wrong")


def _name_id(person: Person) -> str:
    """Return a name for a person that tells nothing about them."""
    return base64.b64encode(hashlib.sha256(f"sandbox {person.pesel}".encode()).digest()).decode()


def _stranger(like: Signer) -> Signer:
    """Return a key of nobody's, with a certificate that names us and was issued by itself."""
    key, mine = ec.generate_private_key(ec.SECP256R1()), like.certificate
    built = x509.CertificateBuilder().subject_name(mine.subject).issuer_name(mine.subject).public_key(key.public_key())
    built = built.not_valid_before(mine.not_valid_before_utc).not_valid_after(mine.not_valid_after_utc)
    return Signer(key, built.serial_number(x509.random_serial_number()).sign(key, SHA256()))


def _remember(known: "OrderedDict[str, ThingT]", key: str, thing: ThingT) -> None:
    known[key] = thing
    while len(known) > REMEMBERED:
        known.popitem(last=False)
