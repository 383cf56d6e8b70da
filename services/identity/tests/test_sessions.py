"""Sessions: what they are exchanged for, how they end, and how a password is changed."""

import asyncio

import pytest

from libs.chassis.auth import InvalidTokenError, TokenVerifier
from libs.events.ledger import LeaseEnded
from services.identity.commands.sessions import end_sessions, forget_old
from services.identity.domain.accounts import account_of
from services.identity.domain.leases import Lease
from services.identity.domain.passwords import NAMES_ITS_OWNER, NOT_NEW, TOO_COMMON, TOO_SHORT
from services.identity.read_models import leases
from services.identity.tests.house import House, bearer

pytestmark = pytest.mark.system

GOOD = "zielony kubek pod oknem"
BETTER = "osiem granatowych parasoli"


async def give_lease(house: House, lease_id: str = "L-1", person_id: str = "P-000001") -> None:
    async with house.tools.database.transaction() as tx:
        lease = Lease(lease_id, "erp", True, "12/2024", "ul. Lipowa 3/5, 99-999 Dębogród", {person_id: "tenant"})
        await leases.save(tx, [lease])


async def test_a_session_is_exchanged_for_a_token_of_each_service_asked_for(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    await give_lease(house)
    body = (await house.tokens(token, "ledger", "payments")).json()

    assert set(body["tokens"]) == {"ledger", "payments"}
    assert body["account_id"] == account_of("P-000001")
    assert (body["display_name"], body["login"]) == ("Łucja Kowalska 1", "K100001")
    assert (body["roles"], body["leases"]) == ([], {"L-1": "tenant"})
    assert body["must_change_password"] is False
    principal = await house.principal(token)
    assert (principal.account_id, dict(principal.leases)) == (account_of("P-000001"), {"L-1": "tenant"})


async def test_a_token_is_for_one_service(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    jwt = (await house.tokens(token, "ledger")).json()["tokens"]["ledger"]

    with pytest.raises(InvalidTokenError):
        TokenVerifier([house.signer.public_key], "payments").verify(jwt)


async def test_who_must_change_the_password_reaches_nothing_else(house: House) -> None:
    await house.import_people()
    await give_lease(house)
    began = (await house.sign_in(await house.letter())).json()
    body = (await house.tokens(began["token"], "ledger", "identity")).json()

    assert set(body["tokens"]) == {"identity"}
    assert body["leases"] == {}
    assert body["must_change_password"] is True


async def test_staff_have_their_roles_and_no_leases(house: House) -> None:
    await house.add_staff("operator", BETTER)
    answer = await house.sign_in(BETTER, "operator")

    assert answer.json()["roles"] == ["operator"]
    principal = await house.principal(answer.json()["token"])
    assert (principal.roles, dict(principal.leases)) == (frozenset({"operator"}), {})


async def test_a_session_ends_after_fifteen_idle_minutes(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    for _ in range(3):
        house.clock.forward(minutes=14)
        assert (await house.tokens(token)).status_code == 200
    house.clock.forward(minutes=15)

    assert (await house.tokens(token)).status_code == 401


async def test_a_session_in_use_ends_after_twelve_hours(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    for _ in range(71):
        house.clock.forward(minutes=10)
        answer = await house.tokens(token)
    assert answer.json()["expires_at"] == "2026-11-24T00:00:00Z"
    house.clock.forward(minutes=10)

    assert (await house.tokens(token)).status_code == 401


async def test_a_session_that_was_ended_is_over_and_may_be_ended_again(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)

    assert (await house.client.delete("/sessions", headers=bearer(token))).status_code == 204
    assert (await house.tokens(token)).status_code == 401
    assert (await house.client.delete("/sessions", headers=bearer(token))).status_code == 204


async def test_what_is_no_token_is_401(house: House) -> None:
    for token in (b"x", b"x" * 200, "żółw".encode(), b""):
        headers = [(b"authorization", b"Bearer " + token)]
        answer = await house.client.post("/sessions/tokens", json={"audiences": ["ledger"]}, headers=headers)
        assert answer.status_code == 401


async def test_no_token_at_all_is_401(house: House) -> None:
    assert (await house.client.delete("/sessions")).status_code == 401
    assert (await house.client.post("/sessions/tokens", json={"audiences": ["ledger"]})).status_code == 401
    assert (await house.client.post("/sessions/password", json={"new_password": "x"})).status_code == 401


async def test_tokens_are_given_for_our_services_only(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)

    assert (await house.tokens(token, "elsewhere")).status_code == 422


async def test_neither_tokens_nor_passwords_can_be_read_from_the_database(house: House) -> None:
    await house.import_people()
    letter = await house.letter()
    token = (await house.sign_in(letter)).json()["token"]

    rows = await house.rows("select s::text || l::text as told from sessions s join letters l using (letter_id)")
    assert len(rows) == 1
    assert token not in rows[0]["told"]
    assert letter not in rows[0]["told"]


async def test_a_change_ends_every_session_and_goes_on_in_a_new_one(house: House) -> None:
    await house.import_people()
    first = await house.settled(GOOD)
    second = (await house.sign_in(GOOD)).json()["token"]
    changed = await house.change(first, BETTER, GOOD)

    assert (await house.tokens(first)).status_code == 401
    assert (await house.tokens(second)).status_code == 401
    assert (await house.tokens(changed.json()["token"])).status_code == 200


async def test_of_two_changes_at_once_one_succeeds(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    answers = await asyncio.gather(*[house.change(token, f"{BETTER} {n}", GOOD) for n in range(2)])

    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_a_new_password_that_is_not_good_enough_is_refused_with_a_reason(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    for new, message in (
        ("za krótkie", TOO_SHORT),
        ("haslo1234567", TOO_COMMON),
        ("moje k100001 dwa", NAMES_ITS_OWNER),
        (GOOD, NOT_NEW),
    ):
        answer = await house.change(token, new, GOOD)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"field": "new_password", "message": message}]
    assert (await house.tokens(token)).status_code == 200


async def test_the_letters_password_cannot_be_kept(house: House) -> None:
    await house.import_people()
    letter = await house.letter()
    token = (await house.sign_in(letter)).json()["token"]

    assert (await house.change(token, letter.lower())).json()["errors"][0]["message"] == NOT_NEW


async def test_a_wrong_current_password_is_refused_and_guessing_it_must_wait(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    answers = [await house.change(token, BETTER, "completely wrong") for _ in range(6)]

    assert {answer.json()["errors"][0]["field"] for answer in answers} == {"current_password"}
    assert len({answer.text for answer in answers}) == 2
    assert (await house.change(token, BETTER, GOOD)).status_code == 422


async def test_after_a_letter_the_current_password_may_be_left_out_but_not_be_wrong(house: House) -> None:
    await house.import_people()
    letter = await house.letter()
    token = (await house.sign_in(letter)).json()["token"]

    assert (await house.change(token, GOOD, "wrong")).status_code == 422
    assert (await house.change(token, GOOD, letter)).status_code == 200


async def test_a_change_without_a_letter_needs_the_current_password(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)

    assert (await house.change(token, BETTER)).status_code == 422


async def test_an_operator_ends_the_sessions_of_one_account_or_of_all(house: House) -> None:
    await house.import_people(2)
    first, second = await house.settled(GOOD, 1), await house.settled(GOOD, 2)

    assert await end_sessions(house.tools, [account_of("P-000001")]) == 1
    assert [(await house.tokens(token)).status_code for token in (first, second)] == [401, 200]
    assert await end_sessions(house.tools, None) == 1
    assert (await house.tokens(second)).status_code == 401


async def test_sessions_and_attempts_that_are_over_are_dropped(house: House) -> None:
    await house.import_people()
    await house.settled(GOOD)
    await house.sign_in("completely wrong")
    house.clock.forward(days=2)
    await forget_old(house.tools)

    counted = await house.rows("select (select count(*) from sessions) + (select count(*) from attempts) as rows")
    assert counted[0]["rows"] == 0


async def test_the_service_says_that_it_is_ready(house: House) -> None:
    assert (await house.client.get("/readyz")).json() == {"status": "ready", "reasons": {}}


async def test_an_ended_lease_stays_in_the_token(house: House) -> None:
    await house.import_people()
    token = await house.settled(GOOD)
    await give_lease(house)
    async with house.tools.database.transaction() as tx:
        await tx.execute(
            "update leases set ended_on = $1", LeaseEnded.model_validate({"ended_on": "2026-10-31"}).ended_on
        )

    assert dict((await house.principal(token)).leases) == {"L-1": "tenant"}
