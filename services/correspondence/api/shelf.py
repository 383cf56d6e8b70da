"""The inbox as a page: what is looked for, filters with counts, a list in which near and past deadlines show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse

from libs.chassis.event_store import utc_now
from libs.chassis.panel import Panel, PanelSession
from libs.chassis.searching import MAX_SEARCH_CHARACTERS
from services.correspondence.api.directory import People
from services.correspondence.api.inbox import Filter, following
from services.correspondence.api.wire import Door
from services.correspondence.commands.matters import today
from services.correspondence.domain.matters import MatterState
from services.correspondence.read_models import inbox
from services.correspondence.read_models.inbox import DuePlace, Meant
from services.correspondence.read_models.matters import Overview, Place

ROWS: Final = 50
NEAR_DAYS: Final = 2  # a deadline this close stands out
ONE_DAY: Final = 1
HOME: Final = "/panel/inbox?status=open&order=deadline"  # where a day begins: what waits, the most urgent first
MANY: Final = "Pasuje zbyt wiele osób i umów: wpisz więcej słów."
AWAY: Final = "Usługa kont nie odpowiada: szukano tylko po numerze sprawy, temacie i identyfikatorze umowy."

STATE_WORDS: Final = {
    MatterState.OPEN: "czeka na odpowiedź",
    MatterState.ASKED: "czekamy na najemcę",
    MatterState.ANSWERED: "odpowiedziano",
    MatterState.CLOSED: "zamknięta",
}

# What a clerk reaches for, one press each: the text, the query behind it, and which of the counts stands beside it.
SHELVES: Final = (
    ("Czekają na odpowiedź", Filter(status=MatterState.OPEN, order="deadline"), "open"),
    ("Moje", Filter(status=MatterState.OPEN, assignee="me", order="deadline"), "mine"),
    ("Bez opiekuna", Filter(status=MatterState.OPEN, assignee="nobody", order="deadline"), "nobodys"),
    ("Po terminie", Filter(late=True, order="deadline"), "late"),
    ("Czekamy na najemcę", Filter(status=MatterState.ASKED), "asked"),
    ("Odpowiedziano", Filter(status=MatterState.ANSWERED), "answered"),
    ("Zamknięte", Filter(status=MatterState.CLOSED), "closed"),
    ("Wszystkie", Filter(), "every"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline in words; `urgent`: it is near, `late`: it is past."""

    on: str
    words: str = ""
    urgent: bool = False
    late: bool = False


def deadline(matter: Overview, day: date) -> Due | None:
    """Tell until when a matter is to be answered; only one that waits for us can be near or late."""
    if matter.due_on is None:
        return None
    on = f"{matter.due_on:%d.%m.%Y}"
    left = (matter.due_on - day).days
    if matter.state is not MatterState.OPEN or left > NEAR_DAYS:
        return Due(on)
    if left < 0:
        return Due(on, f"{_days(-left)} po terminie", late=True)
    return Due(on, {0: "dzisiaj", ONE_DAY: "jutro"}.get(left, f"za {_days(left)}"), urgent=True)


async def people_of(door: Door, panel: Panel, session: PanelSession, account_ids: Sequence[str]) -> People:
    """Give names of tenants and colleagues; while identity is away, those of the colleagues who have acted here."""
    kept = await panel.names.of(account_ids)
    asked = await door.directory.names(session.token, account_ids)
    return People({**kept.known, **asked.known})


def _days(count: int) -> str:
    return "1\u00a0dzień" if count == ONE_DAY else f"{count}\u00a0dni"


async def shelf(
    door: Door, panel: Panel, session: PanelSession, chosen: Filter, behind: Place | DuePlace
) -> HTMLResponse:
    """Show a page of the inbox; tenants, addresses and numbers of leases are looked for at identity."""
    account_id, day = session.principal.account_id, today(utc_now())
    meant, warning = await _meant(door, session, chosen.search)
    wanted = chosen.wanted(account_id, meant)
    async with door.database.connection() as connection:
        page = await inbox.page(connection, wanted, behind, ROWS)
        counts = await inbox.shelves(connection, account_id, day)
        kinds = await inbox.kinds(connection, wanted)
    accounts = [account for one in page for account in (one.account_id, one.assignee_id or "")]
    cursor = following(page, ROWS, chosen)
    return panel.render(
        "correspondence/inbox.html",
        session,
        matters=[(one, deadline(one, day)) for one in page],
        chosen=chosen,
        narrowed=all(chosen != one for _, one, _ in SHELVES),
        shelves=[(text, _address(one.query()), one == chosen, getattr(counts, name)) for text, one, name in SHELVES],
        kinds=kinds,
        words=STATE_WORDS,
        people=await people_of(door, panel, session, accounts),
        staff=await door.directory.staff(session.token),
        warning=warning,
        most=MAX_SEARCH_CHARACTERS,
        home=HOME,
        older=_address({"cursor": cursor, **chosen.query()}) if cursor else None,
    )


async def _meant(door: Door, session: PanelSession, text: str) -> tuple[Meant, str]:
    """Give what is looked for, and what to tell of a search that could not see everything."""
    if not text:
        return Meant(), ""
    found = await door.directory.search(session.token, text)
    if found is None:
        return Meant(text), AWAY
    return Meant(text, found.lease_ids, found.account_ids), "" if found.complete else MANY


def _address(query: Mapping[str, str]) -> str:
    return f"/panel/inbox?{urlencode(query)}" if query else "/panel/inbox"
