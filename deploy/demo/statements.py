"""Which transfers stand in which of the demo's bank statements, and where these files lie."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from deploy.demo import bank, days
from deploy.demo.bank import Movement, Sheet
from deploy.demo.export import Order
from deploy.demo.leases import OTHER_TENANT_INDEX, TENANT_INDEX, Lease, lease
from deploy.demo.payments import habit_of

FOLDER: Final = "statements"
IMPORTED: Final = ("mbank.sta", "mbank")  # the file that the demo imports, and the profile to read it by
TRANSFERS: Final = 6  # of tenants, in each file
LOOKED_AT: Final = 400  # leases: enough to find those in arrears
FEE_GROSZE_PER_PAYMENT: Final = 35

# In the order of the files; which one an index is also tells the company's account.
FILES: Final[Mapping[str, Callable[[Sheet], bytes]]] = {
    "mbank.sta": bank.mbank,
    "pko.sta": bank.pko,
    "bph.sta": bank.bph,
    "camt.053.001.02.xml": lambda sheet: bank.camt(sheet, "02"),
    "camt.053.001.08.xml": lambda sheet: bank.camt(sheet, "08"),
}


def our_accounts() -> str:
    """The company's accounts as payments is told them: one of an MT940 with the profile that is named as the file."""
    sheets = ((name, Sheet(place + 1, date.min, ())) for place, name in enumerate(FILES))
    return ",".join(
        f"{sheet.account}={name.removesuffix('.sta')}" if name.endswith(".sta") else sheet.account
        for name, sheet in sheets
    )


def write(order: Order, export: Path) -> None:
    """Write the statements beside the export that they follow from; the same again gives the same bytes."""
    folder = export / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    payers = _payers(order)
    month, day = days.add_months(order.today, -1), bank.booking_day(order.today)
    for place, (name, written) in enumerate(FILES.items()):
        told = name != "pko.sta"
        own = payers[place :: len(FILES)][:TRANSFERS]
        movements: list[Movement] = [bank.transfer(each, month, told=told) for each in own]
        if name == IMPORTED[0]:
            movements += bank.unclear(payers[0], month)
            movements += _payouts(export / "payments.jsonl", day)
        (folder / name).write_bytes(written(Sheet(place + 1, day, (*movements, bank.outgoing()))))


def _payers(order: Order) -> Sequence[Lease]:
    """Leases whose tenants pay by transfer: those in arrears, then others; not the two that the demo signs in to."""
    made = (lease(index, order.seed, order.today) for index in range(min(order.leases, LOOKED_AT)))
    running = [each for each in made if each.ends_on is None]
    ours = [each for each in running if each.index not in (TENANT_INDEX, OTHER_TENANT_INDEX)] or running
    return sorted(ours, key=lambda each: -habit_of(each, order.seed).stopped_months)


def _payouts(payments: Path, booked_on: date) -> list[Movement]:
    """Autopay's settlement of the last day with payments before a day."""
    sums: dict[date, list[int]] = {}
    with payments.open(encoding="utf-8") as lines:
        for line in lines:
            paid = json.loads(line)
            sums.setdefault(date.fromisoformat(paid["paid_on"]), []).append(paid["amount_grosze"])
    last = max((day for day in sums if day < booked_on), default=None)
    if last is None:
        return []
    return [bank.payout(last, sum(sums[last]), FEE_GROSZE_PER_PAYMENT * len(sums[last]))]
