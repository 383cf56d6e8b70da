"""Several copies of the system find ports beside each other."""

import socket
from pathlib import Path

import pytest

from deploy.local.ports import HOST, STEP, Ports
from deploy.local.progress import StackError

FAR_AWAY = 23_501  # nobody's default


def test_a_port_somebody_listens_on_is_passed_over() -> None:
    with socket.create_server((HOST, FAR_AWAY)):
        assert Ports().claim("it", FAR_AWAY) == FAR_AWAY + STEP


def test_two_copies_that_start_at_once_get_different_ports() -> None:
    first, second = Ports(), Ports()
    assert first.claim("it", FAR_AWAY + 1) != second.claim("it", FAR_AWAY + 1)


def test_a_port_that_the_environment_names_is_taken() -> None:
    ports = Ports({"IOK_LEDGER_PORT": str(FAR_AWAY + 2)})
    assert ports.claim("ledger", FAR_AWAY + 3, "IOK_LEDGER_PORT") == FAR_AWAY + 2


@pytest.mark.parametrize("asked", [str(FAR_AWAY + 4), "many"])
def test_a_named_port_that_cannot_be_had_is_an_error_that_says_which(asked: str) -> None:
    with (
        socket.create_server((HOST, FAR_AWAY + 4)),
        pytest.raises(StackError, match=f"IOK_LEDGER_PORT={asked}"),
    ):
        Ports({"IOK_LEDGER_PORT": asked}).claim("ledger", FAR_AWAY + 5, "IOK_LEDGER_PORT")


def test_the_port_of_last_time_is_taken_again_when_it_is_free(tmp_path: Path) -> None:
    memory = tmp_path / "ports.json"
    memory.write_text(f'{{"it": {FAR_AWAY + 6 + STEP}, "other": {FAR_AWAY + 7 + STEP}}}', encoding="utf-8")
    with socket.create_server((HOST, FAR_AWAY + 7 + STEP)):
        ports = Ports(memory=memory)
        assert ports.claim("it", FAR_AWAY + 6) == FAR_AWAY + 6 + STEP
        assert ports.claim("other", FAR_AWAY + 7) == FAR_AWAY + 7
