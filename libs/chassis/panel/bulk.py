"""Decisions about many set-aside records: one transaction each, in the order of the log, and what came of every one.

A fault that may pass ends the run; what was decided until then stands, and stands in the list of decisions.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from libs.chassis.event_store import WrongExpectedVersionError
from libs.chassis.logs import logger
from libs.chassis.panel.desk import Desk
from libs.chassis.postgres import CONFLICT
from libs.chassis.projection import AlreadyDecidedError, NotOnDeskError, ReplayedTooOftenError, SetAside

MAX_AT_ONCE: Final = 200  # records in one request: a few seconds of work for a projector that reads on meanwhile
IN_THE_WAY: Final = (*CONFLICT, WrongExpectedVersionError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision about one record.

    `state`: booked, set_aside or discarded as it is now; or, when nothing was tried: already_decided,
    replayed_too_often, not_found, in_the_way (another transaction was; the same again may succeed).
    """

    id: int
    state: str
    reason: str | None = None
    detail: str | None = None

    def body(self) -> dict[str, Any]:
        """Give the JSON object of the interface."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcomes in the order of the decisions, and how many records of the kind are still open."""

    items: Sequence[Outcome]
    remaining: int

    @property
    def outcomes(self) -> dict[str, int]:
        """State -> how many records, the most frequent first."""
        return dict(Counter(item.state for item in self.items).most_common())

    def body(self) -> dict[str, Any]:
        """Give the JSON object of the interface."""
        return {
            "outcomes": self.outcomes,
            "items": [item.body() for item in self.items],
            "remaining": self.remaining,
        }


async def replay_chosen(desk: Desk, ids: Sequence[int], operator: str) -> Summary:
    """Replay chosen records, at most `MAX_AT_ONCE`."""
    return await _each_chosen(desk, ids, lambda record_id: _replayed(desk, record_id, operator), operator)


async def replay_waiting(desk: Desk, reason: str | None, limit: int, operator: str) -> Summary:
    """Replay up to `limit` open records of a reason (None: of any)."""
    ids = await desk.waiting(reason=reason, limit=min(limit, MAX_AT_ONCE))
    items = [await _guarded(record_id, lambda each: _replayed(desk, each, operator)) for record_id in ids]
    return await _summary(desk, items, reason, operator)


async def discard_chosen(desk: Desk, ids: Sequence[int], operator: str, reason: str) -> Summary:
    """Discard chosen records, at most `MAX_AT_ONCE`, all for one reason."""

    async def discarded(record_id: int) -> Outcome:
        await desk.discard(record_id, operator, reason)
        return Outcome(record_id, "discarded")

    return await _each_chosen(desk, ids, discarded, operator)


async def _replayed(desk: Desk, record_id: int, operator: str) -> Outcome:
    return replay_outcome(record_id, await desk.replay(record_id, operator))


def replay_outcome(record_id: int, refused: SetAside | None) -> Outcome:
    """Name what a replay gave: `refused` None means that the record was taken."""
    if refused is None:
        return Outcome(record_id, "booked")
    return Outcome(record_id, "set_aside", refused.reason, refused.detail)


async def _each_chosen(
    desk: Desk, ids: Sequence[int], deed: Callable[[int], Awaitable[Outcome]], operator: str
) -> Summary:
    found = await desk.in_order(ids[:MAX_AT_ONCE])
    missing = [Outcome(record_id, "not_found") for record_id in sorted({*ids[:MAX_AT_ONCE]} - {*found})]
    return await _summary(desk, [*[await _guarded(each, deed) for each in found], *missing], None, operator)


async def _guarded(record_id: int, deed: Callable[[int], Awaitable[Outcome]]) -> Outcome:
    try:
        return await deed(record_id)
    except ReplayedTooOftenError:
        return Outcome(record_id, "replayed_too_often")
    except AlreadyDecidedError:
        return Outcome(record_id, "already_decided")
    except NotOnDeskError:
        return Outcome(record_id, "not_found")
    except IN_THE_WAY:
        return Outcome(record_id, "in_the_way")


async def _summary(desk: Desk, items: Sequence[Outcome], reason: str | None, operator: str) -> Summary:
    open_records = await desk.histogram()
    remaining = sum(open_records.values()) if reason is None else open_records.get(reason, 0)
    summary = Summary(items, remaining)
    logger(__name__).info("set-aside records decided about", outcomes=summary.outcomes, operator=operator)
    return summary
