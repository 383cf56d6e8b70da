"""Ending a session at login.gov.pl too (single logout). What it calls the session is kept sealed, for that alone.

Told once: a session that goes on there lets nobody in here, for every sign-in is asked for with ForceAuthn.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.chassis import logs
from services.identity.commands.saml.messages import logout_request
from services.identity.commands.tools import Tools
from services.identity.commands.trusted_profile.node import Node, NodeAwayError, new_id

NONCE_BYTES: Final = 12

log = logs.logger(__name__)


def seal(key: bytes, name_id: str, session_index: str) -> bytes:
    """Seal login.gov.pl's names of a session, under a key derived from ours."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, json.dumps([name_id, session_index]).encode(), None)


def unseal(key: bytes, sealed: bytes) -> tuple[str, str]:
    """Give a session's name id and index back."""
    name_id, session_index = json.loads(_cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None))
    return name_id, session_index


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, b"iok/trusted-profile/session", hashlib.sha256))


async def tell_login_gov_pl(tools: Tools, node: Node, sealed: bytes) -> None:
    """Tell login.gov.pl that a session has ended here."""
    document = await asyncio.to_thread(
        logout_request, node.party, node.keys, new_id(), unseal(tools.key, sealed), tools.clock()
    )
    try:
        await node.ask(node.party.logout_url, document)
    except NodeAwayError:
        log.warning("login.gov.pl did not hear of a sign-out")
