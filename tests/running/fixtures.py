"""The fixture `running`: the whole system, started once for the tests that need it, stopped after the last of them."""

import os
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
def running(request: pytest.FixtureRequest, network: Network) -> Iterator[RunningSystem]:
    """The system as `make up` starts it, with a small demo company, below a folder of its own."""
    if "PYTEST_XDIST_WORKER" in os.environ and not _grouped(request):
        pytest.fail("the tests of the running system are not kept on one worker: each would start a system of its own")
    with started(network.environment()) as system:
        yield system


def _grouped(request: pytest.FixtureRequest) -> bool:
    """Whether pytest-xdist has marked every test of the group in the way it deals them out by."""
    own = [item for item in request.session.items if item.get_closest_marker("xdist_group")]
    return all("@" in item.nodeid.rpartition("]")[2] for item in own)
