"""The servers are ours, or those that the environment names; never half and half."""

from pathlib import Path

import pytest

from deploy.local import servers
from deploy.local.environment import STORING, database_variable
from deploy.local.kafka import ADMIN, KafkaAccess
from deploy.local.places import Places
from deploy.local.ports import Ports
from deploy.local.progress import StackError
from deploy.local.secret_store import SecretStore

OUTSIDE_KAFKA = {"IOK_KAFKA_BOOTSTRAP": "kafka.example:9092", "IOK_KAFKA_USERNAME": "iok"}
OUTSIDE_DATABASES = {database_variable(service): f"postgresql://db.example/{service}" for service in STORING}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "var")
    found.make()
    return found


def choose(places: Places, environment: dict[str, str]) -> servers.EmbeddedServers:
    return servers.choose(places, SecretStore(places.secrets), Ports(environment), environment)


def test_without_a_word_of_the_environment_both_servers_are_ours(places: Places) -> None:
    chosen = choose(places, {})
    assert chosen.kafka is not None
    assert chosen.postgres is not None
    assert servers.kafka_users(chosen.kafka, {})["ledger"].username == "ledger"


def test_a_server_that_the_environment_names_is_not_started(places: Places) -> None:
    chosen = choose(places, OUTSIDE_KAFKA | OUTSIDE_DATABASES)
    assert chosen == servers.EmbeddedServers(None, None)
    users = servers.kafka_users(None, OUTSIDE_KAFKA)
    assert users[ADMIN] == users["ledger"] == KafkaAccess("kafka.example:9092", username="iok")


def test_databases_named_in_part_are_an_error_that_names_the_others(places: Places) -> None:
    with pytest.raises(StackError, match="IOK_PAYMENTS_DATABASE_URL"):
        choose(places, {"IOK_LEDGER_DATABASE_URL": "postgresql://db.example/ledger"})


def test_data_whose_passwords_are_gone_are_never_overwritten(places: Places) -> None:
    (places.kafka / "data").mkdir()
    with pytest.raises(StackError, match="passwords are gone"):
        choose(places, {})
