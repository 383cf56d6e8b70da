"""What the drills show by one command each holds on the running system of the tests, too."""

from pathlib import Path

import pytest

from tests.drills.drills import both_lost, restore
from tests.drills.stage import Stage
from tests.drills.traffic import Traffic
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("running"), pytest.mark.timeout(280)]


def test_one_database_restored_to_an_earlier_time_takes_nothing_until_kafka_has_given_back_the_rest(
    running: RunningSystem, tmp_path: Path
) -> None:
    restore(Stage(running, Traffic(running), tmp_path))


def test_after_a_backup_of_everything_lost_the_book_is_the_same_and_life_goes_on(
    running: RunningSystem, tmp_path: Path
) -> None:
    both_lost(Stage(running, Traffic(running), tmp_path))
