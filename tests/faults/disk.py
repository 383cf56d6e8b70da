"""A small disk of its own for the data of Kafka and PostgreSQL, so that it can be filled: a real ext4 in a file.

Only root may mount it; where that is not to be had the campaign goes without, and says so. A limit on the size of files
would be had by everybody, but is another error (EFBIG) in other places than a full disk.
"""

import os
import subprocess
from pathlib import Path
from typing import Self

SIZE_MIB = 1_500  # PostgreSQL keeps up to 1 GB of its log; the rest is the events of a long campaign
BALLAST = "ballast"


class NoDiskError(Exception):
    """A disk of our own cannot be had here."""


class SmallDisk:
    """A file system in `<var>/disk.img`, mounted at `<var>/disk`, to which `<var>/kafka` and `<var>/postgres` lead."""

    def __init__(self, var: Path, size_mib: int = SIZE_MIB) -> None:
        self._image = var / "disk.img"
        self.folder = var / "disk"
        self._var = var
        self._size_mib = size_mib

    def mount(self) -> None:
        """Make it and lead the servers' folders there.

        Raises:
            NoDiskError: we are not root, or mounting is forbidden here.
        """
        if os.geteuid() != 0:
            raise NoDiskError("only root can mount a small disk")
        self.folder.mkdir(parents=True)
        with self._image.open("wb") as image:
            image.truncate(self._size_mib * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-m", "0", str(self._image))
        _run("mount", "-o", "loop", str(self._image), str(self.folder))
        for name, mode in (("kafka", 0o700), ("postgres", 0o755)):
            (self.folder / name).mkdir(mode=mode)
            (self._var / name).symlink_to(self.folder / name)

    def fill(self) -> int:
        """Take every free byte; returns how many there were."""
        free = os.statvfs(self.folder)
        size = free.f_bavail * free.f_frsize
        with (self.folder / BALLAST).open("wb") as ballast:
            while size > 0:
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), size)
                except OSError:
                    size //= 2
                ballast.seek(0, os.SEEK_END)
                if size < free.f_frsize:
                    break
        return (self.folder / BALLAST).stat().st_size

    def empty(self) -> None:
        """Give the room back."""
        (self.folder / BALLAST).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.mount()
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=False)  # noqa: S607
        self._image.unlink(missing_ok=True)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoDiskError(f"{' '.join(command)}: {error}") from error
