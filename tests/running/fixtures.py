"""The fixture `running`: the whole system, started once for the tests that need it, stopped after the last of them."""

from collections.abc import Iterator

import pytest

from tests.running.start import started
from tests.running.system import RunningSystem


@pytest.fixture(scope="session")
def running() -> Iterator[RunningSystem]:
    """The system as `make up` starts it, with a small demo company, below a folder of its own."""
    with started() as system:
        yield system
