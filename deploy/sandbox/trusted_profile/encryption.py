"""Encryption of assertions on login.gov.pl's side: ECDH on P-256, ConcatKDF, AES key wrap, AES-GCM."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.sandbox.trusted_profile.xml import NAMESPACES, Element, add, element

XENC, XENC11 = NAMESPACES["xenc"], NAMESPACES["xenc11"]
NONCE_BYTES = 12


@dataclass(frozen=True)
class Cipher:
    """How an assertion is encrypted; production says aes256-gcm whatever the key's length is."""

    data_algorithm: str = XENC11 + "aes256-gcm"
    data_key_bytes: int = 16
    wrap_algorithm: str = XENC + "kw-aes256"
    wrap_key_bytes: int = 32
    agreement_algorithm: str = XENC11 + "ECDH-ES"
    kdf_digest: str = XENC + "sha256"
    curve: str = "urn:oid:1.2.840.10045.3.1.7"
    spoil_point: Callable[[bytes], bytes] = bytes
    spoil_data: Callable[[bytes], bytes] = bytes


def encrypt(plaintext: bytes, certificate: x509.Certificate, parties: tuple[str, str], cipher: Cipher) -> Element:
    """Return an EncryptedAssertion for the holder of a certificate's key; `parties`: from whom, to whom."""
    receiver = certificate.public_key()
    if not isinstance(receiver, ec.EllipticCurvePublicKey):
        raise TypeError("the service's certificate must be of a key on P-256")
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    algorithm_id, party_u, party_v = (_with_length(text) for text in (cipher.wrap_algorithm, *parties))
    shared = ephemeral.exchange(ec.ECDH(), receiver)
    info = algorithm_id + party_u + party_v
    wrapping_key = ConcatKDFHash(SHA256(), cipher.wrap_key_bytes, info).derive(shared)
    data_key, nonce = secrets.token_bytes(cipher.data_key_bytes), secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(data_key).encrypt(nonce, plaintext, None)

    encrypted = element("saml2:EncryptedAssertion")
    data = add(encrypted, "xenc:EncryptedData", Id=_id(), Type=XENC + "Element")
    add(
        add(data, "xenc:EncryptionMethod", Algorithm=cipher.data_algorithm),
        "ds:DigestMethod",
        Algorithm=XENC + "sha256",
    )
    key = add(add(data, "ds:KeyInfo"), "xenc:EncryptedKey", Id=_id())
    add(key, "xenc:EncryptionMethod", Algorithm=cipher.wrap_algorithm)
    agreement = add(add(key, "ds:KeyInfo"), "xenc:AgreementMethod", Algorithm=cipher.agreement_algorithm)
    derivation = add(agreement, "xenc11:KeyDerivationMethod", Algorithm=XENC11 + "ConcatKDF")
    written = {"AlgorithmID": _hex(algorithm_id), "PartyUInfo": _hex(party_u), "PartyVInfo": _hex(party_v)}
    add(add(derivation, "xenc11:ConcatKDFParams", **written), "ds:DigestMethod", Algorithm=cipher.kdf_digest)
    value = add(add(add(agreement, "xenc:OriginatorKeyInfo"), "ds:KeyValue"), "dsig11:ECKeyValue")
    add(value, "dsig11:NamedCurve", URI=cipher.curve)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    add(value, "dsig11:PublicKey", _base64(cipher.spoil_point(point)))
    add(add(key, "xenc:CipherData"), "xenc:CipherValue", _base64(aes_key_wrap(wrapping_key, data_key)))
    add(add(data, "xenc:CipherData"), "xenc:CipherValue", _base64(cipher.spoil_data(sealed)))
    return encrypted


def _with_length(text: str) -> bytes:
    return len(text.encode()).to_bytes(4, "big") + text.encode()


def _hex(data: bytes) -> str:
    return data.hex().upper()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _id() -> str:
    return "_" + secrets.token_hex(16)
