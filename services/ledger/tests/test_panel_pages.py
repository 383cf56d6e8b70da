"""The ledger's own pages on its panel: an operator rebuilds the book, and staff look a lease up."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from libs.chassis.http import create_app
from libs.chassis.panel import PanelParts, mount
from libs.chassis.postgres import Database
from libs.chassis.settings import ServiceSettings
from libs.chassis.testing import eventually
from libs.chassis.tests.panel_support import SIGNER, Identity, browser
from services.ledger.api import lease_pages, rebuild_page
from services.ledger.api.rebuilds import Rebuilding
from services.ledger.api.site import TEMPLATES
from services.ledger.consumer.projector import BookProjector
from services.ledger.domain import RebuildRefusal, RebuildRefusedError
from services.ledger.tests.facts import LEASE
from services.ledger.tests.test_api import fill
from services.ledger.tests.test_rebuilding import DONE, Builder, Seals

pytestmark = pytest.mark.system


@pytest.fixture
def builder() -> Builder:
    return Builder(DONE)


@pytest.fixture
async def app(database: Database, builder: Builder) -> AsyncIterator[FastAPI]:
    async with Identity().running() as identity:
        settings = ServiceSettings(identity_url=identity.url, token_public_keys=(SIGNER.public_key,))
        made = create_app("ledger")
        panel = mount(made, PanelParts("ledger", settings, database, templates=TEMPLATES))
        made.include_router(rebuild_page.router(Rebuilding(builder, Seals()), database, panel))
        made.include_router(lease_pages.router(database, panel))
        yield made


async def press_start(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    csrf = re.search(r'name="csrf" value="(\w+)"', (await client.get("/panel/rebuild")).text)
    assert csrf
    return await client.post("/panel/rebuild", data={"csrf": csrf[1], **fields})


async def test_an_operator_starts_a_rebuild_after_a_tick_and_reads_what_came_of_it(
    app: FastAPI, builder: Builder
) -> None:
    async with browser(app, "token-operator") as operator:
        unsure = await press_start(operator)
        assert (unsure.status_code, "Zaznacz, że wiesz" in unsure.text) == (422, True)
        assert "Żadna przebudowa nie trwa" in unsure.text

        assert (await press_start(operator, sure="yes")).status_code == 303

        async def reading() -> bool:
            return "wczytywanie zdarzeń z Kafki" in (await operator.get("/panel/rebuild/live")).text

        await eventually(reading, what="the progress")
        again = await press_start(operator, sure="yes")
        assert (again.status_code, "Poczekaj, aż skończy się ta" in again.text) == (409, True)
        builder.may_end.set()

        async def ended() -> bool:
            return "Przebudowa się udała" in (await operator.get("/panel/rebuild")).text

        await eventually(ended, what="the outcome")
        assert "zgadza się każdy wpis" in (await operator.get("/panel/rebuild")).text


async def test_a_refused_rebuild_says_why_in_polish_and_that_nothing_was_changed(
    app: FastAPI, builder: Builder
) -> None:
    builder.outcome = RebuildRefusedError(RebuildRefusal.ANOTHER_RUNS, "another rebuild is running")
    builder.may_end.set()
    async with browser(app, "token-operator") as operator:
        await press_start(operator, sure="yes")

        async def ended() -> bool:
            return "Trwa już inna przebudowa" in (await operator.get("/panel/rebuild")).text

        await eventually(ended, what="the outcome")
        assert "Bieżąca księga jest nietknięta" in (await operator.get("/panel/rebuild")).text


async def test_only_an_operator_and_only_a_page_of_ours_starts_a_rebuild(app: FastAPI) -> None:
    async with browser(app, "token-operator") as operator, browser(app, "token-clerk") as clerk:
        assert (await press_start(clerk, sure="yes")).status_code == 403
        assert "Rozpocznij" not in (await clerk.get("/panel/rebuild")).text
        assert (await operator.post("/panel/rebuild", data={"csrf": "guess", "sure": "yes"})).status_code == 403
        assert "Żadna przebudowa nie trwa" in (await operator.get("/panel/rebuild")).text


async def test_staff_find_a_lease_by_number_or_address_and_see_its_figures_and_history(
    app: FastAPI, database: Database, projector: BookProjector
) -> None:
    await fill(database, projector)
    async with browser(app, "token-clerk") as clerk:
        for words in ("12/2020", "wroclaw PRZYBYSZEW", LEASE):
            assert f'href="/panel/leases/{LEASE}"' in (await clerk.get("/panel/leases", params={"search": words})).text
        assert "Nie ma takiej umowy" in (await clerk.get("/panel/leases", params={"search": "12%2020"})).text
        page = (await clerk.get(f"/panel/leases/{LEASE}")).text
        assert (await clerk.get("/panel/leases/absent")).status_code == 404
        assert (await clerk.get(f"/panel/leases/{LEASE}?cursor=bad")).status_code == 404
    for words in ("1,08\u00a0zł", "Przelew na konto", "Korekta naliczenia", "/panel/inbox?lease="):
        assert words in page
