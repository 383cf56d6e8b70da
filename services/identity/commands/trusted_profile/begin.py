"""Begin a sign-in by Profil Zaufany, and keep the artifact with which login.gov.pl sends people back."""

import asyncio
import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta

from libs.chassis.postgres import Connection
from services.identity.commands.saml.messages import authn_request
from services.identity.commands.tools import Tools
from services.identity.commands.trusted_profile.node import REFUSALS, Node, new_id, note_refusal
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError
from services.identity.domain.trusted_profile.requests import (
    MAX_BEGUN,
    MAX_BEGUN_PER_ADDRESS,
    REQUEST_SECONDS,
    SECRET_BYTES,
    secret_hash,
)
from services.identity.read_models import trusted_profile
from services.identity.read_models.trusted_profile import NewRequest


@dataclass(frozen=True, slots=True)
class Begun:
    """A form for the browser to send to login.gov.pl, and a secret for it to keep; both are told once."""

    url: str
    fields: dict[str, str]
    browser_secret: str


async def begin(tools: Tools, node: Node, back: str, address: str) -> Begun:
    """Begin a sign-in in a browser at a client's address; `back` is handed out again when it ends well.

    Raises:
        RefusedError: too many are under way.
    """
    request_id, now = new_id(), tools.clock()
    relay_state, browser_secret = secrets.token_urlsafe(SECRET_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    address_hash = tools.address_hash(address)
    async with tools.database.transaction() as tx:
        since = now - timedelta(seconds=REQUEST_SECONDS)
        at_address, in_all = await trusted_profile.count_begun(tx, address_hash, since)
        if at_address >= MAX_BEGUN_PER_ADDRESS or in_all >= MAX_BEGUN:
            REFUSALS.labels(Refusal.TOO_MANY_BEGUN.value).inc()  # in no log: nobody can fill it by trying on
            raise RefusedError(Refusal.TOO_MANY_BEGUN)
        request = NewRequest(request_id, secret_hash(relay_state), secret_hash(browser_secret), address_hash, back)
        await trusted_profile.add(tx, request, now)
    document = await asyncio.to_thread(authn_request, node.party, node.keys, request_id, now)
    fields = {"SAMLRequest": base64.b64encode(document).decode(), "RelayState": relay_state}
    return Begun(node.party.sign_in_url, fields, browser_secret)


async def take_artifact(tools: Tools, artifact: str, relay_state: str) -> None:
    """Keep an artifact for the sign-in it belongs to, until the browser that began comes for it.

    Raises:
        RefusedError: there is no such sign-in, or it takes no artifact.
    """
    try:
        async with tools.database.transaction() as tx:
            await _keep(tools, tx, artifact, secret_hash(relay_state))
    except RefusedError as refused:
        async with tools.database.transaction() as tx:
            await note_refusal(tools, tx, refused)
        raise


async def _keep(tools: Tools, tx: Connection, artifact: str, relay_sha256: bytes) -> None:
    found = await trusted_profile.locked(tx, relay_sha256)
    if found is None:
        raise RefusedError(Refusal.UNKNOWN_REQUEST)
    found.request.take_artifact(artifact, tools.clock())
    await trusted_profile.keep_artifact(tx, found.request.request_id, artifact)
