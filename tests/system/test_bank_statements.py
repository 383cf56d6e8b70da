"""A transfer in a bank statement reaches the tenant's history by Kafka, and the company's accounts stay in balance."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from deploy.demo.bank import Sheet
from tests.running.patience import until
from tests.running.system import RunningSystem

pytestmark = pytest.mark.system

TODAY = datetime.now(UTC).astimezone(ZoneInfo("Europe/Warsaw")).date()
OUR_ACCOUNT = Sheet(1, TODAY, ()).account


def statement(details: list[tuple[int, str]], number: int) -> bytes:
    """A statement as mBank writes it: amounts in grosze, each with its details."""
    day, rows, total = f"{TODAY:%y%m%d}", [], 0
    for place, (grosze, text) in enumerate(details):
        total += grosze
        rows += [f":61:{day}{day[2:]}CN{grosze // 100},{grosze % 100:02}N911NONREF//SYS{number:04}{place}"]
        rows += [f":86:{text[:65]}", *(text[at : at + 65] for at in range(65, len(text), 65))]
    head = [":20:1", f":25:PL{OUR_ACCOUNT}", f":28C:{number}", f":60F:C{day}PLN0,00"]
    return "\r\n".join([*head, *rows, f":62F:C{day}PLN{total // 100},{total % 100:02}", "-", ""]).encode("cp1250")


def entries(tenant: httpx.Client, lease_id: str) -> list[tuple[str, int, str]]:
    answer = tenant.get(f"/leases/{lease_id}/entries").json()
    return [(entry["kind"], entry["amount_grosze"], entry["booked_on"]) for entry in answer["items"]]


class Panel:
    """The payments panel, as an operator's browser without scripts sees it."""

    def __init__(self, running: RunningSystem) -> None:
        self.http = httpx.Client(base_url=running.url("payments"), follow_redirects=True, timeout=15)
        operator = running.run["demo"]["operator"]
        self.page = self.http.post(
            "/panel/sign-in", data={"login": operator["login"], "password": operator["password"]}
        )

    def press(self, action: str, **fields: str) -> None:
        [csrf, *_] = re.findall(r'name="csrf" value="([^"]+)"', self.page.text)
        self.page = self.http.post(action, data={"csrf": csrf, **fields})
        assert self.page.status_code == 200, self.page.text


def test_transfers_of_a_statement_reach_the_history_whoever_credits_them_and_the_accounts_stay_in_balance(
    running: RunningSystem, tmp_path: Path
) -> None:
    lease_id = running.run["demo"]["tenant"]["lease_id"]
    with running.signed_in("tenant") as tenant:
        account = tenant.get(f"/leases/{lease_id}").json()["bank_account"]
        before = tenant.get(f"/leases/{lease_id}/balance").json()["balance_grosze"]
        file = tmp_path / "wyciag.sta"
        title = f"TYT.: czynsz na {account[:9]} {account[9:]}"
        file.write_bytes(statement([(10_101, title), (20_202, "OD: NIEZNANA OSOBA TYT.: za mamę")], number=1))
        report = json.loads(running.carried_out("-m", "services.payments", "import-statement", str(file), "--json"))
        assert (report["credited"], report["to_clarify"], report["entries"]) == (1, 1, 2)
        until(lambda: ("transfer", -10_101, str(TODAY)) in entries(tenant, lease_id), "the transfer")

        panel = Panel(running)
        panel.press("/panel/transfers?status=to_clarify", text="202,02")
        [address] = re.findall(r'href="(/panel/transfers/[0-9a-f]{32})"', panel.page.text)
        panel.press(f"{address}/credit", lease=lease_id, confirmed=lease_id)
        until(lambda: ("transfer", -20_202, str(TODAY)) in entries(tenant, lease_id), "the operator's credit")
        panel.press(f"{address}/uncredit", note="nie ta umowa")
        until(lambda: ("transfer_uncredited", 20_202, str(TODAY)) in entries(tenant, lease_id), "the taking off")
        panel.press(f"{address}/return", returned_on=str(TODAY), note="nieznany nadawca", sure="yes")
        after = tenant.get(f"/leases/{lease_id}/balance").json()["balance_grosze"]

    assert after == before - 10_101
    again = json.loads(running.carried_out("-m", "services.payments", "import-statement", str(file), "--json"))
    assert (again["known_file"], again["credited"]) == (True, 1)
    told = asyncio.run(running.events("iok.transfers")) + asyncio.run(running.events("iok.payments"))
    assert not [event for event in told if "NIEZNANA" in json.dumps(event, ensure_ascii=False)]
    running.carried_out("-m", "services.ledger", "verify")  # fails on any fault, the trial balance among them


def test_a_statement_that_does_not_add_up_changes_nothing_and_says_why(running: RunningSystem, tmp_path: Path) -> None:
    file = tmp_path / "wyciag.sta"
    file.write_bytes(statement([(10_101, "TYT.: czynsz")], number=2).replace(b"PLN101,01", b"PLN101,02"))
    refused = running.command("-m", "services.payments", "import-statement", str(file))
    assert refused.returncode == 1
    assert "nie zgadza się" in refused.stderr
    assert "Traceback" not in refused.stderr
