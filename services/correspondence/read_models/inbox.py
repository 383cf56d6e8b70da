"""The staff's inbox: every account's matters, searched and filtered, a page at a time, and how many there are of which.

Columns: the view `matter_overviews` and `matters`, which `matters.project` keeps; for staff alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from libs.chassis.postgres import Connection
from libs.chassis.searching import words_of
from services.correspondence.domain.matters import MatterState
from services.correspondence.read_models.matters import Overview, Place, overviews

MOST_FOUND: Final = 2_000  # matters that words may mean; some 70 kB that each list of them takes along
NOBODY: Final = ""  # as an assignee: whom nobody takes care of

# Matters of which every word ($1) is part of number or subject, or means the lease or the account: $2 holds each word
# before an id that it may mean, 'lipowa L-000012', for words have no spaces. Words are folded once, and a text once.
# $3: the only lease, $4: how many, those with the latest activity.
FOUND = """
select m.matter_id from matters m
join matter_register r using (matter_id) join letters l on l.message_id = m.first_message_id
cross join lateral (select folded(r.number || ' ' || l.title) as text offset 0) f
where ($3::text is null or m.lease_id = $3) and not exists (
    select from unnest($1::text[], array(select folded(w) from unnest($1::text[]) w)) as one (word, plain)
    where strpos(f.text, plain) = 0
        and (word || ' ' || m.lease_id = any($2::text[]) or word || ' ' || m.account_id = any($2::text[])) is not true)
order by m.last_message_at desc, m.matter_id desc limit $4
"""

# A page of the inbox, the latest activity first. $1 states, $2 assignee (empty: nobody), $3 due before, $4 lease, $5
# kind, $6 the matters found; $7 and $8 the place behind, $9 how many.
BY_ACTIVITY = """
select * from inbox_matters($1, $2, $3, $4, $5, $6)
where (last_message_at, matter_id) < ($7, $8)
order by last_message_at desc, matter_id desc limit $9
"""

# The same with the nearest deadline first; what has none comes last.
BY_DEADLINE = """
select * from inbox_matters($1, $2, $3, $4, $5, $6)
where (coalesce(due_on, 'infinity'), matter_id) > ($7::date, $8)
order by coalesce(due_on, 'infinity'), matter_id limit $9
"""

# How many matters of each kind the same filters leave, whatever kind is chosen.
KINDS = """
select matter_type_id, count(*) as matters from inbox_matters($1, $2, $3, $4, null, $5) group by matter_type_id
"""

# How many matters stand behind each of the inbox's shelves. $1: who asks, $2: today, $3: lease,
# $4: kind, $5: the matters found.
SHELVES = """
select count(*) filter (where state = 'open') as open,
    count(*) filter (where state = 'open' and assignee_id = $1) as mine,
    count(*) filter (where state = 'open' and assignee_id is null) as nobodys,
    count(*) filter (where state = 'open' and due_on < $2) as late,
    count(*) filter (where state = 'asked') as asked,
    count(*) filter (where state = 'answered') as answered,
    count(*) filter (where state = 'closed') as closed,
    count(*) as every
from matters where ($3::text is null or lease_id = $3) and ($4::text is null or matter_type_id = $4)
    and ($5::text[] is null or matter_id = any($5))
