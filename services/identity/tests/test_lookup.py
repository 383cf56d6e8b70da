"""Staff look up a lease by a name, an address or a number; to others there is nothing to look up."""

import re

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from libs.chassis.http import create_app
from libs.chassis.panel import PanelParts, mount
from libs.chassis.settings import ServiceSettings
from libs.chassis.tests.panel_support import (
    BREAK_GLASS_HASH,
    BREAK_GLASS_PASSWORD,
    NOWHERE,
    SIGNER,
    Identity,
    browser,
    csrf_of,
)
from services.identity.api import lookup as door
from services.identity.app import FOLDER
from services.identity.domain.accounts import account_of
from services.identity.domain.leases import Lease, PartyRole
from services.identity.read_models import leases, lookup
from services.identity.tests.house import House, bearer

pytestmark = pytest.mark.system

GOOD = "zielony kubek pod oknem"


async def let(house: House) -> None:
    """Two leases: one of two people together, another of the second alone."""
    await house.import_people(2)
    both: dict[str, PartyRole] = {"P-000001": "tenant", "P-000002": "co_tenant"}
    told = [
        Lease("L-1", "erp", True, "12/2024", "ul. Żabia 3/5, Dębogród", both, 1),
        Lease("L-2", "erp", True, "7/2019", "ul. Lipowa 1", {"P-000002": "tenant"}, 1),
    ]
    async with house.tools.database.transaction() as tx:
        await leases.load(tx, ["L-1", "L-2"])
        await leases.save(tx, told)


async def found(house: House, text: str, after: str = "", limit: int = 50) -> list[str]:
    async with house.tools.database.connection() as connection:
        page = await lookup.page(connection, lookup.Wanted(text, after=after), limit)
        return [one.lease_id for one in page]


async def test_every_word_must_fit_whatever_its_case_and_letters(house: House) -> None:
    await let(house)
    assert await found(house, "zabia") == ["L-1"]
    assert await found(house, "LUCJA kowalska") == ["L-2", "L-1"]
    assert await found(house, "k100001") == ["L-1"]
    assert await found(house, "lipowa 7/2019") == ["L-2"]
    assert await found(house, "kowalska 2 lipowa") == ["L-2"]
    assert await found(house, "100%") == []
    assert await found(house, "kowalska", "L-2", 1) == ["L-1"]


async def session_of(house: House, login: str) -> str:
    return str((await house.sign_in(GOOD, login)).json()["token"])


async def meant(house: House, session: str, text: str) -> httpx.Response:
    return await house.client.post("/directory/search", json={"text": text}, headers=bearer(session))


async def test_other_panels_learn_whom_and_what_words_mean(house: House) -> None:
    await let(house)
    await house.add_staff("grazyna", GOOD, "clerk")
    session = await session_of(house, "grazyna")
    names, address = (await meant(house, session, "Kowalska 2")).json(), (await meant(house, session, "żabia")).json()
    first, second = account_of("P-000001"), account_of("P-000002")
    assert names["accounts"] == {second: ["Kowalska", "2"], first: ["Kowalska"]}
    assert list(names["accounts"]) == [second, first]
    assert address == {"accounts": {}, "leases": {"L-1": ["żabia"]}, "complete": True}


# More leases of one street than are told at once; one of them is of a second word, too.
STREET = """
insert into leases (lease_id, source, signed, number, address, changed)
select 'S-' || n, 'erp', true, case n when 1 then 'kran' else n::text end, 'ul. Polna', false
from generate_series(1, $1::integer) n
"""
ONE_MORE = """
insert into leases (lease_id, source, signed, number, address, changed)
values ('S-0', 'erp', true, '0', 'ul. Polna', false)
"""


async def test_a_list_that_was_cut_is_not_called_complete_however_well_its_first_one_fits(house: House) -> None:
    async with house.tools.database.transaction() as tx:
        await tx.execute(STREET, lookup.MOST)
        assert (await lookup.meant(tx, "polna kran")).complete is True
        await tx.execute(ONE_MORE)
        assert (await lookup.meant(tx, "polna kran")).complete is False


async def test_that_somebody_looked_is_logged_and_not_for_whom(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    await let(house)
    clerk = await house.add_staff("grazyna", GOOD, "clerk")
    session = await session_of(house, "grazyna")
    capsys.readouterr()
    await meant(house, session, "Kowalska")
    [line] = [line for line in "".join(capsys.readouterr()).splitlines() if "looked up" in line]
    assert (clerk in line, re.search(r"found\W+2\b", line) is not None, "Kowalska" in line) == (True, True, False)


async def test_to_anybody_but_clerks_and_operators_words_mean_nothing(house: House) -> None:
    await let(house)
    tenant = await house.settled(GOOD)
    await house.add_staff("ksiegowa", GOOD, "accountant")
    assert (await meant(house, tenant, "Kowalska")).status_code == 404
    assert (await meant(house, await session_of(house, "ksiegowa"), "Kowalska")).status_code == 403
    assert (await meant(house, "of-nobody", "Kowalska")).status_code == 401


async def test_colleagues_are_called_by_their_name_and_without_one_by_their_login(house: House) -> None:
    await house.add_staff("grazyna", GOOD, "clerk")
    session = await session_of(house, "grazyna")
    assert (await house.principal(session)).name == "grazyna"


def panel_of(house: House, identity_url: str) -> FastAPI:
    """The panel whose staff another server vouches for; links lead to the others."""
    settings = ServiceSettings(
        identity_url=identity_url,
        token_public_keys=(SIGNER.public_key,),
        panel_password_hash=SecretStr(BREAK_GLASS_HASH),
        panel_urls={"ledger": "https://ledger.test"},
    )
    app = create_app("identity")
    panel = mount(app, PanelParts("ledger", settings, templates=FOLDER / "templates"))
    app.include_router(door.pages(house.tools, panel))
    return app


async def looked_up(staff: httpx.AsyncClient, **fields: str) -> str:
    """What the page shows of a search typed into its form."""
    answer = await staff.post("/panel/leases", data={"csrf": await csrf_of(staff), **fields})
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_page_shows_who_lives_where_and_leads_to_the_other_panels(house: House) -> None:
    await let(house)
    async with Identity().running() as identity, browser(panel_of(house, identity.url), "token-clerk") as clerk:
        page = await looked_up(clerk, search="zabia")
        assert "ul. Lipowa" not in (await clerk.get("/panel/leases", params={"search": "lipowa"})).text
        assert "ul. Lipowa" not in await looked_up(clerk, search="kowalska", after="L-1")
        assert "ul. Lipowa" in (await clerk.get("/panel/leases", params={"lease": "L-2"})).text
        assert (await clerk.get("/panel/leases", params={"lease": "Łucja Kowalska"})).status_code == 422
    for words in ("Łucja Kowalska 1", "login K100002", "współnajemca", 'href="https://ledger.test/panel/leases/L-1"'):
        assert words in page


async def test_the_page_is_for_clerks_and_operators_who_are_somebody(house: House) -> None:
    await let(house)
    async with Identity().running() as identity, browser(panel_of(house, identity.url), "token-accountant") as staff:
        for address in ("/panel/leases", "/panel/leases?lease=L-1"):
            assert (await staff.get(address)).status_code == 403
    async with browser(panel_of(house, NOWHERE)) as somebody:
        await somebody.post("/panel/sign-in", data={"login": "", "password": BREAK_GLASS_PASSWORD})
        assert (await somebody.get("/panel/leases", params={"lease": "L-1"})).status_code == 403
