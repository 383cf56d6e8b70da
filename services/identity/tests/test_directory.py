"""Names for staff: clerks and operators may ask, nobody else finds the place."""

import httpx
import pytest

from services.identity.domain.accounts import account_of
from services.identity.tests.house import House, bearer

pytestmark = pytest.mark.system

GOOD = "zielony kubek pod oknem"


async def ask(house: House, token: str, *account_ids: str) -> httpx.Response:
    return await house.client.post("/directory", json={"account_ids": list(account_ids)}, headers=bearer(token))


async def session_of(house: House, login: str) -> str:
    return str((await house.sign_in(GOOD, login)).json()["token"])


async def test_clerks_and_operators_get_names_and_colleagues(house: House) -> None:
    await house.import_people(2)
    clerk = await house.add_staff("grazyna", GOOD, "clerk")
    await house.add_staff("ksiegowa", GOOD, "accountant")
    answer = (await ask(house, await session_of(house, "grazyna"), account_of("P-000001"), clerk, "nobody")).json()
    assert answer["names"] == {account_of("P-000001"): "Łucja Kowalska 1", clerk: "grazyna"}
    assert answer["staff"] == [{"account_id": clerk, "name": "grazyna"}]


async def test_to_anybody_else_there_is_no_directory(house: House) -> None:
    await house.import_people()
    tenant = await house.settled(GOOD)
    await house.add_staff("ksiegowa", GOOD, "accountant")
    assert (await ask(house, tenant, account_of("P-000001"))).status_code == 404
    assert (await ask(house, await session_of(house, "ksiegowa"))).status_code == 403
    assert (await ask(house, "of-nobody")).status_code == 401
    assert (await ask(house, tenant, *["a"] * 201)).status_code == 422
