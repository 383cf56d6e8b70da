"""The fixture `running`: the whole system, started once for the tests that need it, stopped after the last of them."""

from collections.abc import Iterator

import pytest

from tests.faults.network import Network
from tests.running.start import started
from tests.running.system import RunningSystem


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """The doors between the running system and its servers; who shuts one opens it again."""
    with Network() as doors:
        yield doors


@pytest.fixture(scope="session")
def running(network: Network) -> Iterator[RunningSystem]:
    """The system as `make up` starts it, with a small demo company, below a folder of its own."""
    with started(network.environment()) as system:
        yield system
