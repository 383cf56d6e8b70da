"""`/ops/rebuild`: an operator starts a rebuild of the book and sees how far it is."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends

from libs.chassis.auth import Principal, StaffGate
from libs.chassis.http import Problem
from libs.chassis.logs import brief, logger
from libs.chassis.panel.ops import operator_of
from services.ledger.domain import Progress, RebuildRefusal, RebuildRefusedError, Rebuilt, Tell


class Rebuilder(Protocol):
    """What builds a book and switches to it."""

    async def run(self, tell: Tell, *, by_operator: bool) -> Rebuilt:
        """Do it; raises RebuildRefusedError."""


class Seals(Protocol):
    """What seals the book that has gone live."""

    async def seal(self) -> object:
        """Seal the live book as it is."""


class Rebuilding:
    """The rebuild started from this process, if any: one at a time, in the background."""

    def __init__(self, rebuild: Rebuilder, sealer: Seals) -> None:
        """Keep what builds the book and what seals it afterwards."""
        self._rebuild = rebuild
        self._sealer = sealer
        self._task: asyncio.Task[None] | None = None
        self._told: dict[str, Any] = {"state": "none"}

    def told(self) -> dict[str, Any]:
        """How far it is: state `none`, `running`, `done` or `failed`, with figures or the reason.

        With a `code` (a `RebuildRefusal`) nothing went live; null: something broke, perhaps in the last step.
        """
        return self._told

    def start(self, operator: str) -> dict[str, Any]:
        """Start a rebuild.

        Raises:
            Problem: 409 while one is running.
        """
        if self._task is not None and not self._task.done():
            raise Problem(409, "Przebudowa trwa", detail="Poczekaj, aż skończy się ta, która jest w toku.")
        logger(__name__).info("rebuild started", operator=operator)
        self._told = {"state": "running"}
        self._task = asyncio.create_task(self._run())
        return self._told

    async def _run(self) -> None:
        try:
            rebuilt = await self._rebuild.run(self._tell, by_operator=True)
        except RebuildRefusedError as error:
            self._failed(str(error), error.code)
        except Exception as error:  # noqa: BLE001  # nobody awaits this task: untold, it would look as if it ran on
            self._failed(brief(error), None)
        else:
            figures = asdict(rebuilt) | {"different_leases": len(rebuilt.different_leases)}
            self._told = {"state": "done", **figures, "sealed": await self._sealed()}

    async def _sealed(self) -> bool:
        """Seal the book that has gone live; if that fails, the periodic sealer does it later."""
        try:
            await self._sealer.seal()
        except Exception as error:  # noqa: BLE001  # whatever it is, the book is live
            logger(__name__).error("rebuilt book not sealed yet", error=brief(error))
            return False
        return True

    def _failed(self, reason: str, code: RebuildRefusal | None) -> None:
        logger(__name__).error("rebuild failed", reason=reason, code=code)
        self._told = {"state": "failed", "reason": reason, "code": code}

    def _tell(self, progress: Progress) -> None:
        self._told = {"state": "running", **asdict(progress)}


def router(rebuilding: Rebuilding, gate: StaffGate) -> APIRouter:
    """The routes at /ops/rebuild, for operators."""
    routes = APIRouter(prefix="/ops", tags=["ops"])
    operator = operator_of(gate)

    @routes.post("/rebuild", status_code=202)
    async def start(by: Annotated[Principal, Depends(operator)]) -> dict[str, Any]:
        """Start a rebuild in the background."""
        return rebuilding.start(by.account_id)

    @routes.get("/rebuild", dependencies=[Depends(operator)])
    async def told() -> dict[str, Any]:
        """Tell how far the rebuild is that was started here."""
        return rebuilding.told()

    return routes