"""

NUMBERS = "select matter_id, number from matter_register where matter_id = any($1::text[])"

# The kinds of matter by the name of their latest version.
NAMES = """
select distinct on (matter_type_id) matter_type_id, content::jsonb ->> 'name' as name
from matter_type_versions order by matter_type_id, version desc
"""


@dataclass(frozen=True, slots=True)
class DuePlace:
    """A place in a list by deadline: behind the matter of this deadline and id."""

    due_on: date
    matter_id: str


NO_DEADLINE: Final = date.max  # to the driver: infinity
FIRST_DUE: Final = DuePlace(date.min, "")


@dataclass(frozen=True, slots=True)
class Meant:
    """What is looked for: words, each part of number or subject, or meaning the lease or the account of a matter.

    `leases` and `accounts`: id -> the words that may mean it. A word may also be an id itself.
    """

    text: str = ""
    leases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    accounts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[list[str], list[str]]:
        """The words, and each before the ids that it may mean, as the statements take them."""
        words = words_of(self.text)
        told = [*self.leases.items(), *self.accounts.items(), *((word, [word]) for word in words)]
        return words, [f"{word} {one}" for one, meaning in told for word in meaning]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which matters to list; None: whatever they have. `found`: the only ones among which to look, as `find` says."""

    states: Collection[MatterState]
    assignee_id: str | None = None
    due_before: date | None = None
    lease_id: str | None = None
    matter_type_id: str | None = None
    found: Sequence[str] | None = None

    @property
    def cut(self) -> bool:
        """Whether more is found than is looked among."""
        return self.found is not None and len(self.found) > MOST_FOUND

    @property
    def but_kind(self) -> tuple[list[str], str | None, date | None, str | None]:
        """The parameters that every list of them begins with."""
        return [state.value for state in self.states], self.assignee_id, self.due_before, self.lease_id


@dataclass(frozen=True, slots=True)
class Shelves:
    """How many matters wait for an answer: all, mine, nobody's, those after their deadline; and of other states."""

    open: int = 0
    mine: int = 0
    nobodys: int = 0
    late: int = 0
    asked: int = 0
    answered: int = 0
    closed: int = 0
    every: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of matter, and how many are listed of it."""

    matter_type_id: str
    name: str
    matters: int


async def find(tx: Connection, meant: Meant, lease_id: str | None) -> list[str] | None:
    """Return the matters that are looked for, of the lease if there is one; None: nothing is.

    Of more than `MOST_FOUND` one more, those with the latest activity.
    """
    words, ids = meant.parameters
    if not words:
        return None
    return [row["matter_id"] for row in await tx.fetch(FOUND, words, ids, lease_id, MOST_FOUND + 1)]


async def page(tx: Connection, wanted: Wanted, behind: Place | DuePlace, limit: int) -> list[Overview]:
    """Return a page of the inbox, in the order that the place it begins behind belongs to."""
    parameters = (*wanted.but_kind, wanted.matter_type_id, wanted.found)
    if isinstance(behind, DuePlace):
        return overviews(await tx.fetch(BY_DEADLINE, *parameters, behind.due_on, behind.matter_id, limit))
    return overviews(await tx.fetch(BY_ACTIVITY, *parameters, behind.last_message_at, behind.matter_id, limit))


async def shelves(tx: Connection, account_id: str, today: date, wanted: Wanted) -> Shelves:
    """Count what is looked for, of the lease and kind chosen, in every state, as whoever asks sees it."""
    row = await tx.fetchrow(SHELVES, account_id, today, wanted.lease_id, wanted.matter_type_id, wanted.found)
    return Shelves() if row is None else Shelves(**dict(row))


async def kinds(tx: Connection, wanted: Wanted) -> list[Kind]:
    """Count what the filters leave of every kind, by name."""
    counted: Mapping[str, int] = {
        row["matter_type_id"]: row["matters"] for row in await tx.fetch(KINDS, *wanted.but_kind, wanted.found)
    }
    found = [
        Kind(row["matter_type_id"], row["name"], counted.get(row["matter_type_id"], 0)) for row in await tx.fetch(NAMES)
    ]
    return sorted(found, key=lambda kind: kind.name)


async def in_every_state(tx: Connection, wanted: Wanted) -> int:
    """Count what the same filters leave in whatever state, late or not."""
    return of_kind(await kinds(tx, replace(wanted, states=list(MatterState), due_before=None)), wanted.matter_type_id)


def of_kind(counted: Sequence[Kind], matter_type_id: str | None) -> int:
    """Sum up how many matters there are of a kind; None: of any."""
    return sum(one.matters for one in counted if matter_type_id in (None, one.matter_type_id))


async def numbers(tx: Connection, matter_ids: Sequence[str]) -> dict[str, str]:
    """Return the numbers that people quote, by matter."""
    return {row["matter_id"]: row["number"] for row in await tx.fetch(NUMBERS, matter_ids)}
