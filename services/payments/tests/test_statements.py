"""Statements are read as each bank writes them, and refused whole when anything in them is wrong."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.commands.statements import read
from services.payments.domain.statement import (
    Movement,
    Previous,
    Statement,
    StatementRefusedError,
    WrongProfileError,
    continuity_warnings,
    grosze_of,
    transfer_ids,
    zlote,
)
from services.payments.tests.banks import (
    BPH_ACCOUNT,
    DAY,
    MBANK_ACCOUNT,
    PKO_ACCOUNT,
    SENDER,
    WIDTH,
    Line,
    bph,
    camt,
    mbank,
    pko,
    reading,
    virtual,
    wrapped,
)

Write = Callable[..., bytes]
BANKS: dict[str, Write] = {
    "mbank": mbank,
    "pko": pko,
    "bph": bph,
    "camt.053.001.02": camt,
    "camt.053.001.08": lambda lines, **more: camt(lines, "08", **more),
}


def only(data: bytes) -> Statement:
    [statement] = read(data, reading())
    return statement


@pytest.mark.parametrize("bank", BANKS)
def test_every_bank_tells_amount_day_payer_and_title(bank: str) -> None:
    lines = [
        Line(123_456, "czynsz i media za marzec 2026 lokal 12", reference="BR1"),
        Line(1, "grosz", reference="BR2"),
    ]
    statement = only(BANKS[bank](lines))
    first, second = statement.entries
    assert (statement.number, statement.label, statement.opening_grosze) == (12, "12/2026", 100_000)
    assert (first.amount_grosze, first.booked_on, first.reference, first.movement) == (
        123_456, DAY, "BR1", Movement.CREDIT,
    )  # fmt: skip
    assert first.details.title == "czynsz i media za marzec 2026 lokal 12"
    assert first.details.payer_name.startswith("ŁUCJA ŻÓŁĆ")
    assert first.details.payer_account == SENDER
    assert second.amount_grosze == 1


def test_the_profile_follows_from_the_accounts_bank() -> None:
    assert [only(write([Line(1)])).account for write in (mbank, pko, bph)] == [MBANK_ACCOUNT, PKO_ACCOUNT, BPH_ACCOUNT]


def test_mbank_tells_the_payers_id_although_a_line_ends_in_the_middle_of_it() -> None:
    data = mbank([Line(1, payer=14)]).decode("cp1250").replace("\r\n", "\n")
    before, details, after = re.split(r":86:|\n(?=:62F)", data)
    flat = details.replace("\n", "")
    for shift in range(70):
        moved = "\n".join(wrapped(f"{'X' * shift} {flat}", WIDTH))
        [entry] = only(f"{before}:86:{moved}\n{after}".encode("cp1250")).entries
        assert entry.details.payer_ids == ("000000000014",), shift
        assert entry.details.title == "czynsz za marzec"


def test_an_id_that_the_payer_wrote_in_the_title_is_not_the_banks() -> None:
    [entry] = only(mbank([Line(1, "ID IPH: XX000000000099; OD: KTOS", payer=14)])).entries
    assert entry.details.payer_ids == ("000000000014",)


@pytest.mark.parametrize("write", [bph, camt], ids=["bph", "camt"])
def test_the_virtual_account_paid_to_is_told_where_the_bank_tells_it(write: Write) -> None:
    [entry] = only(write([Line(1, to_account=virtual(7))])).entries
    assert virtual(7) in entry.details.accounts


def test_the_text_of_a_split_payment_is_what_the_payer_wrote() -> None:
    [entry] = only(pko([Line(1, "/VAT/23,00/IDC/5213017228/INV/FV 1/TXT/czynsz za lokal uzytkowy")])).entries
    assert entry.details.title == "czynsz za lokal uzytkowy"


def test_outgoing_transfers_and_reversals_are_no_credits_but_count_in_the_sum() -> None:
    lines = [Line(500), Line(200, movement=Movement.DEBIT), Line(500, movement=Movement.CREDIT_REVERSED)]
    lines += [Line(200, movement=Movement.DEBIT_REVERSED)]
    for write in BANKS.values():
        statement = only(write(lines))
        assert [entry.movement.value for entry in statement.entries] == ["C", "D", "RC", "RD"]
        assert statement.closing_grosze == statement.opening_grosze


def test_several_statements_of_one_file_are_several() -> None:
    data = b"{1:F01X}{4:\r\n" + mbank([Line(1)]) + mbank([Line(2), Line(3)], number="13") + b"-}"
    assert [len(statement.entries) for statement in read(data, reading())] == [1, 2]


def test_a_statement_may_be_in_debt() -> None:
    assert only(mbank([Line(50)], opening=-100)).closing_grosze == -50


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (mbank([Line(100)], close=100_101), "nie zgadza się.*różnica 0,01"),
        (camt([Line(100)]).replace(b">1.00<", b">1.01<"), "nie zgadza się.*różnica -0,01"),
        (mbank([Line(100)]).replace(b"C260302PLN1000,00", b"C260302EUR1000,00", 1), "walucie EUR"),
        (camt([Line(100)]).replace(b"'PLN'>1.00", b"'EUR'>1.00"), "walucie EUR"),
        (mbank([Line(100)]).replace(b":61:2603", b":61:26O3"), "wiersz 5: pozycja wyciągu"),
        (mbank([Line(100)]).replace(b"CN1,00", b"CN1,001"), "wiersz 5: pozycja wyciągu"),
        (mbank([Line(100)]).replace(b":62F:", b":63F:"), "nie ma salda"),
        (mbank([Line(100)]).replace(b":25:PL", b":25:PL9"), "wskaż profil"),
        (b"hello", "nie ma w nim pola :25:"),
        (b"", "nie ma w nim pola :25:"),
        (b"<x/>", "nie jest camt.053"),
        (b"<x", "nie jest poprawnym XML"),
        (camt([Line(1)]).replace(b"001.02", b"001.09"), "nie jest camt.053"),
        (camt([Line(1)]).replace(b"?>", b"?><!DOCTYPE Document [<!ENTITY a 'b'>]>", 1), "DTD"),
        (camt([Line(1)]).replace(b"CLBD", b"CLAV"), "nie ma salda CLBD"),
        (mbank([Line(100)]).replace(b"\xa3", b"\x81"), "nie jest zapisany w cp1250"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_and_nothing_of_it_is_read(data: bytes, why: str) -> None:
    with pytest.raises(StatementRefusedError, match=why):
        read(data, reading())


def test_no_reason_of_a_refusal_and_no_text_form_of_an_entry_names_a_payer() -> None:
    with pytest.raises(StatementRefusedError) as refused:
        read(mbank([Line(100, "kanarek", "KOWALSKA")]).replace(b"CN1,00", b"CNx,00"), reading())
    assert "KOWALSKA" not in str(refused.value)
    assert "kanarek" not in repr(only(mbank([Line(100, "kanarek")])))


def test_what_the_library_cannot_read_is_not_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(StatementRefusedError):
        read(mbank([Line(100)]).replace(b":61:26", b":61:99KOWALSKA"), reading())
    assert "KOWALSKA" not in caplog.text


def test_details_behind_the_closing_balance_belong_to_no_entry() -> None:
    data = mbank([Line(100, "czynsz")]).replace(b"\r\n:64:", f"\r\n:86:TYT.: {virtual(3)}\r\n:64:".encode())
    assert only(data).entries[0].details.title == "czynsz"


def test_an_account_set_without_a_profile_is_read_by_its_banks() -> None:
    named = replace(reading(), our_accounts={PKO_ACCOUNT: ""})
    assert read(pko([Line(1)]), named)[0].account == PKO_ACCOUNT
    with pytest.raises(StatementRefusedError, match="nie jest na liście naszych"):
        read(mbank([Line(1)]), named)


@pytest.mark.parametrize(
    ("data", "chosen"),
    [(mbank([Line(1)]).replace(b":25:PL", b":25:PL9"), None), (bph([Line(1)]), "pko"), (pko([Line(1)]), "mbank")],
    ids=["no bank's", "other details", "other details too"],
)
def test_where_a_profile_would_help_the_refusal_tells_so(data: bytes, chosen: str | None) -> None:
    with pytest.raises(WrongProfileError):
        read(data, reading(chosen))


def test_an_operators_choice_overrules_the_banks_profile() -> None:
    [statement] = read(pko([Line(1)]).replace(PKO_ACCOUNT.encode(), virtual(1).encode()), reading("pko"))
    assert statement.entries[0].details.title == "czynsz za marzec"


@pytest.mark.parametrize(("write", "wrong"), [(mbank, "pko"), (pko, "mbank"), (pko, "bph"), (bph, "pko")])
def test_a_file_read_by_another_banks_profile_is_refused(write: Write, wrong: str) -> None:
    with pytest.raises(StatementRefusedError, match=r"wskaż inny profil|nie jest zapisany w"):
        read(write([Line(1)]), reading(wrong))


def test_a_batch_of_camt_is_its_transactions() -> None:
    data = camt([Line(300, "jeden"), Line(200)]).decode()
    inner = re.search(r"<TxDtls>.*?</TxDtls>", data)
    assert inner
    parts = "".join(
        inner[0].replace("<RltdPties>", f"<Amt Ccy='PLN'>{each}</Amt><RltdPties>") for each in ("1.00", "2.00")
    )
    [first, second, third] = only(data.replace(inner[0], parts, 1).encode()).entries
    assert [first.amount_grosze, second.amount_grosze, third.amount_grosze] == [100, 200, 200]
    with pytest.raises(StatementRefusedError, match="pozycji zbiorczej"):
        read(data.replace(inner[0], parts.replace("2.00", "2.01"), 1).encode(), reading())


def test_what_the_bank_has_not_booked_is_left_out_and_counted() -> None:
    data = camt([Line(300), Line(200)]).decode()
    last = data.rindex("<Sts>BOOK")
    pending = data[:last] + data[last:].replace("BOOK", "PDNG", 1)
    statement = only(pending.replace(">1005.00<", ">1003.00<").encode())
    assert (len(statement.entries), statement.left_out) == (1, 1)


def test_equal_transfers_of_one_statement_are_each_one_and_the_same_when_read_again() -> None:
    lines = [Line(100, reference="A"), Line(100, reference="A"), Line(100), Line(100), Line(101)]
    once, again = transfer_ids(only(mbank(lines))), transfer_ids(only(mbank(list(reversed(lines)))))
    assert len(set(once)) == 5
    assert set(once) == set(again)


def test_an_entry_is_another_ones_in_another_account_year_or_statement() -> None:
    statement = only(mbank([Line(100, reference="A")]))
    others = [
        replace(statement, number=13),
        replace(statement, account=PKO_ACCOUNT),
        replace(statement, closed_on=date(2025, 3, 2)),
    ]
    assert not set(transfer_ids(statement)) & {each for other in others for each in transfer_ids(other)}


@pytest.mark.parametrize(
    ("before", "number", "told"),
    [
        (None, 12, []),
        (Previous(2026, 11, 100_000), 12, []),
        (Previous(2025, 250, 100_000), 1, []),
        (Previous(2026, 10, 100_000), 12, ["przed wyciągiem 12/2026 brakuje wyciągów nr 11"]),
        (Previous(2026, 8, 0), 12, ["przed wyciągiem 12/2026 brakuje wyciągów nr 9-11"]),
        (Previous(2025, 250, 0), 3, ["przed wyciągiem 3/2026 brakuje wyciągów nr 1-2"]),
        (Previous(2026, 12, 0), 11, ["wyciąg 11/2026 jest starszy niż już wczytany 12/2026"]),
        (Previous(2026, 11, 5), 12, [
            f"wyciąg 12/2026 zaczyna się od {zlote(100_000)}, a poprzedni skończył się na {zlote(5)}",
        ]),
    ],
)  # fmt: skip
def test_a_statement_that_does_not_join_on_is_warned_of(before: Previous | None, number: int, told: list[str]) -> None:
    statement = only(mbank([Line(1)], number=f"{number}"))
    assert continuity_warnings(statement, before) == told


@given(st.integers(-(10**10), 10**10))
def test_every_amount_is_read_as_it_is_written(grosze: int) -> None:
    text = f"{'-' if grosze < 0 else ''}{abs(grosze) // 100},{abs(grosze) % 100:02}"
    assert grosze_of(text) == grosze
    assert zlote(grosze).replace("\u00a0", "") == f"{text}zł"


@pytest.mark.parametrize("text", ["", "x", "1,001", "NaN", "Infinity", "1e30"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(StatementRefusedError):
        grosze_of(text)
