"""A clock that can be moved: libfaketime under every service and the sandbox, told by a file.

Kafka's Java and PostgreSQL keep the true time: the promise is about our services, and libfaketime makes Java's own
waits unsafe. Time that only passes (monotonic) is left alone, as it is when an administrator sets a machine's clock.
libfaketime makes every look at the clock dear, so it lies under the services only while clocks are moved: they are told
to load a file that is not there until then.
"""

from pathlib import Path

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class NoClockError(Exception):
    """libfaketime is not installed."""


class MovableClock:
    """The clock of one stack."""

    def __init__(self, var: Path) -> None:
        if not LIBRARY.exists():
            raise NoClockError("libfaketime is not installed (`make faults` installs it by apt-get where it may)")
        self._preloaded = var / "faketime.so"
        self._file = var / "clock"
        self.set(0)

    def environment(self) -> dict[str, str]:
        """For the launcher of the stack."""
        return {
            "IOK_SERVICES_PRELOAD": str(self._preloaded),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def lay_under(self) -> None:
        """Services that start from now on have a movable clock."""
        self._preloaded.symlink_to(LIBRARY)

    def take_away(self) -> None:
        """Services that start from now on have the true clock."""
        self._preloaded.unlink(missing_ok=True)

    def set(self, seconds: int) -> None:
        """Move the clock to so many seconds before or after the true time; felt within a second."""
        self._file.write_text(f"{seconds:+d}\n", encoding="utf-8")
