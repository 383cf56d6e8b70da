"""Secrets are random, stay the same, and only their owner reads them."""

from pathlib import Path

from deploy.local.secret_store import SecretStore


def test_a_secret_stays_the_same_at_the_next_start(tmp_path: Path) -> None:
    first = SecretStore(tmp_path)
    made = (first.password("kafka/admin"), first.key("signing"))
    second = SecretStore(tmp_path)
    assert (second.password("kafka/admin"), second.key("signing")) == made


def test_two_stacks_have_different_secrets(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert SecretStore(tmp_path).password("admin") != SecretStore(tmp_path / "other").password("admin")


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    SecretStore(tmp_path).password("admin")
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_a_text_is_made_once(tmp_path: Path) -> None:
    store = SecretStore(tmp_path)
    assert store.text("hash", lambda: "first") == store.text("hash", lambda: "second") == "first"
