"""What is done at once with the matters ticked in the list: each in a transaction of its own, each refusal told."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from libs.chassis.http import ID, Problem
from libs.chassis.logs import logger
from libs.chassis.panel import PanelSession
from libs.chassis.panel.bulk import IN_THE_WAY
from libs.chassis.postgres import UNAVAILABLE
from services.correspondence.api.inbox import NO_COLLEAGUE, Act, Change, assignee_of, change
from services.correspondence.api.wire import Door
from services.correspondence.read_models import inbox

TICKED: Final = "matter-"  # a box is called after its matter, and holds how many letters the list knew of
COUNT: Final = re.compile(r"[0-9]{1,4}")
MAX_TICKED: Final = 100  # at once; a page of the list has fewer
NOTHING_TICKED: Final = "Zaznacz co najmniej jedną sprawę."
LEFT: Final = "nie wykonano, baza danych przestała odpowiadać"
UNSURE: Final = "nie wiadomo, czy wykonano: baza danych przestała odpowiadać"
BUSY: Final = "ktoś inny zmienia ją w tej chwili, spróbuj ponownie"
DONE: Final = {"assign": "Przydzielono", "close": "Zamknięto"}


@dataclass(frozen=True, slots=True)
class Refused:
    """A matter with which it was not done, by the number that people quote, and why."""

    number: str
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: with how many matters it was done, and with which it was not; or the mistake in the form."""

    told: str = ""
    count: int = 0
    refused: Sequence[Refused] = ()
    mistake: str = ""

    @property
    def words(self) -> str:
        """What is told of it first."""
        return self.mistake or f"{self.told} {self.count} z {self.count + len(self.refused)} zaznaczonych spraw."


def ticked(fields: Mapping[str, str]) -> dict[str, int]:
    """Return the matters whose boxes are ticked, with how many letters the list knew of."""
    boxes = {name.removeprefix(TICKED): seen for name, seen in fields.items() if name.startswith(TICKED)}
    good = {one: int(seen) for one, seen in boxes.items() if ID.fullmatch(one) and COUNT.fullmatch(seen)}
    return dict(list(good.items())[:MAX_TICKED])


async def carry_out(door: Door, session: PanelSession, fields: Mapping[str, str]) -> Outcome:
    """Assign or close the matters ticked; what is so already counts as done."""
    chosen, name, by = ticked(fields), fields.get("deed", ""), session.principal.account_id
    if not chosen:
        return Outcome(mistake=NOTHING_TICKED)
    try:
        to = await assignee_of(door, session.token, by, fields.get("to")) if name == "assign" else by
    except Problem:
        return Outcome(mistake=NO_COLLEAGUE)
    deeds = [Change(name, one, by, _deed(name, one, seen, to)) for one, seen in chosen.items()]
    async with door.database.connection() as connection:
        numbers = await inbox.numbers(connection, list(chosen))
    refused = await _each(door, deeds)
    told = [Refused(numbers.get(one, one), why) for one, why in refused.items()]
    return Outcome(DONE[name], len(chosen) - len(refused), told)


async def _each(door: Door, deeds: Sequence[Change]) -> dict[str, str]:
    """Do one after the other until the database goes away; return with which matters it was not done, and why not."""
    refused: dict[str, str] = {}
    for place, deed in enumerate(deeds, start=1):
        try:
            why = await _tried(door, deed)
        except UNAVAILABLE as error:
            left = {one.matter_id: LEFT for one in deeds[place:]}
            logger(__name__).warning("ticked matters left as they were", error=type(error).__name__, left=len(left))
            return refused | {deed.matter_id: UNSURE} | left
        if why:
            refused[deed.matter_id] = why
    return refused


def _deed(name: str, matter_id: str, seen: int, to: str) -> Act:
    match name:
        case "assign":
            return lambda letters, tx: letters.assign(tx, matter_id, to)
        case "close":
            return lambda letters, tx: letters.close(tx, matter_id, seen)
        case _:
            raise Problem(404, "Nie znaleziono")


async def _tried(door: Door, deed: Change) -> str:
    """Do it to one matter; return why not, or nothing."""
    try:
        await change(door, deed)
    except Problem as problem:
        return problem.detail or problem.title
    except IN_THE_WAY:
        return BUSY
    return ""
