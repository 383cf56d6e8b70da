"""Signing in through login.gov.pl: identity on a real database, its sandbox on the other side; they share no code."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from deploy.sandbox.trusted_profile import people
from deploy.sandbox.trusted_profile.app import create_app
from deploy.sandbox.trusted_profile.desk import Desk
from deploy.sandbox.trusted_profile.settings import Settings as SandboxSettings
from deploy.sandbox.trusted_profile.signatures import Signer
from libs.chassis.auth import TokenSigner
from libs.chassis.event_store import EventStore
from libs.chassis.postgres import Database
from libs.events.decoding import read_data
from services.identity.app import SOURCE, make_app, make_node
from services.identity.commands.sessions import forget_old
from services.identity.commands.tools import Tools
from services.identity.commands.trusted_profile.node import NodeAwayError
from services.identity.consumer import LeaseProjector
from services.identity.domain.accounts import account_of
from services.identity.settings import Settings
from services.identity.tests.house import SEED, Clock, CountingPool, House, bearer
from tests.contracts.test_forged_trusted_profile import ENCRYPTION, LOGIN_GOV_PL, SIGNING
from tests.stack.databases import Databases

pytestmark = pytest.mark.system

URL = "http://login.example.invalid"
PUBLIC = "https://iok.example.invalid"
TENANT: dict[str, Any] = {"given_name": "Łucja", "family_name": "Kowalska-Żak", "pesel": "02070803628"}
ADD_LEASE = """
insert into leases (lease_id, source, signed, number, address, changed)
values ($1, 'erp', true, '1/2026', 'ul. Lipowa 3', false)
"""
ADD_PARTY = "insert into lease_parties (lease_id, person_id, role) values ($1, $2, 'tenant')"


@dataclass
class Node:
    """login.gov.pl, as identity reaches it by HTTP and as a tester's browser does."""

    sandbox: httpx.AsyncClient
    desk: Desk
    away: bool = False
    asked: list[str] = field(default_factory=list)

    async def ask(self, url: str, document: bytes) -> bytes:
        """Post what identity sends."""
        self.asked.append(url)
        if self.away:
            raise NodeAwayError
        answer = await self.sandbox.post(url.removeprefix(URL), content=document)
        assert answer.status_code == 200, answer.text
        return answer.content

    async def pick(self, begun: dict[str, object], person: str, mode: str = "poprawnie") -> dict[str, str]:
        """Send the form that identity gave, pick a person, and read the form that leads back."""
        page = await self.sandbox.post("/login/SingleSignOnService", data=begun["fields"])  # type: ignore[arg-type]
        assert page.status_code == 200, page.text
        action = re.findall(r'action="(/login/osoba/[^"]+)"', page.text)[0]
        back = await self.sandbox.post(action, data={"person": person, "mode": mode})
        return dict(re.findall(r'name="(SAMLart|RelayState)" value="([^"]+)"', back.text))


@dataclass
class Journey:
    """A house with the way through login.gov.pl, step by step."""

    house: House
    node: Node

    async def begin(self, back: str = "/finanse", address: str = "192.0.2.9") -> dict[str, object]:
        answer = await self.house.client.post("/trusted-profile/requests", json={"back": back, "client_ip": address})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def come_back(self, form: dict[str, str]) -> httpx.Response:
        body = {"artifact": form["SAMLart"], "relay_state": form["RelayState"]}
        return await self.house.client.post("/trusted-profile/artifacts", json=body)

    async def finish(self, form: dict[str, str], begun: dict[str, object]) -> httpx.Response:
        body = {"relay_state": form["RelayState"], "browser_secret": begun["browser_secret"]}
        return await self.house.client.post("/trusted-profile/sessions", json=body)

    async def whole(self, person: str = "najemca", mode: str = "poprawnie") -> httpx.Response:
        begun = await self.begin()
        form = await self.node.pick(begun, person, mode)
        assert (await self.come_back(form)).status_code == 204
        return await self.finish(form, begun)

    async def give_lease(self, person_id: str = "P-000001") -> None:
        async with self.house.tools.database.transaction() as tx:
            await tx.execute(ADD_LEASE, f"L-{person_id}")
            await tx.execute(ADD_PARTY, f"L-{person_id}", person_id)

    async def refusals(self) -> list[tuple[str, str | None]]:
        rows = await self.house.rows(
            "select detail, account_id from audit_log where action = 'trusted_profile_refused' order by id"
        )
        return [(row["detail"], row["account_id"]) for row in rows]

    async def events(self) -> list[str]:
        return [json.loads(row["body"])["type"] for row in await self.house.rows("select body from events")]


