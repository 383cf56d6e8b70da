"""The demo company's export is what an ERP would write: right to the grosz, valid, varied, and always the same."""

import hashlib
import json
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from stdnum import iban
from stdnum.pl import nip as nip_check
from stdnum.pl import pesel as pesel_check

from deploy.demo import days
from deploy.demo.__main__ import main
from deploy.demo.export import FILES, Meta, Order, generate, read_meta
from libs.events import ledger, payments
from libs.events.envelope import EventData

TODAY = date(2026, 11, 1)
ORDER = Order(leases=300, seed=7, today=TODAY)

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("export")
    generate(ORDER, made)
    return made


@pytest.fixture(scope="module")
def rows(folder: Path) -> Rows:
    return {name: [json.loads(line) for line in (folder / f"{name}.jsonl").open()] for name in FILES}


@pytest.fixture(scope="module")
def meta(folder: Path) -> Meta:
    found = read_meta(folder)
    assert found is not None
    return found


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def events_of(rows: Rows) -> Iterator[tuple[type[EventData], dict[str, Any]]]:
    yield from ((ledger.LeaseSigned, row) for row in rows["leases"])
    yield from ((getattr(ledger, row["type"]), row) for row in rows["charges"])
    yield from ((payments.PaymentConfirmed, row) for row in rows["payments"])


def balance_grosze(rows: Rows, lease_id: str) -> int:
    charged, paid = (
        sum(int(row["amount_grosze"]) for row in rows[name] if row["lease_id"] == lease_id)
        for name in ("charges", "payments")
    )
    return charged - paid


def test_the_same_seed_and_day_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    generate(ORDER, tmp_path / "again")
    assert digests(folder) == digests(tmp_path / "again")


@pytest.mark.parametrize("other", [Order(20, 8, TODAY), Order(20, 7, date(2026, 12, 1))])
def test_another_seed_or_day_gives_another_company(folder: Path, meta: Meta, tmp_path: Path, other: Order) -> None:
    generate(other, tmp_path)
    beginning = (tmp_path / "charges.jsonl").read_bytes()
    assert not (folder / "charges.jsonl").read_bytes().startswith(beginning)
    assert not meta.fits(other)
    assert meta.fits(ORDER)


def test_a_smaller_company_is_the_beginning_of_a_larger_one(folder: Path, tmp_path: Path) -> None:
    generate(Order(20, ORDER.seed, TODAY), tmp_path)
    for name in FILES:
        assert (folder / f"{name}.jsonl").read_bytes().startswith((tmp_path / f"{name}.jsonl").read_bytes())


def test_memory_does_not_grow_with_the_number_of_leases(tmp_path: Path) -> None:
    peaks = []
    for leases in (20, 160):
        tracemalloc.start()
        generate(Order(leases, 1, TODAY), tmp_path / str(leases))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.25


def test_every_line_is_a_valid_event_of_its_type(rows: Rows) -> None:
    for event, row in events_of(rows):
        data = {name: value for name, value in row.items() if name not in ("lease_id", "type")}
        assert event.model_validate(data).to_data() == data


def test_lines_are_quantity_times_price_and_add_up_to_the_grosz(rows: Rows) -> None:
    for row in rows["charges"]:
        assert row["amount_grosze"] == sum(line["amount_grosze"] for line in row["lines"]) != 0
    lines = [line for row in rows["charges"] for line in row["lines"]]
    assert {line["vat_rate"] for line in lines} >= {"zw", "8", "23"}
    for line in lines:
        exact_hundredths = round(float(line["quantity"]) * float(line["unit_price"]) * 10_000)
        assert abs(line["amount_grosze"] * 100 - exact_hundredths) <= 50


def test_numbers_are_valid_and_nobody_shares_one(rows: Rows) -> None:
    people, leases = rows["people"], rows["leases"]
    for field in ("person_id", "login", "pesel", "nip", "email"):
        values = [person[field] for person in people if field in person]
        assert len(set(values)) == len(values) > 0
    accounts = [row["bank_account"] for row in leases]
    assert len(set(accounts)) == len(leases)
    assert all(iban.is_valid(f"PL{account}") for account in accounts)
    assert all(pesel_check.is_valid(person["pesel"]) for person in people if "pesel" in person)
    assert all(nip_check.is_valid(person["nip"]) for person in people if "nip" in person)
    assert all(person["email"].endswith("@example.invalid") for person in people if "email" in person)


def test_a_name_has_the_form_of_the_sex_that_the_pesel_tells(rows: Rows) -> None:
    for person in rows["people"]:
        if "pesel" in person:
            female = pesel_check.get_gender(person["pesel"]) == "F"
            assert person["given_name"].endswith("a") == female
            assert not person["family_name"].endswith(("ski", "cki") if female else ("ska", "cka"))


def test_everybody_had_grown_up_when_they_signed(rows: Rows) -> None:
    born = {p["person_id"]: pesel_check.get_birth_date(p["pesel"]) for p in rows["people"] if "pesel" in p}
    for row in rows["leases"]:
        for party in row["parties"]:
            if party["person_id"] in born:
                signed_on = date.fromisoformat(row["signed_on"])
                assert (signed_on - born[party["person_id"]]).days >= 18 * 365


