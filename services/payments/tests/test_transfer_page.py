"""What can hardly be taken back is asked once more on a transfer's page, by forms alone."""

import re
from datetime import date
from typing import Any

import pytest

from libs.chassis.auth import Principal
from libs.chassis.panel import Panel, PanelParts, PanelSession
from services.payments.api.staff import today, words
from services.payments.api.transfers import Asked
from services.payments.app import FOLDER
from services.payments.domain.statement import WrongProfileError
from services.payments.domain.transfer import TransferStatus
from services.payments.read_models.transfers import TransferRow
from services.payments.settings import Settings
from services.payments.tests.banks import PKO_ACCOUNT, SENDER, reading

SESSION = PanelSession("token", Principal("someone", frozenset({"operator"})))
UNCLEAR = TransferRow(
    "t1", 1, 5, PKO_ACCOUNT, "12/2026", date(2026, 3, 2), 12_345, "BR1", "ŁUCJA ŻÓŁĆ", SENDER, "czynsz",
    TransferStatus.TO_CLARIFY, None, None, 0,
)  # fmt: skip


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel(PanelParts("payments", Settings(), templates=FOLDER / "templates"))


def page(panel: Panel, **more: Any) -> str:
    context: dict[str, Any] = {"transfer": UNCLEAR, "history": [], "mistake": None, "told": None, "asked": None}
    shown = panel.render("payments/transfer.html", SESSION, today=today(), **words(), **context | more)
    return bytes(shown.body).decode()


def test_a_return_is_noted_only_with_a_tick(panel: Panel) -> None:
    [form] = re.findall(r'<form[^>]*/return".*?</form>', page(panel), re.DOTALL)
    assert re.search(r'<input type="checkbox" id="sure" name="sure" value="yes" required>', form)


def test_the_lease_that_was_named_is_shown_before_anything_is_credited_to_it(panel: Panel) -> None:
    text = page(panel, asked=Asked("lease-1", "7/2024/N", "dzwonił <najemca>"))
    [form] = re.findall(r'<form[^>]*/t1/[a-z]+".*?</form>', text, re.DOTALL)
    assert "<dd>7/2024/N</dd>" in text
    assert "<code>lease-1</code>" in text
    assert dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) == {
        "csrf": SESSION.csrf, "lease": "lease-1", "confirmed": "lease-1", "note": "dzwonił &lt;najemca&gt;",
    }  # fmt: skip


@pytest.mark.parametrize(("names_profile", "advice"), [(True, "#profile"), (False, "#file")])
def test_a_refusal_leads_to_what_is_to_be_changed(panel: Panel, names_profile: bool, advice: str) -> None:
    shown = panel.render(
        "payments/statements.html",
        SESSION,
        files=[],
        profiles=reading().profiles,
        refusal=WrongProfileError("tak"),
        names_profile=names_profile,
        following=None,
        **words(),
    )
    text = bytes(shown.body).decode()
    assert re.findall(r'href="(#profile|#file)"', text) == [advice]
    assert re.findall(r'<(?:input|select) id="(\w+)"[^>]* aria-invalid', text) == [advice[1:]]
