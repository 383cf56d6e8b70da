"""Profil Zaufany through the running system: gateway, identity and a stand-in for login.gov.pl, all processes."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from libs.chassis.testing import eventually
from services.identity.domain.accounts import account_of
from tests.running.system import HTTP_TIMEOUT_SECONDS, RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("running")]
FIELD = re.compile(r'name="(SAMLRequest|RelayState|SAMLart)" value="([^"]+)"')
START = "/profil-zaufany"


@contextmanager
def browser(running: RunningSystem) -> Iterator[httpx.Client]:
    """A browser of one's own, with its cookies."""
    with httpx.Client(base_url=running.url("gateway"), timeout=HTTP_TIMEOUT_SECONDS) as client:
        yield client


def person_id(running: RunningSystem, who: str) -> str:
    meta = json.loads((running.var / "demo" / "export" / "meta.json").read_text(encoding="utf-8"))
    return str(meta[who]["person_id"])


def answered(running: RunningSystem, client: httpx.Client, person: str) -> dict[str, str]:
    """Begin in a browser and be that person at login.gov.pl; gives the form that leads back."""
    page = client.post(START, data={"back": "/"})
    assert page.status_code == 200, page.text
    url = running.run["sandbox"]["trusted_profile"]["url"]
    with httpx.Client(base_url=url, timeout=HTTP_TIMEOUT_SECONDS) as outside:
        persons = outside.post("/login/SingleSignOnService", data=dict(FIELD.findall(page.text)))
        assert persons.status_code == 200, persons.text
        action = re.findall(r'action="(/login/osoba/[^"]+)"', persons.text)[0]
        return dict(FIELD.findall(outside.post(action, data={"person": person}).text))


async def test_signing_in_is_told_on_kafka_by_opaque_ids(running: RunningSystem) -> None:
    person = person_id(running, "other_tenant")
    with browser(running) as client:
        back = client.post(f"{START}/acs", data=answered(running, client, person))
        assert back.status_code == 303
        done = client.get(back.headers["location"])
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert "Dzień dobry" in client.get("/").text

    async def told() -> bool:
        events = await running.events("iok.accounts")
        data = [event["data"] for event in events if event["type"] == "iok.TrustedProfileLinked.v1"]
        return {"account_id": account_of(person)} in data

    await eventually(told, within_seconds=30, what="TrustedProfileLinked on Kafka")


def test_a_victims_browser_is_not_signed_in_by_an_attackers_answer(running: RunningSystem) -> None:
    person = person_id(running, "other_tenant")
    with browser(running) as attacker, browser(running) as victim:
        victim.post(START, data={"back": "/"})
        back = victim.post(f"{START}/acs", data=answered(running, attacker, person))
        done = victim.get(back.headers["location"])

        assert done.headers["location"] == f"{START}/odmowa"
        assert "Nie udało się zalogować Profilem Zaufanym" in victim.get(done.headers["location"]).text
        assert victim.get("/").headers["location"] == "/zaloguj"


@pytest.mark.parametrize(
    "form", [{}, {"SAMLart": "AAQA", "RelayState": "x"}, {"SAMLart": "<x>", "RelayState": "ż" * 300}]
)
def test_what_comes_without_a_sign_in_leads_to_the_neutral_page(running: RunningSystem, form: dict[str, str]) -> None:
    with browser(running) as client:
        answer = client.post(f"{START}/acs", data=form)
        assert (answer.status_code, answer.headers.get("location")) == (303, f"{START}/odmowa")