def write_pair(folder: Path, name: str, pair: Signer) -> tuple[str, str]:
    key, certificate = folder / f"{name}.key.pem", folder / f"{name}.crt.pem"
    key.write_bytes(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(pair.certificate.public_bytes(Encoding.PEM))
    return str(key), str(certificate)


class Persons(Desk):
    """The desk with persons of the test's own."""

    def persons(self) -> dict[str, people.Person]:
        tenant = people.Person("najemca", "ŁUCJA MARIA", "KOWALSKA - ŻAK", TENANT["pesel"])
        other = people.Person("inna", "ŁUCJA MARIA", "NOWAK", TENANT["pesel"])
        return {one.key: one for one in (tenant, other, people.NOBODY)}


@pytest.fixture
async def journey(databases: Databases, tmp_path: Path) -> AsyncIterator[Journey]:
    server = databases.make("identity")
    database = await Database.open(server.service_dsn)
    clock, passwords, signer = Clock(), CountingPool(), TokenSigner(SEED)
    tools = Tools(database, EventStore(SOURCE, read_data), passwords, b"l" * 32, clock)
    signing, encryption = write_pair(tmp_path, "signing", SIGNING), write_pair(tmp_path, "encryption", ENCRYPTION)
    idp = write_pair(tmp_path, "idp", LOGIN_GOV_PL)
    settings = Settings(
        public_url=PUBLIC,
        trusted_profile_url=URL,
        trusted_profile_issuer="tbs-iok",
        trusted_profile_signing_key=SecretStr(signing[0]),
        trusted_profile_signing_certificate=signing[1],
        trusted_profile_encryption_key=SecretStr(encryption[0]),
        trusted_profile_encryption_certificate=encryption[1],
        trusted_profile_idp_certificates=idp[1],
    )
    sandbox = SandboxSettings(
        public_url=PUBLIC,
        trusted_profile_issuer="tbs-iok",
        trusted_profile_signing_certificate=Path(signing[1]),
        trusted_profile_encryption_certificate=Path(encryption[1]),
        sandbox_trusted_profile_key=Path(idp[0]),
        sandbox_trusted_profile_certificate=Path(idp[1]),
    )
    desk = Persons(sandbox, clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(sandbox, desk)), base_url=URL) as outside:
        node = Node(outside, desk)
        app = make_app(settings, tools, signer, LeaseProjector({"erp"}), node=make_node(settings, node.ask))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://identity") as client:
            house = House(tools, client, clock, passwords, signer, tmp_path / "letters", server)
            await house.import_people(**TENANT)
            yield Journey(house, node)
    passwords.close()
    await database.close()
    databases.drop(server)


async def test_a_tenant_signs_in_without_any_letter_and_comes_to_where_they_wanted(journey: Journey) -> None:
    await journey.give_lease()
    answer = await journey.whole()

    assert answer.status_code == 201, await journey.refusals()
    assert (answer.json()["account_id"], answer.json()["back"]) == (account_of("P-000001"), "/finanse")
    principal = await journey.house.principal(answer.json()["token"])
    assert (principal.leases, principal.roles) == ({"L-P-000001": "tenant"}, frozenset())
    assert sorted(await journey.events()) == [
        "iok.AccountOpened.v1", "iok.PersonRegistered.v1", "iok.TrustedProfileLinked.v1",
    ]  # fmt: skip


async def test_the_account_is_linked_once(journey: Journey) -> None:
    await journey.give_lease()
    assert [(await journey.whole()).status_code for _ in range(2)] == [201, 201]

    assert (await journey.events()).count("iok.TrustedProfileLinked.v1") == 1


async def test_no_personal_data_is_left_in_requests_sessions_audit_log_or_events(journey: Journey) -> None:
    await journey.give_lease()
    await journey.whole()
    await journey.whole("inna")

    tables = ("trusted_profile_requests", "sessions", "audit_log", "events", "outbox")
    for table in tables:
        for row in await journey.house.rows(f"select * from {table}"):
            written = " ".join(
                value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row.values()
            )
            assert not any(word in written.upper() for word in (TENANT["pesel"], "KOWALSKA", "NOWAK"))


@pytest.mark.parametrize(
    ("person", "lease", "reason", "known"),
    [
        ("najemca", False, "no_lease", True),
        ("inna", True, "names_differ", True),
        ("nieznana", True, "unknown_person", False),
    ],
)
async def test_who_is_not_the_person_in_the_lease_does_not_come_in(
    journey: Journey, person: str, lease: bool, reason: str, known: bool
) -> None:
    if lease:
        await journey.give_lease()
    answer = await journey.whole(person)

    assert answer.status_code == 401
    assert await journey.refusals() == [(reason, account_of("P-000001") if known else None)]
    assert "iok.TrustedProfileLinked.v1" not in await journey.events()
    assert await journey.house.rows("select * from sessions") == []


async def test_two_people_with_one_pesel_and_name_are_nobody(journey: Journey) -> None:
    await journey.house.import_people(2, **TENANT)
    await journey.give_lease()

    assert (await journey.whole()).status_code == 401
    assert await journey.refusals() == [("several_people", None)]


