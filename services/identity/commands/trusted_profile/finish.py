"""Finish a sign-in by Profil Zaufany: fetch what the artifact stands for, believe it or not, find the tenant it is."""

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from libs.chassis.event_store import decided_again
from libs.chassis.postgres import Connection
from services.identity.commands.saml.answers import read_answer
from services.identity.commands.saml.messages import artifact_resolve
from services.identity.commands.sign_in import SIGN_INS, SignedIn, new_token
from services.identity.commands.tools import Tools, execute
from services.identity.commands.trusted_profile.leaving import seal
from services.identity.commands.trusted_profile.node import Node, new_id, note_refusal
from services.identity.domain.accounts import LinkTrustedProfile
from services.identity.domain.people import pesel_hash
from services.identity.domain.sessions import Span, token_hash
from services.identity.domain.trusted_profile.checks import Expected, Vouched
from services.identity.domain.trusted_profile.names import are_one
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError
from services.identity.domain.trusted_profile.requests import secret_hash
from services.identity.read_models import audit, credentials, leases, sessions, trusted_profile
from services.identity.read_models.audit import Action
from services.identity.read_models.trusted_profile import Candidate, Found


@dataclass(frozen=True, slots=True)
class Finished:
    """A session just begun, and where its holder wanted to go."""

    signed_in: SignedIn
    back: str


async def finish(tools: Tools, node: Node, relay_state: str, browser_secret: str) -> Finished:
    """Begin a session for whom login.gov.pl vouches.

    Raises:
        RefusedError: with its own reason, which the audit log has.
        NodeAwayError: login.gov.pl did not answer; the sign-in must be begun again.
    """
    try:
        found = await _used(tools, relay_state, browser_secret)
        vouched = await _vouched(tools, node, found)
        signed_in = await decided_again(partial(_admit, tools, vouched))
    except RefusedError as refused:
        async with tools.database.transaction() as tx:
            await note_refusal(tools, tx, refused)
        raise
    SIGN_INS.labels("trusted_profile").inc()
    return Finished(signed_in, found.back)


async def _used(tools: Tools, relay_state: str, browser_secret: str) -> Found:
    """Give the sign-in under way to the browser that began it; from now on it is used, whatever comes of it."""
    now = tools.clock()
    async with tools.database.transaction() as tx:
        found = await trusted_profile.locked(tx, secret_hash(relay_state))
        if found is None:
            raise RefusedError(Refusal.UNKNOWN_REQUEST)
        artifact = found.request.use(browser_secret, now)
        await trusted_profile.note_used(tx, found.request.request_id, now)
    return replace(found, request=replace(found.request, artifact=artifact))


async def _vouched(tools: Tools, node: Node, found: Found) -> Vouched:
    request, party, resolve_id = found.request, node.party, new_id()
    resolve = await asyncio.to_thread(
        artifact_resolve, party, node.keys, resolve_id, request.artifact or "", tools.clock()
    )
    answer = await node.ask(party.artifact_url, resolve)
    expected = Expected(
        request_id=request.request_id,
        resolve_id=resolve_id,
        begun_at=request.begun_at,
        now=tools.clock(),
        issuer=party.issuer,
        idp_issuer=party.idp_issuer,
        consumer_url=party.consumer_url,
        level=party.level,
    )
    return await asyncio.to_thread(read_answer, answer, node.keys, expected)


async def _admit(tools: Tools, vouched: Vouched) -> SignedIn:
    """Link the tenant's account, if it is not yet, and begin a session."""
    now, token = tools.clock(), new_token()
    async with tools.database.transaction() as tx:
        tenant = await _tenant(tools, tx, vouched)
        await credentials.lock(tx, tenant.account_id)
        await execute(tools, tx, tenant.account_id, LinkTrustedProfile(tools.today()))
        sealed = seal(tools.key, vouched.name_id, vouched.session_index)
        await sessions.start(tx, token_hash(token), tenant.account_id, now, sealed_sign_in=sealed)
        await audit.note(tx, now, Action.SIGNED_IN, tenant.account_id, "trusted_profile")
    return SignedIn(token, Span(now, now).expires_at, tenant.account_id, must_change_password=False, roles=())


async def _tenant(tools: Tools, tx: Connection, vouched: Vouched) -> Candidate:
    """Find the one tenant with this PESEL and name who is, or was, a party of a lease."""
    candidates = await trusted_profile.candidates(tx, pesel_hash(tools.key, vouched.pesel))
    if not candidates:
        raise RefusedError(Refusal.UNKNOWN_PERSON)
    named = [one for one in candidates if are_one(one.name, vouched.name)]
    if not named:
        raise RefusedError(Refusal.NAMES_DIFFER, candidates[0].account_id if len(candidates) == 1 else None)
    if len(named) > 1:
        raise RefusedError(Refusal.SEVERAL_PEOPLE)
    tenant = named[0]
    if tenant.closed:
        raise RefusedError(Refusal.ACCOUNT_CLOSED, tenant.account_id)
    if not await leases.of_person(tx, tenant.person_id):
        raise RefusedError(Refusal.NO_LEASE, tenant.account_id)
    return tenant
