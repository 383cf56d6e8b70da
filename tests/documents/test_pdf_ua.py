"""Every PDF that a tenant gets passes PDF/UA-1 by veraPDF; a document without tags does not."""

import asyncio
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typst

from services.correspondence.commands.documents import DocumentPrinter
from services.correspondence.commands.matter_types import first_types
from services.correspondence.domain import forms
from services.gateway.clients.models import Lease, Statement
from services.gateway.tests import company
from services.gateway.web.company import Company
from services.gateway.web.documents import Documents
from services.gateway.web.language import Language
from services.gateway.web.statements import statement_words
from services.gateway.web.transfer import slip_words, transfer_of
from services.identity.commands.letter_pdf import LetterPrinter, LetterText, Sender

pytestmark = pytest.mark.system
SECONDS = 300.0
TBS = Company("Towarzystwo Budownictwa Społecznego")
A_DAY = date(2026, 11, 23)
POLISH = Language("pl")
LEASE = Lease.model_validate(company.lease("L-1"))


def written(template: str, given: dict[str, Any]) -> bytes:
    return asyncio.run(Documents().pdf(template, given))


def matter_forms() -> dict[str, bytes]:
    """The form of every kind of matter, to be filled in by hand and filled in on line."""
    printer, facts = DocumentPrinter(), {"najemca": "Anna Zażółć", "numer_umowy": "12/2019/N", "adres": "ul. Lipowa 3"}
    found = {}
    for kind in first_types():
        form = kind.content.form
        assert form
        answers = {field.name: field.choices[0] if field.choices else "1" for field in form.fields}
        for name, given in (("empty", None), ("filled", answers)):
            document = forms.document(form, facts, given, "TBS")
            found[f"{kind.matter_type_id}-{name}.pdf"] = printer.pdf(document)
    return found


def documents() -> dict[str, bytes]:
    """Each kind of document, long and empty; and one that must not pass."""
    rows = company.statement(2026)
    rows["items"] *= 8  # over several pages
    full, empty = Statement.model_validate(rows), Statement.model_validate(company.statement(1999))
    letter = LetterText("Anna Zażółć", "ul. Lipowa 3/5, 99-999 Dębogród", "anna", "AAAA-CCCC", A_DAY, A_DAY)
    transfer = transfer_of(TBS, POLISH, LEASE, "2026-10", 122125)
    return {
        "statement.pdf": written("statement.typ", statement_words(TBS, POLISH, (LEASE, full, "Anna Zażółć"))),
        "statement-empty.pdf": written("statement.typ", statement_words(TBS, POLISH, (LEASE, empty, ""))),
        "slip.pdf": written("slip.typ", slip_words(TBS, POLISH, transfer, "Anna Zażółć, ul. Lipowa 3/5")),
        **matter_forms(),
        "letter.pdf": LetterPrinter(Sender("TBS", "tel. 71", "http://localhost")).pdf(letter),
        "untagged.pdf": typst.compile(b"= Bez znacznikow", format="pdf", pdf_tags=False),
    }


@pytest.mark.timeout(SECONDS)
def test_every_document_passes_pdf_ua_1_and_one_without_tags_does_not(tmp_path: Path) -> None:
    files = []
    for name, content in documents().items():
        (tmp_path / name).write_bytes(content)
        files.append(str(tmp_path / name))
    command = [sys.executable, "-m", "tests.documents.verapdf", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    verdicts = {Path(row["file"]).name: row for row in map(json.loads, done.stdout.splitlines())}
    assert verdicts.pop("untagged.pdf")["compliant"] is False
    assert len(verdicts) == len(files) - 1
    assert {name: row["faults"] for name, row in verdicts.items() if not row["compliant"]} == {}
    assert all(row["assertions"] > 500 for row in verdicts.values())
