"""What the panel needs of whoever keeps the records that could not be taken; the projection's desk is one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from libs.chassis.projection import DeskRecord, SetAside


class Desk(Protocol):
    """Lists set-aside records and carries out an operator's decisions about them."""

    async def page(self, *, before_id: int | None, state: str | None, limit: int) -> Sequence[DeskRecord]:
        """Give a page, newest first; `state` None means every state."""

    async def find(self, record_id: int) -> tuple[DeskRecord, bytes | None] | None:
        """Give one record and its payload."""

    async def histogram(self) -> Mapping[str, int]:
        """Give reason -> how many records are open."""

    async def counts(self) -> tuple[int, int]:
        """Give (records open, copies sent to the dead-letter topic)."""

    async def replay(self, record_id: int, operator: str) -> SetAside | None:
        """Try a record again: None when it was taken, else why not.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was tried.
        """

    async def discard(self, record_id: int, operator: str, reason: str) -> None:
        """Decide that a record is never to be taken.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was changed.
        """
