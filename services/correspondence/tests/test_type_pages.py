"""Kinds of matter, kept by staff on the panel: the list that tenants see changes with it, version by version."""

import re

import httpx
import pytest

from libs.chassis.auth import Principal
from services.correspondence.tests.conftest import ACCOUNTANT, House, Identity
from services.correspondence.tests.test_inbox import signed_in

pytestmark = pytest.mark.system


def fields_of(page: httpx.Response) -> dict[str, str]:
    """What a browser would send of the form as it stands."""
    form = page.text[page.text.index('<form method="post" action="/panel/matter-types"') :]
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input ([^>]+)>", form):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if given.get("type") != "checkbox" or " checked" in tag:
            fields[given["name"]] = given.get("value", "")
    fields |= dict(re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL))
    for name, options in re.findall(r'<select id="[\w-]+" name="([\w-]+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', options)
        fields[name] = chosen[1] if chosen else "text"
    return fields


async def names(house: House) -> dict[str, str]:
    return {one["matter_type_id"]: one["name"] for one in (await house.get("/matter-types")).json()["items"]}


async def save(house: House, path: str, **changes: str) -> httpx.Response:
    page = await house.client.get(f"/panel/matter-types/{path}")
    assert page.status_code == 200, page.text
    return await house.client.post("/panel/matter-types", data={**fields_of(page), **changes})


async def test_an_edit_is_a_new_version_that_tenants_see_at_once(house: House) -> None:
    await signed_in(house)
    before = await house.open(matter_type_id="persons", lease_id="L1")
    assert (await save(house, "persons", name="Kto u Ciebie mieszka")).status_code == 303
    item = next(one for one in (await house.get("/matter-types")).json()["items"] if one["matter_type_id"] == "persons")
    assert (item["name"], item["version"], len(item["form"]["fields"])) == ("Kto u Ciebie mieszka", 2, 4)
    assert (await house.thread(before))["matter_type"] == "Zmiana liczby osób w mieszkaniu"
    told = "select count(*) from events where event_type = 'iok.MatterTypeDefined.v1' and subject = 'persons'"
    assert await house.value(told) == 2
    page = await house.client.get("/panel/matter-types/persons")
    assert "Wersja 1" in page.text
    assert "clerk" in page.text


async def test_without_identity_the_history_names_colleagues_who_have_acted_here(
    house: House, identity: Identity
) -> None:
    identity.staff = Principal("s1", frozenset({"clerk"}), name="Grażyna Nowak")
    await signed_in(house)
    assert (await save(house, "waste", name="Śmieci")).status_code == 303
    house.parts.app().state.door.directory._url = "http://127.0.0.1:9/directory"
    page = await house.client.get("/panel/matter-types/waste")
    assert re.search(r"Wersja 2: Śmieci, [^<]*, Grażyna Nowak", page.text)


async def test_saving_what_is_there_already_is_no_new_version(house: House) -> None:
    await signed_in(house)
    assert (await save(house, "waste")).status_code == 303
    assert await house.value("select max(version) from matter_type_versions where matter_type_id = 'waste'") == 1


async def test_a_new_kind_with_a_form_is_offered_and_printed(house: House) -> None:
    await signed_in(house)
    made = await save(
        house, "new",
        **{"matter_type_id": "keys", "name": "Klucze", "summary": "Nowe klucze.", "form_title": "Wniosek o klucze",
           "label-0": "Ile kluczy?", "kind-0": "number", "label-1": "Do czego", "kind-1": "choice",
           "choices-1": "klatka; piwnica"},
    )  # fmt: skip
    assert made.status_code == 303, made.text
    assert (await names(house))["keys"] == "Klucze"
    item = (await house.get("/matter-types")).json()["items"][-1]
    assert [one["name"] for one in item["form"]["fields"]] == ["ile-kluczy-0", "do-czego-1"]
    assert (await house.client.get("/panel/matter-types/keys/1.pdf")).content.startswith(b"%PDF")


async def test_a_kind_that_is_over_is_offered_no_more(house: House) -> None:
    await signed_in(house)
    await save(house, "renovation", active_from="2020-01-01", active_to="2020-12-31")
    assert "renovation" not in await names(house)
    refused = await house.post("/matters", {"matter_type_id": "renovation", "title": "a", "text": "b"})
    assert refused.json()["errors"][0]["field"] == "matter_type_id"


async def test_the_general_letter_cannot_be_taken_away(house: House) -> None:
    await signed_in(house)
    refused = await save(house, "general", active_to="2020-12-31")
    assert refused.status_code == 422
    assert "Pismo ogólne jest dostępne zawsze" in refused.text
    assert "general" in await names(house)


async def test_a_wrong_form_keeps_what_was_typed(house: House) -> None:
    await signed_in(house)
    refused = await save(house, "fault", name="", guidance="Nowa <b>wskazówka</b>", answer_days="dużo")
    assert refused.status_code == 422
    assert "<title>Błąd: " in refused.text
    assert "Nowa &lt;b&gt;wskazówka" in refused.text
    assert "Podaj liczbę." in refused.text


async def test_two_people_cannot_write_over_each_others_change(house: House) -> None:
    await signed_in(house)
    first = fields_of(await house.client.get("/panel/matter-types/waste"))
    assert (await save(house, "waste", name="Odpady")).status_code == 303
    late = await house.client.post("/panel/matter-types", data={**first, "name": "Śmieci"})
    assert late.status_code == 409
    assert "w międzyczasie" in late.text
    assert (await names(house))["waste"] == "Odpady"


async def test_kinds_are_kept_by_clerks_and_operators_alone(house: House, identity: Identity) -> None:
    identity.staff = ACCOUNTANT
    await signed_in(house)
    for path in ("", "/new", "/general", "/general/1.pdf"):
        assert (await house.client.get(f"/panel/matter-types{path}")).status_code == 403
    assert (await house.client.post("/panel/matter-types", data={"name": "x"})).status_code == 403
