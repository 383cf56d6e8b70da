"""Tokens are for one service and one minute, and a principal reaches its own leases only."""

import base64
import time

import pytest

from libs.chassis.auth import (
    LEEWAY_SECONDS,
    READ_SECONDS,
    TOKEN_SECONDS,
    InvalidTokenError,
    Principal,
    TokenSigner,
    TokenVerifier,
)
from libs.chassis.http import Problem

SEED = base64.b64encode(bytes(range(32))).decode()
OTHER_SEED = base64.b64encode(bytes(range(1, 33))).decode()
TENANT = Principal("account-1", leases={"L-1": "tenant"})


def verifier(audience: str = "ledger", *seeds: str) -> TokenVerifier:
    return TokenVerifier([TokenSigner(seed).public_key for seed in seeds or (SEED,)], audience)


def test_a_token_tells_the_service_it_is_meant_for_who_asks() -> None:
    token = TokenSigner(SEED).issue("ledger", Principal("account-1", frozenset({"clerk"}), {"L-1": "co_tenant"}))

    assert verifier().verify(token) == Principal("account-1", frozenset({"clerk"}), {"L-1": "co_tenant"})


def test_a_token_for_another_service_is_refused() -> None:
    with pytest.raises(InvalidTokenError):
        verifier("payments").verify(TokenSigner(SEED).issue("ledger", TENANT))


def test_a_token_is_over_after_a_minute() -> None:
    long_ago = TokenSigner(SEED, clock=lambda: 1_700_000_000.0)

    with pytest.raises(InvalidTokenError):
        verifier().verify(long_ago.issue("ledger", TENANT))


def test_a_token_is_over_in_time_although_it_was_good_before_and_a_read_may_use_it_longer() -> None:
    now = [time.time()]
    checking = TokenVerifier([TokenSigner(SEED).public_key], "ledger", clock=lambda: now[0])
    token = TokenSigner(SEED).issue("ledger", TENANT)
    assert checking.verify(token) == checking.verify(token) == TENANT

    now[0] += TOKEN_SECONDS + LEEWAY_SECONDS
    with pytest.raises(InvalidTokenError):
        checking.verify(token)
    assert checking.verify(token, reading=True) == TENANT

    now[0] += READ_SECONDS
    with pytest.raises(InvalidTokenError):
        checking.verify(token, reading=True)


def test_a_token_that_only_a_read_may_still_use_is_refused_to_a_command_after_that_read() -> None:
    old = TokenSigner(SEED, clock=lambda: time.time() - TOKEN_SECONDS - LEEWAY_SECONDS - 1).issue("ledger", TENANT)
    checking = verifier()
    assert checking.verify(old, reading=True) == TENANT

    with pytest.raises(InvalidTokenError):
        checking.verify(old)


def test_no_more_tokens_are_remembered_than_the_limit_and_a_forgotten_one_is_checked_again() -> None:
    signer = TokenSigner(SEED)
    checking = TokenVerifier([signer.public_key], "ledger", most=3)
    tokens = [signer.issue("ledger", Principal(f"account-{n}")) for n in range(4)]

    for token in [*tokens, tokens[0]]:
        checking.verify(token)

    assert list(checking.remembered) == [*tokens[2:], tokens[0]]


def test_a_token_signed_by_somebody_else_is_refused() -> None:
    with pytest.raises(InvalidTokenError, match="no known key"):
        verifier().verify(TokenSigner(OTHER_SEED).issue("ledger", TENANT))


def test_while_a_key_is_being_changed_both_keys_count() -> None:
    both = verifier("ledger", OTHER_SEED, SEED)

    assert both.verify(TokenSigner(SEED).issue("ledger", TENANT)) == TENANT
    assert both.verify(TokenSigner(OTHER_SEED).issue("ledger", TENANT)) == TENANT


@pytest.mark.parametrize("garbage", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."])
def test_what_is_no_token_is_refused(garbage: str) -> None:
    with pytest.raises(InvalidTokenError):
        verifier().verify(garbage)


def test_a_party_reaches_its_lease_and_no_other() -> None:
    assert TENANT.require_lease("L-1") == "L-1"
    with pytest.raises(Problem) as refused:
        TENANT.require_lease("L-2")
    assert refused.value.status == 404


def test_staff_get_404_where_only_tenants_go() -> None:
    clerk = Principal("account-2", frozenset({"clerk"}), {"L-1": "tenant"})

    with pytest.raises(Problem) as refused:
        clerk.require_lease("L-1")
    assert refused.value.status == 404


def test_a_role_is_refused_to_other_staff_and_hidden_from_tenants() -> None:
    with pytest.raises(Problem) as hidden:
        TENANT.require_role("operator")
    with pytest.raises(Problem) as forbidden:
        Principal("account-2", frozenset({"clerk"})).require_role("operator")

    assert (hidden.value.status, forbidden.value.status) == (404, 403)
    Principal("account-3", frozenset({"operator"})).require_role("operator", "clerk")
