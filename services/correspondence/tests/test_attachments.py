"""Files of letters: whose they are, what becomes of them, and how they wait for the virus scanner."""

import hashlib
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from pypdf import PdfReader

from libs.chassis.auth import Principal
from libs.chassis.testing import ServiceDatabase
from services.correspondence.commands.files.scanner import ScannerAwayError
from services.correspondence.commands.matters import altered_letters
from services.correspondence.commands.uploads import Uploads
from services.correspondence.domain.attachments import MAX_FILE_BYTES
from services.correspondence.read_models import attachments
from services.correspondence.tests.conftest import CLERK, OTHER_TENANT, TENANT, House, Identity, running, settings_of
from services.correspondence.tests.test_files import document, pdf, picture_with_place, with_script

pytestmark = pytest.mark.system
FIELDS = {"count": "3", "since": "2026-12-01", "reason": "inny", "true-data": "tak"}
FACTS = {"najemca": "Anna Żak", "numer_umowy": "12/2019/N", "adres": "ul. Lipowa 3/5"}


async def upload(
    house: House, content: bytes, name: str = "umowa.pdf", who: Principal = TENANT, key: str | None = None
) -> httpx.Response:
    house.keys += 1
    headers = {"Idempotency-Key": key or f"file-{house.keys}", "X-File-Name": quote(name), **house.bearer(who)}
    return await house.client.post("/attachments", content=content, headers=headers)


async def taken(house: House, content: bytes, name: str = "umowa.pdf") -> str:
    answer = await upload(house, content, name)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["attachment_id"])


def kept_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_file_goes_with_its_letter_and_comes_back_as_it_was(house: House) -> None:
    content = document()
    draft = await taken(house, content, "Pismo żółte.docx")
    matter_id = await house.open(text="", attachment_ids=[draft])
    message = (await house.thread(matter_id))["messages"][0]
    assert message["text"] == "Pismo jest w załączniku."
    assert [one["name"] for one in message["attachments"]] == ["Pismo żółte.docx"]
    answer = await house.get(f"/matters/{matter_id}/attachments/{draft}")
    assert answer.content == content
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Pismo%20%C5%BC%C3%B3%C5%82te.docx"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await house.get(f"/inbox/{matter_id}/attachments/{draft}", CLERK)).content == content


async def test_nobody_elses_file_is_given_sent_seen_or_removed(house: House) -> None:
    draft = await taken(house, pdf())
    matter_id = await house.open(attachment_ids=[draft])
    unsent = await taken(house, pdf())
    other = await house.open(OTHER_TENANT)
    for path in (f"/matters/{matter_id}/attachments/{draft}", f"/matters/{other}/attachments/{draft}"):
        assert (await house.get(path, OTHER_TENANT)).status_code == 404
        assert (await house.get(path, CLERK)).status_code == 404
    assert (await house.get("/attachments", OTHER_TENANT, id=unsent)).json() == {"items": []}
    for who in (OTHER_TENANT, CLERK):
        removal = await house.client.delete(f"/attachments/{unsent}", headers=house.bearer(who))
        assert removal.status_code == 404
    stolen = await house.post(f"/matters/{other}/messages", {"text": "a", "attachment_ids": [unsent]}, OTHER_TENANT)
    assert (stolen.status_code, stolen.json()["errors"][0]["field"]) == (422, "attachments")
    again = await house.post(f"/matters/{matter_id}/messages", {"text": "a", "attachment_ids": [draft]})
    assert again.status_code == 422
    assert (await upload(house, pdf(), who=CLERK)).status_code == 404


async def test_a_letter_that_cannot_be_sent_keeps_its_files(house: House) -> None:
    draft = await taken(house, pdf())
    refused = await house.post(
        "/matters", {"matter_type_id": "general", "title": "", "text": "a", "attachment_ids": [draft]}
    )
    assert refused.status_code == 422
    assert [one["attachment_id"] for one in (await house.get("/attachments", id=draft)).json()["items"]] == [draft]
    await house.open(attachment_ids=[draft])


async def test_a_refused_file_says_why_and_leaves_nothing(house: House) -> None:
    answers = [
        await upload(house, pdf(with_script)),
        await upload(house, pdf(), "zdjęcie.jpg"),
        await upload(house, b"%PDF-" + b"0" * MAX_FILE_BYTES),
    ]
    assert [answer.status_code for answer in answers] == [422] * 3
    reasons = [answer.json()["errors"][0]["message"] for answer in answers]
    assert [word in reason for word, reason in zip(("skrypt", "PDF", "10 MB"), reasons, strict=True)] == [True] * 3
    assert await house.value("select count(*) from attachments") == 0


