"""A rebuild started by `/ops/rebuild` tells what became of it, whatever that is."""

import asyncio
from typing import Any

import pytest

from libs.chassis.http import Problem
from libs.chassis.projection import StalePositionError
from libs.chassis.testing import eventually
from libs.events.envelope import encode
from libs.events.examples import EXAMPLES, example_envelope
from libs.events.ledger import BalanceChanged
from services.ledger.api.rebuild_page import REFUSALS, UNTOUCHED, refusal
from services.ledger.api.rebuilds import Rebuilding
from services.ledger.consumer.remembered import announced_book
from services.ledger.domain import Progress, RebuildRefusal, RebuildRefusedError, Rebuilt, Tell

PATIENCE_SECONDS = 5.0
DONE = Rebuilt(2, 1, switched=True, same_hash=True, hash="aa", previous_hash="aa", entries=3, leases=1)


class Builder:
    """Builds nothing, and ends as told once it may."""

    def __init__(self, outcome: Rebuilt | Exception) -> None:
        self.outcome = outcome
        self.may_end = asyncio.Event()

    async def run(self, tell: Tell, *, by_operator: bool) -> Rebuilt:
        assert by_operator
        tell(Progress(2, 10, 20, "filling"))
        await self.may_end.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Seals:
    """Counts; raises what it is made with."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sealed = 0
        self.error = error

    async def seal(self) -> None:
        if self.error is not None:
            raise self.error
        self.sealed += 1


async def at_the_end(rebuilding: Rebuilding) -> dict[str, Any]:
    async def is_over() -> bool:
        return bool(rebuilding.told()["state"] != "running")

    await eventually(is_over, within_seconds=PATIENCE_SECONDS, what="the end of the rebuild")
    return rebuilding.told()


async def ended(builder: Builder, seals: Seals) -> dict[str, Any]:
    """What is told of a rebuild at its end; meanwhile it is under way, and no other one may begin."""
    rebuilding = Rebuilding(builder, seals)
    rebuilding.start("operator-1")
    await asyncio.sleep(0)
    assert rebuilding.told() == {"state": "running", "book": 2, "records": 10, "total": 20, "doing": "filling"}
    with pytest.raises(Problem, match="Przebudowa trwa"):
        rebuilding.start("operator-2")
    builder.may_end.set()
    return await at_the_end(rebuilding)


async def test_a_rebuild_that_went_live_is_told_and_sealed() -> None:
    seals = Seals()
    told = await ended(Builder(DONE), seals)
    assert (told["state"], told["book"], told["different_leases"], seals.sealed) == ("done", 2, 0, 1)


@pytest.mark.parametrize("error", [TimeoutError(), LookupError("no live book")])
async def test_a_rebuild_that_went_live_and_is_not_sealed_yet_is_no_failure(error: Exception) -> None:
    told = await ended(Builder(DONE), Seals(error))
    assert (told["state"], told["book"], told["sealed"]) == ("done", 2, False)


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (
            RebuildRefusedError(RebuildRefusal.ANOTHER_RUNS, "another one runs"),
            "another one runs",
            RebuildRefusal.ANOTHER_RUNS,
        ),
        (TimeoutError(), "TimeoutError in run (", None),
        (StalePositionError("iok.charges/3 is not at 7"), "StalePositionError in run (", None),
    ],
    ids=["refused", "away", "unexpected"],
)
async def test_a_rebuild_that_failed_for_any_reason_is_told_as_failed_and_seals_nothing(
    error: Exception, reason: str, code: RebuildRefusal | None
) -> None:
    seals = Seals()
    told = await ended(Builder(error), seals)
    assert (told["state"], told["code"], seals.sealed) == ("failed", code, 0)
    assert told["reason"].startswith(reason)


def test_every_refusal_has_words_and_only_a_refusal_says_that_the_live_book_is_untouched() -> None:
    assert REFUSALS.keys() == set(RebuildRefusal)
    assert all(UNTOUCHED in refusal(code) for code in RebuildRefusal)
    assert UNTOUCHED not in refusal(None)


async def test_after_a_failure_another_rebuild_may_be_started() -> None:
    builder = Builder(OSError("the disk is full"))
    builder.may_end.set()
    rebuilding = Rebuilding(builder, Seals())
    for _ in range(2):
        rebuilding.start("operator-1")
        assert (await at_the_end(rebuilding))["state"] == "failed"


def test_a_balance_on_kafka_names_its_book_and_whatever_else_lies_there_names_none() -> None:
    [balance] = [event for event in EXAMPLES if isinstance(event, BalanceChanged)][:1]
    others = [event for event in EXAMPLES if not isinstance(event, BalanceChanged)]
    assert announced_book(encode(example_envelope(balance))) == balance.book > 0
    assert {announced_book(encode(example_envelope(event))) for event in others} == {0}
    assert {
        announced_book(value) for value in (None, b"", b"{", b"[]", b"\xff", b'{"type":"x","data":{"book":true}}')
    } == {0}
