"""The inbox as a page: what is looked for, filters with counts, a list in which near and past deadlines show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from libs.chassis.event_store import utc_now
from libs.chassis.http import ID, Problem
from libs.chassis.panel import Panel, PanelSession, wording
from libs.chassis.searching import MAX_SEARCH_CHARACTERS
from services.correspondence.api.directory import People
from services.correspondence.api.inbox import Filter, Order, behind_of, chosen_of, following
from services.correspondence.api.many import Outcome
from services.correspondence.api.wire import Door
from services.correspondence.commands.matters import today
from services.correspondence.domain.matters import MatterState
from services.correspondence.read_models import inbox
from services.correspondence.read_models.inbox import MOST_FOUND, Meant
from services.correspondence.read_models.matters import Overview

ROWS: Final = 50
MAX_BEFORE: Final = 1_000_000  # of the pages that a list may be counted behind
NEAR_DAYS: Final = 2  # a deadline this close stands out
ONE_DAY: Final = 1
HOME: Final = "/panel/inbox?status=open&order=deadline"  # where a day begins: what waits, the most urgent first
MANY: Final = "Pasuje zbyt wiele osób i umów, może tu brakować spraw: wpisz więcej słów albo dłuższe."
CUT: Final = f"Pasuje ponad {wording.number(MOST_FOUND)} spraw, pokazujemy najnowsze: wpisz więcej słów."
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


MaybeId = Annotated[str, Field(pattern=f"^(?:{ID.pattern})?$")]


class Asked(BaseModel):
    """What an address of the page may ask for: choices and opaque ids, no words that somebody typed."""

    model_config = ConfigDict(extra="ignore")

    status: Annotated[MatterState | None, BeforeValidator(chosen_of)] = None
    assignee: MaybeId = ""
    late: bool = False
    kind: MaybeId = ""
    lease: MaybeId = ""
    order: Order = "activity"
    cursor: str | None = None
    before: Annotated[int, Field(ge=0, le=MAX_BEFORE)] = 0

    def filter(self, search: str = "") -> Filter:
        """Return which matters to list."""
        return Filter(self.status, self.assignee or None, self.late, self.kind or None, search, self.order, self.lease)


class Sent(Asked):
    """What the page's form asks for: the same, and words, which no address may hold; `shelf`: where they were typed."""

    search: Annotated[str, Field(max_length=MAX_SEARCH_CHARACTERS)] = ""
    shelf: Annotated[MatterState | None, BeforeValidator(chosen_of)] = None


@dataclass(frozen=True, slots=True)
class Look:
    """What the page shows: which matters, behind which cursor, and how many the pages before showed; `ticked`: all."""

    chosen: Filter
    cursor: str | None = None
    before: int = 0
    ticked: bool = False

    @property
    def shown_before(self) -> int:
        """How many matters come before the page's own."""
        return self.before if self.cursor else 0

    def query(self) -> dict[str, str]:
        """Return the parameters that bring the same page again."""
        return self.chosen.query() | ({"cursor": self.cursor, "before": str(self.before)} if self.cursor else {})


def sent_of(fields: Mapping[str, str]) -> Look:
    """Read the form: which matters to list, and where to go on.

    Words are looked for in every state, unless another one is chosen than that of the shelf where they were typed.

    Raises:
        Problem: 422 for what the page's form cannot send.
    """
    try:
        sent = Sent.model_validate(dict(fields))
    except ValidationError as error:
        raise Problem(422, "Nieprawidłowe dane") from error
    search = sent.search.replace("\x00", "").strip()
    if search and sent.status == sent.shelf:
        sent.status = None
    return Look(sent.filter(search), sent.cursor, sent.before)


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
    """Give names, and the staff; while identity is away, the names alone of colleagues who have acted here."""
    kept = await panel.names.of(account_ids)
    asked = await door.directory.ask(session.token, account_ids)
    return People({**kept.known, **asked.known}, asked.staff)


def _days(count: int) -> str:
    return "1\u00a0dzień" if count == ONE_DAY else f"{count}\u00a0dni"


async def shelf(
    door: Door, panel: Panel, session: PanelSession, look: Look, outcome: Outcome | None = None
) -> HTMLResponse:
    """Show a page of the inbox; tenants, addresses and numbers of leases are looked for at identity."""
    chosen, account_id, day = look.chosen, session.principal.account_id, today(utc_now())
    behind = await behind_of(chosen, look.cursor)
    meant, warning = await _meant(door, session, chosen)
    async with door.database.connection() as connection:
        wanted = await chosen.wanted(connection, account_id, meant)
        page = await inbox.page(connection, wanted, behind, ROWS)
        counts = await inbox.shelves(connection, account_id, day, wanted)
        kinds = await inbox.kinds(connection, wanted)
        elsewhere = 0 if page or not chosen.search else await inbox.in_every_state(connection, wanted)
    accounts = [account for one in page for account in (one.account_id, one.assignee_id or "")]
    people = await people_of(door, panel, session, accounts)
    return panel.render(
        "correspondence/inbox.html",
        session,
        status=422 if outcome and outcome.mistake else 200,
        matters=[(one, deadline(one, day)) for one in page],
        span=_span(look, len(page), inbox.of_kind(kinds, chosen.kind)),
        chosen=chosen,
        here=look.query(),
        narrowed=bool(chosen.kind) or not any(one.same_shelf(chosen) for _, one, _ in SHELVES),
        shelves=[
            (text, _of(chosen, one), one.same_shelf(chosen), getattr(counts, name)) for text, one, name in SHELVES
        ],
        kinds=kinds,
        elsewhere=elsewhere,
        everywhere=replace(chosen, status=None, late=False).query(),
        words=STATE_WORDS,
        people=people,
        staff=people.staff,
        warning=warning or (CUT if wanted.cut else ""),
        most=MAX_SEARCH_CHARACTERS,
        home=HOME,
        older=_older(look, page),
        ticked=look.ticked,
        outcome=outcome,
    )


def _of(chosen: Filter, one: Filter) -> dict[str, str]:
    """Return the parameters of a shelf with what is looked for now alone."""
    return replace(one, search=chosen.search, lease=chosen.lease, kind=chosen.kind).query()


def _span(look: Look, rows: int, total: int) -> tuple[int, int, int]:
    """Tell which matters of how many the page shows: from, to, of."""
    last = look.shown_before + rows
    return look.shown_before + 1, last, max(total, last)


def _older(look: Look, page: Sequence[Overview]) -> dict[str, str]:
    """Return the parameters of the page after this one, or none."""
    cursor = following(page, ROWS, look.chosen)
    return Look(look.chosen, cursor, look.shown_before + len(page)).query() if cursor else {}


async def _meant(door: Door, session: PanelSession, chosen: Filter) -> tuple[Meant, str]:
    """Give what is looked for, and what to tell of a search that could not see everything."""
    text = chosen.search
    if not text:
        return Meant(), ""
    found = await door.directory.search(session.token, text)
    if found is None:
        return Meant(text), AWAY
    return Meant(text, found.leases, found.accounts), "" if found.complete else MANY


def address(query: Mapping[str, str]) -> str:
    """Return the address of the list that these parameters bring."""
    return f"/panel/inbox?{urlencode(query)}" if query else "/panel/inbox"
