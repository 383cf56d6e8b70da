"""Stream versions: they never decide whether an event counts, but a gap is shown, a version taken twice alarmed."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

# A stream of versions: (topic, subject, source).
StreamKey: TypeAlias = tuple[str, str, str]

# Gaps remembered per stream; of a source that leaves more, the oldest are forgotten.
MAX_GAPS = 100


class VersionNote(StrEnum):
    """What a version says of its stream."""

    NEXT = "next"
    AHEAD = "ahead"  # versions before it are missing
    LATE = "late"  # it was missing
    TAKEN = "taken"  # another event has it


class StreamHead(msgspec.Struct, frozen=True, gc=False):
    """The greatest version seen of a stream, and the ranges (first, last) missing below it."""

    version: int = 0
    missing: tuple[tuple[int, int], ...] = ()

    def note(self, version: int) -> tuple["StreamHead", VersionNote]:
        """The head after an event of this version, and what the version says."""
        if version == self.version + 1:
            return StreamHead(version, self.missing), VersionNote.NEXT
        if version > self.version:
            gaps = (*self.missing, (self.version + 1, version - 1))
            return StreamHead(version, gaps[-MAX_GAPS:]), VersionNote.AHEAD
        for first, last in self.missing:
            if first <= version <= last:
                return StreamHead(self.version, self._without(version)), VersionNote.LATE
        return self, VersionNote.TAKEN

    def _without(self, version: int) -> tuple[tuple[int, int], ...]:
        left: list[tuple[int, int]] = []
        for first, last in self.missing:
            if not first <= version <= last:
                left.append((first, last))
                continue
            left += [(first, version - 1)] if first < version else []
            left += [(version + 1, last)] if version < last else []
        return tuple(left)
