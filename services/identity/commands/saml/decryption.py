"""Opening an encrypted assertion: ECDH-ES on P-256, ConcatKDF, AES key wrap, AES-GCM (XML Encryption 1.1).

As seen at login.gov.pl, the data's key may have 128 bits although the message says aes256-gcm: the unwrapped key's
length counts. The KDF's parameters are joined as written (4 bytes of length before each text), without the octet of
padding bits that the standard describes.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from services.identity.commands.saml.xml import ENCRYPTION, ENCRYPTION_11, Element, only, text_of
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError

CONTENT: Final = ENCRYPTION + "Element"
DATA_ALGORITHMS: Final = frozenset({ENCRYPTION_11 + "aes128-gcm", ENCRYPTION_11 + "aes256-gcm"})
DATA_KEY_BYTES: Final = frozenset({16, 32})
WRAPPING_KEY_BYTES: Final[Mapping[str, int]] = {ENCRYPTION + "kw-aes128": 16, ENCRYPTION + "kw-aes256": 32}
P_256: Final = "urn:oid:1.2.840.10045.3.1.7"
UNCOMPRESSED: Final = b"\x04"
POINT_BYTES: Final = 65
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


def decrypted(encrypted: Element, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give what an EncryptedAssertion holds.

    Raises:
        RefusedError: it is not as login.gov.pl encrypts, or not for this key.
    """
    data = only(encrypted, "xenc:EncryptedData")
    _require_algorithm(data.get("Type") == CONTENT)
    _require_algorithm(_algorithm(only(data, "xenc:EncryptionMethod")) in DATA_ALGORITHMS)
    wrapped = only(only(data, "ds:KeyInfo"), "xenc:EncryptedKey")
    data_key = _unwrapped(wrapped, key)
    sealed = _cipher_value(data)
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise RefusedError(Refusal.DECRYPTION_FAILED)
    try:
        return AESGCM(data_key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        raise RefusedError(Refusal.DECRYPTION_FAILED) from None


def _unwrapped(wrapped: Element, key: ec.EllipticCurvePrivateKey) -> bytes:
    length_bytes = WRAPPING_KEY_BYTES.get(_algorithm(only(wrapped, "xenc:EncryptionMethod")))
    if length_bytes is None:
        raise RefusedError(Refusal.ENCRYPTION_ALGORITHM)
    agreement = only(only(wrapped, "ds:KeyInfo"), "xenc:AgreementMethod")
    _require_algorithm(_algorithm(agreement) == ENCRYPTION_11 + "ECDH-ES")
    shared = key.exchange(ec.ECDH(), _originator(agreement))
    wrapping_key = ConcatKDFHash(SHA256(), length_bytes, _other_info(agreement)).derive(shared)
    try:
        data_key = aes_key_unwrap(wrapping_key, _cipher_value(wrapped))
    except InvalidUnwrap:
        raise RefusedError(Refusal.DECRYPTION_FAILED) from None
    _require_algorithm(len(data_key) in DATA_KEY_BYTES)
    return data_key


def _originator(agreement: Element) -> ec.EllipticCurvePublicKey:
    """Give the sender's key for this message alone; a point beside the curve would tell of our key, and is refused."""
    value = only(only(only(agreement, "xenc:OriginatorKeyInfo"), "ds:KeyValue"), "dsig11:ECKeyValue")
    _require_algorithm(only(value, "dsig11:NamedCurve").get("URI") == P_256)
    point = _base64(text_of(only(value, "dsig11:PublicKey")))
    if len(point) != POINT_BYTES or not point.startswith(UNCOMPRESSED):
        raise RefusedError(Refusal.DECRYPTION_FAILED)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise RefusedError(Refusal.DECRYPTION_FAILED) from None


def _other_info(agreement: Element) -> bytes:
    derivation = only(agreement, "xenc11:KeyDerivationMethod")
    _require_algorithm(_algorithm(derivation) == ENCRYPTION_11 + "ConcatKDF")
    parameters = only(derivation, "xenc11:ConcatKDFParams")
    _require_algorithm(_algorithm(only(parameters, "ds:DigestMethod")) == ENCRYPTION + "sha256")
    try:
        return bytes.fromhex("".join(parameters.get(name, "") for name in ("AlgorithmID", "PartyUInfo", "PartyVInfo")))
    except ValueError:
        raise RefusedError(Refusal.STRUCTURE) from None


def _cipher_value(element: Element) -> bytes:
    return _base64(text_of(only(only(element, "xenc:CipherData"), "xenc:CipherValue")))


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise RefusedError(Refusal.STRUCTURE) from None


def _algorithm(element: Element) -> str:
    return element.get("Algorithm", "")


def _require_algorithm(holds: bool) -> None:
    if not holds:
        raise RefusedError(Refusal.ENCRYPTION_ALGORITHM)