async def test_a_file_is_given_up_as_soon_as_it_is_too_large(house: House) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10 * MAX_FILE_BYTES:
            sent += 1024 * 1024
            yield b"0" * 1024 * 1024

    headers = {"Idempotency-Key": "k", "X-File-Name": "a.pdf", **house.bearer(TENANT)}
    answer = await house.client.post("/attachments", content=endless(), headers=headers)
    assert answer.status_code == 422
    assert sent <= MAX_FILE_BYTES + 2 * 1024 * 1024


async def test_the_same_upload_twice_is_one_draft_and_the_same_content_one_file(house: House, files: Path) -> None:
    first, second = [await upload(house, pdf(), key="k") for _ in range(2)]
    assert first.json() == second.json()
    other = await taken(house, pdf())
    assert len(kept_in(files)) == 1
    await house.client.delete(f"/attachments/{other}", headers=house.bearer(TENANT))
    assert len(kept_in(files)) == 1
    await house.client.delete(f"/attachments/{first.json()['attachment_id']}", headers=house.bearer(TENANT))
    assert kept_in(files) == []


async def test_drafts_are_thrown_away_after_a_day_and_sent_files_never(house: House) -> None:
    old, sent = await taken(house, pdf()), await taken(house, document(), "a.docx")
    matter_id = await house.open(attachment_ids=[sent])
    await house.value("update attachments set kept_at = now() - interval '25 hours'")
    await house.parts.app().state.door.uploads.forget_old_drafts()
    assert (await house.get("/attachments", id=old)).json() == {"items": []}
    assert (await house.get(f"/matters/{matter_id}/attachments/{sent}")).status_code == 200


async def test_a_file_whose_removal_a_crash_cut_short_is_thrown_away_in_the_next_round(
    house: House, files: Path
) -> None:
    draft, sent = await taken(house, pdf()), await taken(house, document(), "a.docx")
    await house.open(attachment_ids=[sent])
    assert house.parts.database is not None
    async with house.parts.database.transaction() as tx:  # as far as the crash let it come
        assert await attachments.remove_draft(tx, TENANT.account_id, draft)
    assert len(kept_in(files)) == 2
    await house.parts.app().state.door.uploads.forget_old_drafts()
    assert [path.name for path in kept_in(files)] == [hashlib.sha256(document()).hexdigest()]
    noted = "select count(*) from files_let_go where not_before <= now()"
    assert await house.value(noted) == 0


async def test_a_file_kept_for_a_row_that_never_came_is_thrown_away_after_an_hour(house: House, files: Path) -> None:
    uploads: Uploads = house.parts.app().state.door.uploads
    await taken(house, pdf())
    await house.value("delete from attachments")  # as if a crash had come before it
    await uploads.forget_old_drafts()
    assert len(kept_in(files)) == 1
    await house.value("update files_let_go set not_before = now()")
    await uploads.forget_old_drafts()
    assert kept_in(files) == []


async def test_a_form_whose_letter_is_refused_leaves_no_file(house: House, files: Path) -> None:
    body = {"matter_type_id": "persons", "title": "T" * 200, "lease_id": "L1", "fields": FIELDS, "facts": FACTS}
    assert (await house.post("/matters", body)).status_code == 422
    assert kept_in(files) == []


async def test_a_form_filled_in_on_line_goes_as_a_pdf(house: House) -> None:
    body = {"matter_type_id": "persons", "title": "Osoby", "lease_id": "L1", "fields": FIELDS, "facts": FACTS}
    raised = await house.post("/matters", body)
    assert raised.status_code == 201, raised.text
    thread = await house.thread(raised.json()["matter_id"])
    made = thread["messages"][0]["attachments"][0]
    assert thread["messages"][0]["text"] == "Wypełniony formularz jest w załączniku."
    answer = await house.get(f"/matters/{thread['matter_id']}/attachments/{made['attachment_id']}")
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert "Anna Żak" in text
    assert "1 grudnia 2026 r." in text
    kept = await house.value("select string_agg(convert_from(body, 'UTF8'), '') from events")
    assert not any(word in kept for word in ("Anna", "Lipowa", "urodzenie", "inny"))


