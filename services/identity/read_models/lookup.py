"""What staff look up: leases by names of their parties, by address, number or id. For staff alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.chassis.postgres import Connection, Row
from libs.chassis.searching import patterns, words_of

MOST: Final = 200  # accounts, or leases, that words may mean to another service

# Leases of which every word is found among number, address, id and the names and logins of the parties; by address.
# $1: words, $2: the only lease, $3: the lease behind which to go on (empty: from the top), $4: how many.
PAGE = """
select l.lease_id, l.number, l.address, l.ended_on, p.parties
from leases l
cross join lateral (
    select coalesce(string_agg(concat_ws(' ', given_name, family_name, login), ' '), '') as names,
        coalesce(json_agg(json_build_object('name', given_name || ' ' || family_name, 'login', login, 'email', email,
            'role', role) order by role desc, family_name), '[]') as parties
    from lease_parties left join people using (person_id) left join accounts using (person_id)
    where lease_parties.lease_id = l.lease_id
) p
where l.signed and ($2::text is null or l.lease_id = $2)
    and ($3 = '' or (l.address, l.lease_id) > (select b.address, b.lease_id from leases b where b.lease_id = $3))
    and folded(concat_ws(' ', l.number, l.lease_id, l.address, p.names))
        like all (select folded(w) from unnest($1::text[]) w)
order by l.address, l.lease_id limit $4
"""

# Tenants' accounts with those of the words that are part of their names and login; those with the most words first.
ACCOUNTS = """
select account_id as id, words from accounts join people using (person_id)
cross join lateral (select folded(concat_ws(' ', given_name, family_name, login)) as text offset 0) f
cross join lateral (
    select array_agg(word) as words
    from unnest($1::text[], array(select folded(w) from unnest($1::text[]) w)) as one (word, plain)
    where strpos(f.text, plain) > 0
) found
where words is not null order by cardinality(words) desc, account_id limit $2
"""

# Leases with those of the words that are part of their number and address; those with the most words first.
LEASES = """
select lease_id as id, words from leases
cross join lateral (select folded(concat_ws(' ', number, address)) as text offset 0) f
cross join lateral (
    select array_agg(word) as words
    from unnest($1::text[], array(select folded(w) from unnest($1::text[]) w)) as one (word, plain)
    where strpos(f.text, plain) > 0
) found
where signed and words is not null order by cardinality(words) desc, lease_id limit $2
"""


@dataclass(frozen=True, slots=True)
class Party:
    """A party of a lease; without a name while the person was not imported, without a login without an account."""

    name: str | None
    login: str | None
    email: str | None
    role: str


@dataclass(frozen=True, slots=True)
class FoundLease:
    """A lease with its parties, the tenants first."""

    lease_id: str
    number: str
    address: str
    ended_on: date | None
    parties: Sequence[Party]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leases to list: of these words, or the one of an id; `after`: the lease behind which to go on."""

    text: str = ""
    lease_id: str | None = None
    after: str = ""

    @property
    def anything(self) -> bool:
        """Whether anything is looked for."""
        return bool(self.text or self.lease_id)


@dataclass(frozen=True, slots=True)
class Meant:
    """Accounts and leases, each with those of the words that may mean it.

    `complete`: there is no other, of however few words.
    """

    accounts: Mapping[str, Sequence[str]]
    leases: Mapping[str, Sequence[str]]
    complete: bool


async def page(tx: Connection, wanted: Wanted, limit: int) -> list[FoundLease]:
    """Return leases by address; without words and id, every one."""
    rows = await tx.fetch(PAGE, patterns(wanted.text) or [], wanted.lease_id, wanted.after, limit)
    return [
        FoundLease(
            row["lease_id"],
            row["number"],
            row["address"],
            row["ended_on"],
            [Party(**one) for one in json.loads(row["parties"])],
        )
        for row in rows
    ]


async def meant(tx: Connection, text: str) -> Meant:
    """Return what words may mean, at most `MOST` of either."""
    words = words_of(text)
    accounts = await tx.fetch(ACCOUNTS, words, MOST + 1)
    leases = await tx.fetch(LEASES, words, MOST + 1)
    return Meant(_words_by_id(accounts), _words_by_id(leases), complete=max(len(accounts), len(leases)) <= MOST)


def _words_by_id(rows: Sequence[Row]) -> dict[str, list[str]]:
    return {row["id"]: list(row["words"]) for row in rows[:MOST]}
