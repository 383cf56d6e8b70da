"""Settings come from the environment, over the local stack's file, over defaults."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from libs.chassis.settings import StoringSettings, load


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("IOK_LEDGER_PORT", "IOK_KAFKA_BOOTSTRAP", "IOK_COMPANY_SOURCES", "IOK_LEDGER_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IOK_VAR", str(tmp_path))
    (tmp_path / "run").mkdir()
    return tmp_path


def test_the_environment_wins_over_the_local_stacks_file(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (var / "run" / "ledger.env").write_text(
        "# written by the stack\nIOK_LEDGER_PORT=9001\nIOK_KAFKA_BOOTSTRAP=file:1\n"
    )
    monkeypatch.setenv("IOK_KAFKA_BOOTSTRAP", "environment:1")

    settings = load(StoringSettings, "ledger")

    assert (settings.port, settings.kafka.bootstrap) == (9001, "environment:1")


def test_a_database_named_for_another_service_is_not_ours(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOK_PAYMENTS_DATABASE_URL", "postgresql://payments")

    assert load(StoringSettings, "ledger").database_url == SecretStr("")


def test_company_sources_are_a_comma_list(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOK_COMPANY_SOURCES", "erp, billing")

    assert load(StoringSettings, "ledger").company_sources == {"erp", "billing"}


def test_a_wrong_value_is_named(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOK_LEDGER_PORT", "ninety")

    with pytest.raises(ValidationError, match="port"):
        load(StoringSettings, "ledger")


def test_secrets_do_not_show_when_settings_are_printed(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOK_KAFKA_PASSWORD", "hidden-value")

    assert "hidden-value" not in repr(load(StoringSettings, "ledger"))
