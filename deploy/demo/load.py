"""Loads the demo company as its operators and tenants would: export, import commands, letters, first sign-in.

Every step may be done again without a second effect, so a load that was interrupted goes on when it is run again. The
people whom the demo signs in as read their one-time passwords out of printed letters and choose their own.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from deploy.demo import days, export, matters, mistakes, passwords, statements
from deploy.demo.booking import LOOK_SECONDS, Tell, wait_until_booked
from deploy.demo.export import Meta, Order, SignIn
from deploy.demo.letters import one_time_password
from deploy.demo.mistakes import Mistake
from deploy.demo.operators import operate
from deploy.demo.places import DemoError, Places, read_json, write_private
from deploy.demo.portal import Portal

OPERATOR_LOGIN: Final = "operator"
OPERATOR_NAME: Final = "Ewa Sowa"  # invented, as everybody in the demo
VISIBLE_TIMEOUT_SECONDS: Final = 60.0

Operate = Callable[..., Awaitable[str]]
Publish = Callable[[Places, Sequence[Mistake]], Awaitable[None]]
PEOPLE: Final = ("tenant", "other_tenant")


@dataclass(frozen=True, slots=True)
class Load:
    """One load: what is to be loaded, where it is found, and who is told how it goes."""

    order: Order
    places: Places
    tell: Tell
    operate: Operate = operate
    publish: Publish = mistakes.publish


def order_for(places: Places, leases: int, seed: int) -> Order:
    """Say what to load: a company generated before keeps its today, so that a second load finds the same lines.

    Raises:
        ValueError: the number of leases is out of bounds.
    """
    before = export.read_meta(places.export)
    if before is not None and before.seed == seed:
        return Order(leases, seed, date.fromisoformat(before.today))
    return Order(leases, seed, days.first_of_this_month())


async def load(given: Load) -> None:
    """Load the company, or find at once that it is loaded.

    Raises:
        DemoError: something does not work; what was done stays, and another load goes on from there.
    """
    chosen = passwords.chosen(given.places)
    async with Portal(given.places.service_urls()) as portal:
        if await _is_loaded(given, portal, chosen):
            given.tell("the demo company is loaded already")
            await _wait_until_visible(given, portal, read_json(given.places.people))
            return
        given.places.loaded.unlink(missing_ok=True)
        meta = await asyncio.to_thread(_generated, given)
        operator_token = await _import(given, portal, chosen)
        await asyncio.gather(
            _book(given, meta, portal, operator_token),
            _sign_people_in(given, meta, portal, chosen),
        )
        await _write_letters(given, meta, portal, chosen, operator_token)
        await _make_mistakes(given, meta, portal, operator_token)
        await portal.sign_out(operator_token)
        await _wait_until_visible(given, portal, _people(meta, chosen))
    write_private(given.places.people, _people(meta, chosen))
    write_private(given.places.loaded, asdict(meta))


def _people(meta: Meta, chosen: dict[str, str]) -> dict[str, dict[str, str]]:
    """Give the demo's part of the run file."""
    people = {
        name: {"login": who.login, "password": chosen[name], "lease_id": who.lease_id}
        for name, who in _sign_ins(meta).items()
    }
    return people | {"operator": {"login": OPERATOR_LOGIN, "password": chosen["operator"]}}


def _sign_ins(meta: Meta) -> dict[str, SignIn]:
    return {"tenant": meta.tenant, "other_tenant": meta.other_tenant}


async def _is_loaded(given: Load, portal: Portal, chosen: dict[str, str]) -> bool:
    """Tell whether this very company was loaded and its people can sign in."""
    meta = export.read_meta(given.places.export)
    if meta is None or not meta.fits(given.order) or read_json(given.places.loaded) != asdict(meta):
        return False
    told = read_json(given.places.people)
    if told != _people(meta, chosen):
        return False
    return all(await asyncio.gather(*(_can_sign_in(portal, who["login"], who["password"]) for who in told.values())))


async def _can_sign_in(portal: Portal, login: str, password: str) -> bool:
    signed_in = await portal.sign_in(login, password)
    if signed_in is None:
        return False
    await portal.sign_out(signed_in.token)
    return not signed_in.must_change_password


def _generated(given: Load) -> Meta:
    before = export.read_meta(given.places.export)
    if before is not None and before.fits(given.order):
        statements.write(given.order, given.places.export)
        return before
    meta = export.generate(given.order, given.places.export, lambda done, of: given.tell(f"{done} of {of} leases"))
    statements.write(given.order, given.places.export)
    given.tell("export written: " + ", ".join(f"{count} {name}" for name, count in meta.lines.items()))
    return meta


async def _import(given: Load, portal: Portal, chosen: dict[str, str]) -> str:
    """Import the four JSON Lines files, those that need no other at once; give a session of the added operator."""
    await asyncio.gather(
        _import_file(given, "identity", "people"),
        _import_file(given, "ledger", "leases"),
        _add_operator(given, chosen["operator"]),
    )
    signed_in, *_ = await asyncio.gather(
        portal.sign_in(OPERATOR_LOGIN, chosen["operator"]),
        _import_file(given, "ledger", "charges"),
        _import_file(given, "payments", "payments"),
    )
    if signed_in is None:
        raise DemoError("the operator was added but cannot sign in")
    return signed_in.token


