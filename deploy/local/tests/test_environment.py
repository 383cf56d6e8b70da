"""Every process is told what it needs, and the launcher's own environment wins."""

import base64
from dataclasses import replace
from datetime import date

from deploy.demo import statements
from deploy.local.environment import DEFAULT_PORTS, OUR_ACCOUNTS, SANDBOX, Surroundings
from deploy.local.run_file import description


def written(surroundings: Surroundings, name: str) -> dict[str, str]:
    surroundings.write()
    file = surroundings.places.run / f"{name}.env"
    assert file.stat().st_mode & 0o777 == 0o600
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())


def test_a_service_is_told_its_own_database_and_kafka_user(surroundings: Surroundings) -> None:
    told = written(surroundings, "ledger")
    assert told["IOK_LEDGER_DATABASE_URL"].startswith("postgresql://iok_ledger:")
    assert told["IOK_LEDGER_OWNER_DATABASE_URL"].startswith("postgresql://iok_ledger_owner:")
    assert told["IOK_KAFKA_USERNAME"] == "ledger"


def test_no_service_is_told_the_secrets_of_another(surroundings: Surroundings) -> None:
    assert len(base64.b64decode(written(surroundings, "identity")["IOK_IDENTITY_SIGNING_KEY"])) == 32
    for other in ("ledger", "payments", "correspondence", "gateway"):
        told = written(surroundings, other)
        assert not [name for name in told if name.startswith("IOK_IDENTITY") and name != "IOK_IDENTITY_URL"]
        assert [name for name in told if name.endswith("DATABASE_URL") and other.upper() not in name] == []


def test_the_environment_of_the_launcher_wins_and_is_passed_on(surroundings: Surroundings) -> None:
    given = {"IOK_LEDGER_DATABASE_URL": "postgresql://elsewhere/ledger", "IOK_PUBLIC_URL": "https://portal.example"}
    told = written(replace(surroundings, environment=given), "ledger")
    assert told["IOK_LEDGER_DATABASE_URL"] == "postgresql://elsewhere/ledger"
    assert told["IOK_PUBLIC_URL"] == "https://portal.example"


def test_the_demo_company_can_be_reached_and_what_the_launcher_is_told_wins(surroundings: Surroundings) -> None:
    told = written(surroundings, "gateway")
    assert told["IOK_COMPANY_EMAIL"] == "mieszkancy@tbs.example"
    assert date.fromisoformat(told["IOK_ACCESSIBILITY_REVIEWED_ON"]) >= date.fromisoformat(
        told["IOK_ACCESSIBILITY_PUBLISHED_ON"]
    )
    given = {"IOK_COMPANY_EMAIL": "biuro@company.example", "IOK_COMPANY_PHONE": ""}
    told = written(replace(surroundings, environment=given), "gateway")
    assert told["IOK_COMPANY_EMAIL"] == "biuro@company.example"
    assert "IOK_COMPANY_PHONE" not in told


def test_payments_knows_the_demo_companys_accounts_unless_it_is_told_others(surroundings: Surroundings) -> None:
    assert written(surroundings, "payments")[OUR_ACCOUNTS] == statements.our_accounts()
    for given, told in (("1=mbank", "1=mbank"), ("", None)):
        other = replace(surroundings, environment={OUR_ACCOUNTS: given})
        assert written(other, "payments").get(OUR_ACCOUNTS) == told


def test_without_our_sandbox_the_services_are_told_the_autopay_that_is_given(surroundings: Surroundings) -> None:
    given = {"IOK_AUTOPAY_URL": "https://pay.example"}
    without = replace(surroundings, ports=dict(DEFAULT_PORTS), environment=given)
    assert written(without, "payments")["IOK_AUTOPAY_URL"] == "https://pay.example"
    assert not (without.places.run / f"{SANDBOX}.env").exists()


def test_the_run_file_tells_every_address(surroundings: Surroundings) -> None:
    told = description(surroundings, {"ledger-api": 7, "kafka": 8})
    assert told["kafka"]["username"] == "admin"
    assert set(told["kafka"]) == {"bootstrap", "security", "mechanism", "username", "password"}
    assert told["company_system"]["username"] == "company"
    assert told["services"]["ledger"]["pid"] == 7
    assert told["processes"] == {"ledger-api": {"pid": 7}, "kafka": {"pid": 8}}
    assert told["postgres_admin"]["ledger"].startswith("postgresql://postgres:")
    assert told["sandbox"]["autopay"]["url"] == "http://127.0.0.1:8201"