async def test_the_answer_tells_nothing_about_the_reason(journey: Journey) -> None:
    await journey.give_lease()
    ways = [("inna", "poprawnie"), ("nieznana", "poprawnie"), ("najemca", "unsigned"), ("najemca", "expired")]
    answers = [await journey.whole(*way) for way in ways]

    assert len({(one.status_code, one.text) for one in answers}) == 1
    assert [reason for reason, _ in await journey.refusals()] == [
        "names_differ", "unknown_person", "answer_unsigned", "expired",
    ]  # fmt: skip


async def test_another_browser_cannot_finish_what_one_began(journey: Journey) -> None:
    """Login CSRF: an attacker's own answer, sent from a victim's browser, which has begun something else or nothing."""
    await journey.give_lease()
    attackers, victims = await journey.begin(), await journey.begin()
    form = await journey.node.pick(attackers, "najemca")
    await journey.come_back(form)

    assert (await journey.finish(form, victims)).status_code == 401
    assert (await journey.finish(form, {"browser_secret": ""})).status_code == 401
    assert [reason for reason, _ in await journey.refusals()] == ["other_browser", "other_browser"]
    assert (await journey.finish(form, attackers)).status_code == 201  # nothing was spent by the attempt


async def test_nothing_of_a_sign_in_can_be_used_again(journey: Journey) -> None:
    await journey.give_lease()
    begun = await journey.begin()
    form = await journey.node.pick(begun, "najemca")
    assert [(await journey.come_back(form)).status_code for _ in range(2)] == [204, 401]
    assert [(await journey.finish(form, begun)).status_code for _ in range(2)] == [201, 401]
    assert (await journey.come_back(form)).status_code == 401
    fresh = await journey.begin()
    replayed = {"SAMLart": form["SAMLart"], "RelayState": str(fresh["fields"]["RelayState"])}  # type: ignore[index]
    assert (await journey.come_back(replayed)).status_code == 204

    with pytest.raises(AssertionError, match="fetched before"):  # login.gov.pl gives an artifact's answer once
        await journey.finish(replayed, fresh)
    assert [reason for reason, _ in await journey.refusals()] == ["request_used"] * 3


async def test_an_answer_for_another_sign_in_of_the_same_browser_is_refused(journey: Journey) -> None:
    await journey.give_lease()
    first, second = await journey.begin(), await journey.begin()
    form = await journey.node.pick(first, "najemca")
    swapped = form | {"RelayState": str(second["fields"]["RelayState"])}  # type: ignore[index]
    await journey.come_back(swapped)

    assert (await journey.finish(swapped, second)).status_code == 401
    assert [reason for reason, _ in await journey.refusals()] == ["response_to_another"]


async def test_what_was_never_begun_takes_no_artifact(journey: Journey) -> None:
    form = {"SAMLart": "AAQAAMFbLinlXaCM", "RelayState": "made-up"}

    assert (await journey.come_back(form)).status_code == 401
    assert (await journey.finish(form, {"browser_secret": "made-up"})).status_code == 401
    assert [reason for reason, _ in await journey.refusals()] == ["unknown_request"] * 2


async def test_a_sign_in_is_over_after_a_quarter_of_an_hour_and_forgotten_after_a_day(journey: Journey) -> None:
    await journey.give_lease()
    begun = await journey.begin()
    form = await journey.node.pick(begun, "najemca")
    await journey.come_back(form)
    journey.house.clock.forward(minutes=15)

    assert (await journey.finish(form, begun)).status_code == 401
    assert [reason for reason, _ in await journey.refusals()] == ["request_expired"]
    journey.house.clock.now += timedelta(days=1)
    await forget_old(journey.house.tools)
    assert await journey.house.rows("select * from trusted_profile_requests") == []


async def test_one_address_can_begin_only_so_many_at_once(journey: Journey) -> None:
    for _ in range(30):
        await journey.begin()

    body = {"client_ip": "192.0.2.9"}
    assert (await journey.house.client.post("/trusted-profile/requests", json=body)).status_code == 503
    await journey.begin(address="192.0.2.10")


async def test_while_login_gov_pl_is_away_that_is_said_and_nobody_is_refused(journey: Journey) -> None:
    await journey.give_lease()
    journey.node.away = True

    assert (await journey.whole()).status_code == 503
    assert await journey.refusals() == []


async def test_signing_out_ends_the_session_at_login_gov_pl_too(journey: Journey) -> None:
    await journey.give_lease()
    token = (await journey.whole()).json()["token"]
    answer = await journey.house.client.delete("/sessions", headers=bearer(token))

    assert answer.status_code == 204
    assert journey.node.desk.overview()[0].ended
    assert journey.node.asked[-1] == f"{URL}/login-services/singleLogoutService"


async def test_signing_out_does_not_wait_for_a_login_gov_pl_that_is_away(journey: Journey) -> None:
    await journey.give_lease()
    token = (await journey.whole()).json()["token"]
    journey.node.away = True

    assert (await journey.house.client.delete("/sessions", headers=bearer(token))).status_code == 204
    assert (await journey.house.tokens(token)).status_code == 401