def test_the_company_has_all_kinds_of_leases(rows: Rows) -> None:
    leases = rows["leases"]
    known = {person["person_id"] for person in rows["people"]}
    tenants = Counter(party["person_id"] for row in leases for party in row["parties"])
    assert set(tenants) == known
    assert {row["premises"]["kind"] for row in leases} == {"dwelling", "commercial"}
    assert any(len(row["parties"]) == 2 for row in leases)
    assert max(tenants.values()) == 2
    assert {row["waste_segregated"] for row in leases} == {True, False}
    assert any("ends_on" in row for row in leases)
    assert {row["due_day"] for row in leases} == {10, 15, 20, 31}
    assert any(row["premises"]["heated_area_m2"] < row["premises"]["usable_area_m2"] for row in leases)


def test_charges_cover_24_months_up_to_today_and_nothing_lies_in_the_future(rows: Rows) -> None:
    months = defaultdict(list)
    for row in rows["charges"]:
        assert row["issued_on"] <= TODAY.isoformat()
        if row["type"] == "ChargeIssued":
            months[row["lease_id"]].append(row["month"])
    assert months["L-000001"] == [f"{days.add_months(TODAY, -back):%Y-%m}" for back in range(23, -1, -1)]
    assert all(len(set(of_lease)) == len(of_lease) <= 24 for of_lease in months.values())
    assert all(row["paid_on"] <= TODAY.isoformat() for row in rows["payments"])


def test_corrections_name_a_charge_of_their_lease_and_go_both_ways(rows: Rows) -> None:
    issued = {(row["lease_id"], row["charge_id"]) for row in rows["charges"] if row["type"] == "ChargeIssued"}
    corrections = [row for row in rows["charges"] if row["type"] == "ChargeCorrected"]
    assert all((row["lease_id"], row["charge_id"]) in issued for row in corrections)
    assert {row["amount_grosze"] > 0 for row in corrections} == {True, False}
    assert len({row["correction_id"] for row in corrections}) == len(corrections)


def test_there_are_arrears_overpayments_and_leases_paid_to_the_grosz(rows: Rows) -> None:
    """All but the charges of this month, which nobody has had time to pay."""
    earlier = {**rows, "charges": [row for row in rows["charges"] if row.get("month") != f"{TODAY:%Y-%m}"]}
    balances = [balance_grosze(earlier, row["lease_id"]) for row in rows["leases"]]
    assert sum(balance > 200_000 for balance in balances) >= 5
    assert sum(balance < -20_000 for balance in balances) >= 5
    assert sum(balance == 0 for balance in balances) > len(balances) / 3


def test_the_demo_tenant_has_this_months_charge_ahead_and_a_little_arrears(rows: Rows, meta: Meta) -> None:
    mine = [row for row in rows["charges"] if row["lease_id"] == meta.tenant.lease_id and "month" in row]
    assert mine[-1]["month"] == f"{TODAY:%Y-%m}"
    assert mine[-1]["due_on"] >= "2026-11-30"
    assert len(mine[-1]["lines"]) >= 6
    assert balance_grosze(rows, meta.tenant.lease_id) == mine[-1]["amount_grosze"] + 15_000
    assert balance_grosze(rows, meta.other_tenant.lease_id) < 0


def test_the_demo_signs_in_to_people_who_hold_their_leases(rows: Rows, meta: Meta) -> None:
    for sign_in in (meta.tenant, meta.other_tenant):
        lease = next(row for row in rows["leases"] if row["lease_id"] == sign_in.lease_id)
        person = next(row for row in rows["people"] if row["login"] == sign_in.login)
        assert lease["parties"][0] == {"person_id": person["person_id"], "role": "tenant"}


def test_an_interrupted_export_leaves_no_finished_one_behind(tmp_path: Path) -> None:
    def stop(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    small = Order(20, 7, TODAY)
    generate(small, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        generate(Order(1_000, 7, TODAY), tmp_path, stop)
    assert read_meta(tmp_path) is None


@pytest.mark.parametrize("bad", [{"leases": 1}, {"leases": 10**8}, {"today": date(1999, 1, 1)}])
def test_what_cannot_be_generated_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Order(**{"leases": 2, "seed": 1, "today": TODAY, **bad})


def test_the_command_line_writes_the_export_and_refuses_bad_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--leases", "3", "--seed", "7", "--today", "2026-11-01", "--out", str(tmp_path)]) == 0
    assert "3 leases" in capsys.readouterr().out
    assert main(["generate", "--leases", "0", "--out", str(tmp_path)]) == 2
    assert "2 to 10000000" in capsys.readouterr().err


def test_today_is_the_first_day_of_the_month_in_warsaw() -> None:
    assert days.first_of_this_month().day == 1


@pytest.mark.parametrize(
    ("month", "due_day", "due_on"),
    [
        (date(2026, 2, 1), 31, date(2026, 3, 2)),  # the last day, a Saturday
        (date(2026, 6, 1), 4, date(2026, 6, 5)),  # Corpus Christi
        (date(2026, 4, 1), 5, date(2026, 4, 7)),  # Easter Sunday and Monday
        (date(2026, 11, 1), 10, date(2026, 11, 10)),
        (date(2026, 11, 1), 11, date(2026, 11, 12)),
    ],
)
def test_a_due_day_on_a_holiday_moves_to_the_next_working_day(month: date, due_day: int, due_on: date) -> None:
    assert days.due_date(month, due_day) == due_on


def test_months_follow_each_other_over_the_end_of_a_year() -> None:
    months = list(days.months_between(date(2025, 11, 17), date(2026, 2, 1)))
    assert months[0] == date(2025, 11, 1)
    assert months[-1] == date(2026, 2, 1)
    assert all((after - before) >= timedelta(days=28) for before, after in pairwise(months))