async def test_a_form_with_a_wrong_answer_is_refused_at_its_field(house: House) -> None:
    body = {"matter_type_id": "persons", "title": "Osoby", "lease_id": "L1", "fields": {**FIELDS, "count": "trzy"}}
    refused = await house.post("/matters", body)
    assert [error["field"] for error in refused.json()["errors"]] == ["fields.count"]
    del body["lease_id"]
    assert (await house.post("/matters", body)).json()["errors"][0]["field"] == "lease_id"


@pytest.mark.parametrize("ending", ["pdf", "docx"])
async def test_a_form_is_downloaded_with_what_is_known_in_it(house: House, ending: str) -> None:
    answer = await house.post(f"/matter-types/persons/form.{ending}", {"facts": FACTS})
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF" if ending == "pdf" else b"PK")
    assert f".{ending}" in answer.headers["content-disposition"]
    assert (await house.post(f"/matter-types/absent/form.{ending}", {})).status_code == 404


async def test_an_altered_file_is_found(house: House) -> None:
    draft = await taken(house, pdf())
    await house.open(attachment_ids=[draft])
    assert house.parts.database
    async with house.parts.database.transaction() as tx:
        assert await altered_letters(tx) == []
    message = await house.value(
        "update attachments set content_sha256 = $1 returning message_id", hashlib.sha256(b"x").hexdigest()
    )
    async with house.parts.database.transaction() as tx:
        assert await altered_letters(tx) == [message]


class Moody:
    """A scanner that is away, or finds what it is told to find."""

    def __init__(self) -> None:
        self.away = True
        self.infected = False
        self.scanned: list[bytes] = []

    async def is_clean(self, content: bytes) -> bool:
        if self.away:
            raise ScannerAwayError("away")
        self.scanned.append(content)
        return not self.infected


@pytest.fixture
def scanner() -> Moody:
    return Moody()


@pytest.fixture
async def scanning(
    service_database: Callable[..., ServiceDatabase], identity: Identity, files: Path, scanner: Moody
) -> AsyncIterator[House]:
    database = service_database("correspondence")
    async for house in running(settings_of(database, identity, files=str(files)), identity.signer, database):
        house.parts.app().state.door.uploads._scanner = scanner
        yield house


async def test_a_file_waits_in_quarantine_until_it_is_found_clean(scanning: House, scanner: Moody, files: Path) -> None:
    draft = await taken(scanning, pdf())
    matter_id = await scanning.open(attachment_ids=[draft])
    path = f"/matters/{matter_id}/attachments/{draft}"
    assert (await scanning.thread(matter_id))["messages"][0]["attachments"][0]["status"] == "checking"
    assert (await scanning.get(path)).status_code == 409
    assert (await scanning.get(f"/inbox/{matter_id}/attachments/{draft}", CLERK)).status_code == 409
    assert kept_in(files / "kept") == []
    uploads = scanning.parts.app().state.door.uploads
    assert await uploads.scan_quarantine() == 0
    scanner.away = False
    assert await uploads.scan_quarantine() == 1
    assert (await scanning.get(path)).content == pdf()
    assert kept_in(files / "quarantine") == []


async def test_an_infected_file_is_never_given_to_anybody(scanning: House, scanner: Moody, files: Path) -> None:
    draft = await taken(scanning, pdf())
    matter_id = await scanning.open(attachment_ids=[draft])
    scanner.away, scanner.infected = False, True
    assert await scanning.parts.app().state.door.uploads.scan_quarantine() == 1
    assert (await scanning.thread(matter_id))["messages"][0]["attachments"][0]["status"] == "removed"
    assert (await scanning.get(f"/matters/{matter_id}/attachments/{draft}")).status_code == 409
    assert kept_in(files) == []
    refused = await upload(scanning, document(), "a.docx")
    assert (refused.status_code, "antywirusowy" in refused.text) == (422, True)


async def test_the_scanner_sees_what_was_sent_before_anything_is_kept(
    scanning: House, scanner: Moody, files: Path
) -> None:
    scanner.away = False
    given = picture_with_place()
    draft = await taken(scanning, given, "dom.jpg")
    assert scanner.scanned == [given]
    matter_id = await scanning.open(attachment_ids=[draft])
    kept = (await scanning.get(f"/matters/{matter_id}/attachments/{draft}")).content
    assert b"tajny" in given
    assert b"tajny" not in kept
