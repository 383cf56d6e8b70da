"""The main job on the running system: sign in, a balance built from the stream, pay, and the balance drops."""

import asyncio
import json
import time
import uuid
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from tests.running.patience import until
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("running")]


def balance(client: httpx.Client, lease_id: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(f"/leases/{lease_id}/balance").json()
    return told


def start_payment(client: httpx.Client, lease_id: str, amount_grosze: int) -> dict[str, Any]:
    answer = client.post(
        f"/leases/{lease_id}/payments",
        json={"amount_grosze": amount_grosze},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def pay_at_autopay(payment: dict[str, Any], outcome: str) -> httpx.Response:
    """What the tenant's browser does: send the form, choose an outcome; returns the redirect home."""
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.post(payment["redirect"]["url"], data=payment["redirect"]["fields"])
        assert page.status_code == 200, page.text
        action, fields = form_of(page)
        return browser.post(action, data={**fields, "outcome": outcome}, follow_redirects=False)


class Form(HTMLParser):
    """The last form of a page: where it goes and its fields."""

    action = ""
    fields: dict[str, str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action, self.fields = given.get("action") or "", {}
        if tag == "input" and given.get("name"):
            self.fields[str(given["name"])] = given.get("value") or ""


def form_of(page: httpx.Response) -> tuple[str, dict[str, str]]:
    found = Form()
    found.feed(page.text)
    return str(page.url.join(found.action)), found.fields


def test_a_payment_through_autopay_lowers_the_balance_by_an_event_on_kafka(running: RunningSystem) -> None:
    lease_id = running.run["demo"]["tenant"]["lease_id"]
    with running.signed_in("tenant") as tenant:
        before = balance(tenant, lease_id)
        payment = start_payment(tenant, lease_id, 12_345)
        home = pay_at_autopay(payment, "SUCCESS")
        until(lambda: tenant.get(f"/payments/{payment['payment_id']}").json()["status"] == "confirmed", "confirmation")
        after = until(
            lambda: (now := balance(tenant, lease_id))["balance_grosze"] < before["balance_grosze"] and now, "the drop"
        )
        newest = [e for e in tenant.get(f"/leases/{lease_id}/entries").json()["items"] if e["kind"] == "payment"]

    assert home.status_code in {302, 303}
    assert "/autopay/return" in home.headers["location"]
    assert after["balance_grosze"] == before["balance_grosze"] - 12_345
    assert after["version"] == before["version"] + 1
    assert -12_345 in [entry["amount_grosze"] for entry in newest]
    events = asyncio.run(running.events("iok.payments"))
    confirmed = [e for e in events if e["type"] == "iok.PaymentConfirmed.v1"]
    assert payment["payment_id"] in [e["data"]["payment_id"] for e in confirmed]


def test_coming_back_from_autopay_proves_nothing(running: RunningSystem) -> None:
    lease_id = running.run["demo"]["tenant"]["lease_id"]
    with running.signed_in("tenant") as tenant:
        payment = start_payment(tenant, lease_id, 2_000)
        pay_at_autopay(payment, "PENDING")

        assert tenant.get(f"/payments/{payment['payment_id']}").json()["status"] in {"initiated", "pending"}


def test_a_forged_notification_changes_nothing(running: RunningSystem) -> None:
    lease_id = running.run["demo"]["tenant"]["lease_id"]
    with running.signed_in("tenant") as tenant:
        payment = start_payment(tenant, lease_id, 3_000)
        forged = running.notification(payment["order_id"], 3_000, "SUCCESS", "forged", key="guessed")
        answer = httpx.post(f"{running.url('gateway')}/autopay/itn", data={"transactions": forged})

        assert (answer.status_code, "NOTCONFIRMED" in answer.text) == (200, True)
        assert tenant.get(f"/payments/{payment['payment_id']}").json()["status"] == "initiated"


def test_a_notification_that_comes_ten_times_credits_once(running: RunningSystem) -> None:
    lease_id = running.run["demo"]["other_tenant"]["lease_id"]
    with running.signed_in("other_tenant") as tenant:
        before = balance(tenant, lease_id)["balance_grosze"]
        payment = start_payment(tenant, lease_id, 4_000)
        answers = [running.notify(payment["order_id"], 4_000, remote_id="SAME1") for _ in range(10)]
        until(lambda: balance(tenant, lease_id)["balance_grosze"] != before, "the credit")
        time.sleep(1)

        assert all("<confirmation>CONFIRMED</confirmation>" in answer.text for answer in answers)
        assert balance(tenant, lease_id)["balance_grosze"] == before - 4_000


@pytest.mark.parametrize(
    "path", ["", "/balance", "/entries", "/charges/2026-01"], ids=["lease", "balance", "entries", "charges"]
)
def test_another_tenants_lease_answers_like_one_that_does_not_exist(running: RunningSystem, path: str) -> None:
    foreign = running.run["demo"]["other_tenant"]["lease_id"]
    with running.signed_in("tenant") as tenant, running.signed_in("operator") as operator:
        strange = tenant.get(f"/leases/{foreign}{path}")
        absent = tenant.get(f"/leases/no-such-lease{path}")
        staff = operator.get(f"/leases/{foreign}{path}")

    assert strange.status_code == absent.status_code == staff.status_code == 404
    assert strange.json() == absent.json()


@pytest.mark.parametrize("amount", [0, -1, 10**12, "12", 1.5, True, None])
def test_an_amount_that_is_none_is_refused_and_starts_nothing(running: RunningSystem, amount: object) -> None:
    lease_id = running.run["demo"]["tenant"]["lease_id"]
    with running.signed_in("tenant") as tenant:
        answer = tenant.post(
            f"/leases/{lease_id}/payments",
            json={"amount_grosze": amount},
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_example_company_system_reads_the_balance_it_caused(running: RunningSystem) -> None:
    example = running.command("examples/company_system.py")

    assert example.returncode == 0, example.stderr
    assert '"balance_grosze": 71780' in example.stdout


def test_the_state_hash_is_the_same_after_a_rebuild_and_the_book_verifies(running: RunningSystem) -> None:
    def ledger(*arguments: str) -> dict[str, Any]:
        told = running.carried_out("-m", "services.ledger", *arguments)
        return json.loads(told.strip().splitlines()[-1]) if "--json" in arguments else {}

    before = ledger("state-hash", "--json")
    ledger("seal")
    ledger("rebuild")
    after = ledger("state-hash", "--at", json.dumps(before["offsets"]), "--json")
    ledger("verify")

    assert after["hash"] == before["hash"]
    assert after["entries"] == before["entries"]
    assert after["book"] > before["book"]


@pytest.mark.parametrize("service", ["identity", "ledger", "payments", "correspondence", "gateway"])
def test_every_service_tells_its_health_metrics_and_asks_at_its_panel(running: RunningSystem, service: str) -> None:
    with httpx.Client(base_url=running.url(service), follow_redirects=True) as client:
        answers = {path: client.get(path) for path in ("/healthz", "/readyz", "/metrics", "/panel", "/ops/status")}

    assert {path: answer.status_code for path, answer in answers.items()} == {
        "/healthz": 200, "/readyz": 200, "/metrics": 200, "/panel": 200, "/ops/status": 401,
    }  # fmt: skip
    assert "iok_http_request_seconds" in answers["/metrics"].text


def test_an_operator_reads_a_services_status_with_a_session_token(running: RunningSystem) -> None:
    with running.signed_in("operator") as operator, running.signed_in("tenant") as tenant:
        status = httpx.get(f"{running.url('ledger')}/ops/status", headers=dict(operator.headers))
        refused = httpx.get(f"{running.url('ledger')}/ops/status", headers=dict(tenant.headers))

    told = status.json()
    assert refused.status_code in {401, 403, 404}
    assert len([p for p in told["partitions"] if p["topic"] == "iok.charges"]) == 12
    assert set(told) >= {"partitions", "outbox", "set_aside", "dead_letters"}