async def _import_file(given: Load, service: str, name: str) -> None:
    file = given.places.export / f"{name}.jsonl"
    await _timed(given, name, given.operate(given.places, service, [f"import-{name}", str(file)]))


async def _add_operator(given: Load, password: str) -> None:
    arguments = ["add-staff", OPERATOR_LOGIN, "--role", "operator", "--name", OPERATOR_NAME, "--new-password"]
    await _timed(given, OPERATOR_LOGIN, given.operate(given.places, "identity", arguments, typed=f"{password}\n"))


async def _timed(given: Load, what: str, work: Awaitable[str]) -> None:
    """Await a command and tell what it said, and how long it took."""
    began = time.monotonic()
    said = "; ".join((await work).splitlines()) or "done"
    given.tell(f"{what}: {said} ({time.monotonic() - began:.1f} s)")


async def _book(given: Load, meta: Meta, portal: Portal, token: str) -> None:
    """Wait until all is booked, then import a bank statement: by then payments has heard of every lease."""
    await wait_until_booked(portal, token, meta, given.tell)
    given.tell("the ledger has booked everything")
    name, profile = statements.IMPORTED
    file = given.places.export / statements.FOLDER / name
    arguments = ["import-statement", str(file), "--profile", profile]
    await _timed(given, "statement", given.operate(given.places, "payments", arguments))


async def _sign_people_in(given: Load, meta: Meta, portal: Portal, chosen: dict[str, str]) -> None:
    """Bring the demo's people to the passwords they chose, by letter unless an earlier load has."""
    waiting = {
        name: who
        for name, who in _sign_ins(meta).items()
        if not (given.places.letters.exists() and await _can_sign_in(portal, who.login, chosen[name]))
    }
    if not waiting:
        return
    persons = [argument for who in waiting.values() for argument in ("--person", who.person_id)]
    await given.operate(given.places, "identity", ["issue-letters", *persons, "--out", str(given.places.letters)])
    for name, who in waiting.items():
        letter = given.places.letters / f"{who.person_id}.pdf"
        await _first_sign_in(portal, who.login, one_time_password(letter), chosen[name])
    given.tell(f"{len(waiting)} tenants read their letters, signed in and chose a password")


async def _first_sign_in(portal: Portal, login: str, one_time: str, own: str) -> None:
    signed_in = await portal.sign_in(login, one_time)
    if signed_in is None or not signed_in.must_change_password:
        raise DemoError(f"the letter's password does not open {login}'s account for the first time")
    await portal.sign_out(await portal.change_password(signed_in.token, one_time, own))


async def _write_letters(given: Load, meta: Meta, portal: Portal, chosen: dict[str, str], operator_token: str) -> None:
    """Let the demo's tenants write to the company, and the operator answer."""
    count = 0
    letters = {"tenant": matters.EXCHANGES, "other_tenant": matters.OTHERS}
    for name, who in _sign_ins(meta).items():
        signed_in = await portal.sign_in(who.login, chosen[name])
        if signed_in is None:
            raise DemoError(f"{who.login} cannot sign in to write letters")
        count += await matters.exchange(portal, signed_in.token, operator_token, who.lease_id, letters[name])
        await portal.sign_out(signed_in.token)
    given.tell(f"the tenants raised {count} matters, the staff answered")


async def _make_mistakes(given: Load, meta: Meta, portal: Portal, token: str) -> None:
    """Let the company system send bad records, once, and wait until all that came in is booked or set aside."""
    ledger = await portal.status("ledger", token)
    if ledger is not None and not ledger["set_aside"]:
        signed_in = [who.lease_id for who in _sign_ins(meta).values()]
        lines = mistakes.charges_of_others(given.places.export, signed_in)
        sent = mistakes.mistakes(lines)
        await given.publish(given.places, sent)
        given.tell(f"the company system sent {len(sent)} bad records, for operators to decide about")
    await wait_until_booked(portal, token, meta, given.tell)


async def _wait_until_visible(given: Load, portal: Portal, people: Mapping[str, Mapping[str, str]]) -> None:
    """Wait until the demo's tenants see their leases, and balances of a ledger that has caught up.

    Raises:
        DemoError: they do not.
    """
    until = time.monotonic() + VISIBLE_TIMEOUT_SECONDS
    for who in (people[name] for name in PEOPLE):
        signed_in = await portal.sign_in(who["login"], who["password"])
        if signed_in is None:
            raise DemoError(f"{who['login']} cannot sign in with the password chosen")
        while not await _sees(portal, signed_in.token, who["lease_id"]):
            if time.monotonic() > until:
                raise DemoError(f"{who['login']} does not see lease {who['lease_id']} in the portal")
            await asyncio.sleep(LOOK_SECONDS)
        await portal.sign_out(signed_in.token)
    given.tell("the demo's tenants see their leases and balances")


async def _sees(portal: Portal, token: str, lease_id: str) -> bool:
    """Tell whether a tenant sees a lease, and its balance with nothing left to be read into it."""
    balance = await portal.balance(token, lease_id)
    return balance is not None and not balance["stale"] and lease_id in await portal.leases(token)
