"""What the panel needs of whoever keeps the records that could not be taken; the projection's desk is one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from libs.chassis.projection import Decision, DeskRecord, SetAside


class Desk(Protocol):
    """Lists set-aside records and carries out an operator's decisions about them."""

    async def page(
        self, *, before_id: int | None, state: str | None, limit: int, search: str | None = None
    ) -> Sequence[DeskRecord]:
        """Give a page, newest first; `state` None means every state; `search` is a key or a correlation id."""

    async def find(self, record_id: int) -> tuple[DeskRecord, bytes | None] | None:
        """Give one record and its payload."""

    async def histogram(self) -> Mapping[str, int]:
        """Give reason -> how many records are open."""

    async def counts(self) -> tuple[int, int]:
        """Give (records open, copies sent to the dead-letter topic)."""

    async def waiting(self, *, reason: str | None, limit: int) -> Sequence[int]:
        """Give ids of open records of a reason (None: of any) that may be replayed, in the order of the log."""

    async def in_order(self, record_ids: Sequence[int]) -> Sequence[int]:
        """Give those of the ids that there are, each once, in the order of the log."""

    async def decisions(self, *, record_id: int | None, before_id: int | None, limit: int) -> Sequence[Decision]:
        """Give what was decided about a record (None: about any), newest first."""

    async def dry_run(self, record_id: int) -> SetAside | None:
        """Try a record and undo all of it: None when it would be taken, else why not.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was tried.
        """

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
