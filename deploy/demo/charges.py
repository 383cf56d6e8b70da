"""What the company charged: a charge each month and, now and then, a correction of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from deploy.demo import days, tariff
from deploy.demo.leases import MONTHS_OF_CHARGES, Lease

_CORRECTED: Final = 0.03  # share of the monthly charges that are corrected later
_CORRECTED_AFTER_DAYS: Final = (18, 55)
_CORRECTION_DUE_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Document:
    """A charge, or a correction of `charge_id`; amounts in grosze are the sums of the lines."""

    lease_id: str
    charge_id: str
    issued_on: date
    due_on: date
    lines: tuple[tariff.Line, ...]
    month: date | None = None
    correction_id: str | None = None

    @property
    def amount_grosze(self) -> int:
        """Sum the lines; signed in a correction."""
        return tariff.total_grosze(self.lines)

    def data(self) -> dict[str, object]:
        """Give the document's line of charges.jsonl."""
        head: dict[str, str | None]
        if self.month is not None:
            head = {"type": "ChargeIssued", "charge_id": self.charge_id, "month": f"{self.month:%Y-%m}"}
        else:
            head = {"type": "ChargeCorrected", "correction_id": self.correction_id, "charge_id": self.charge_id}
        return {
            "lease_id": self.lease_id,
            **head,
            "issued_on": self.issued_on.isoformat(),
            "due_on": self.due_on.isoformat(),
            "amount_grosze": self.amount_grosze,
            "lines": [line.data() for line in self.lines],
        }


def documents(lease: Lease, seed: int, today: date) -> Iterator[Document]:
    """Yield the charges of the last 24 months, oldest first, each followed by its correction; none after `today`."""
    rng = Random(f"{seed}/charges/{lease.index}")
    first = max(days.add_months(today, 1 - MONTHS_OF_CHARGES), lease.starts_on)
    for month in days.months_between(first, min(today, lease.ends_on or today)):
        charge = Document(
            lease_id=lease.lease_id,
            charge_id=f"NAL-{lease.index + 1:06}-{month:%Y-%m}",
            issued_on=month,
            due_on=days.due_date(month, lease.due_day),
            lines=lease.charge_lines(month),
            month=month,
        )
        yield charge
        correction = _correction(charge, rng)
        if correction is not None and correction.issued_on <= today:
            yield correction


def _correction(charge: Document, rng: Random) -> Document | None:
    if rng.random() >= _CORRECTED:
        return None
    wrong = rng.choice(charge.lines)
    issued_on = days.working_day(charge.issued_on + timedelta(days=rng.randint(*_CORRECTED_AFTER_DAYS)))
    return Document(
        lease_id=charge.lease_id,
        charge_id=charge.charge_id,
        issued_on=issued_on,
        due_on=days.working_day(issued_on + timedelta(days=_CORRECTION_DUE_DAYS)),
        lines=(_difference(wrong, charge.issued_on, rng),),
        correction_id=charge.charge_id.replace("NAL", "KOR"),
    )


def _difference(wrong: tariff.Line, month: date, rng: Random) -> tariff.Line:
    """Give the line by which the charge was wrong: a person more or less, or a reading unlike the estimate."""
    sign = rng.choice((-1, -1, 1))
    step = Decimal(1) if wrong.component.unit in {"os.", "szt."} else Decimal(rng.randint(2, 24)).scaleb(-1)
    quantity = sign * min(step, wrong.quantity)
    return tariff.Line(wrong.component, f"Korekta za {month:%m.%Y}: {wrong.description}", quantity, wrong.unit_price_zl)
