"""The demo's bank statements are what banks write: each in its own way, and right to the grosz."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import mt940
import pytest
from lxml import etree

from deploy.demo import export, statements
from deploy.demo.export import Order
from services.payments.app import statement_rules
from services.payments.commands.statements import read
from services.payments.settings import Settings

ORDER = Order(40, 7, date(2026, 11, 1))
ENCODINGS = {"mbank.sta": "cp1250", "pko.sta": "iso-8859-2", "bph.sta": "cp852"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("export")
    export.generate(ORDER, made)
    statements.write(ORDER, made)
    return made / statements.FOLDER


@pytest.mark.parametrize(("name", "encoding"), ENCODINGS.items())
def test_every_mt940_leads_from_its_opening_to_its_closing_balance(folder: Path, name: str, encoding: str) -> None:
    [read] = mt940.parse_statements(str(folder / name), encoding=encoding)
    moved = sum((each.data["amount"].amount for each in read.transactions), Decimal())
    assert read.data["final_opening_balance"].amount.amount + moved == read.data["final_closing_balance"].amount.amount
    assert len(read.transactions) > statements.TRANSFERS


@pytest.mark.parametrize("version", ["02", "08"])
def test_every_camt_leads_from_its_opening_to_its_closing_balance(folder: Path, version: str) -> None:
    root = etree.parse(str(folder / f"camt.053.001.{version}.xml")).getroot()
    signs = {"CRDT": 1, "DBIT": -1}
    amounts = [
        signs[str(each.findtext("{*}CdtDbtInd"))] * Decimal(str(each.findtext("{*}Amt")))
        for each in [*root.iter("{*}Bal"), *root.iter("{*}Ntry")]
    ]
    opening, closing, *moved = amounts
    assert opening + sum(moved) == closing
    assert len(moved) > statements.TRANSFERS


@pytest.mark.parametrize("name", statements.FILES)
def test_every_file_is_read_by_what_the_demo_tells_payments_of_its_accounts(folder: Path, name: str) -> None:
    settings = Settings.model_validate({"our_accounts": statements.our_accounts()})
    found = read((folder / name).read_bytes(), statement_rules(settings).reading)
    assert found[0].entries[0].details.title.startswith("Czynsz ")


def test_the_same_company_has_the_same_statements_and_no_account_twice(folder: Path) -> None:
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    statements.write(ORDER, folder.parent)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
    assert set(before) == set(statements.FILES)
    accounts = [data.split(b":25:PL")[1][:26] for data in before.values() if b":25:PL" in data]
    assert len(set(accounts)) == len(accounts) == 3
