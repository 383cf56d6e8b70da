"""The leases of the demo company: who rents what, since when, on which account and due day, and what a month costs."""

import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from deploy.demo import days, numbers, people, tariff
from deploy.demo.people import Person
from deploy.demo.premises import Premises, premises, use_of

MONTHS_OF_CHARGES: Final = 24
TENANT_INDEX: Final = 0  # the lease of the demo's first sign-in: a family, a few components, a little arrears
OTHER_TENANT_INDEX: Final = 1  # the second: paid ahead

_BANK_AND_BRANCH: Final = "1990000"  # an invented bank: nobody's money can go there by mistake
_CLIENT_PREFIX: Final = "4711"
_PAYER_STEP: Final = 10  # leases are numbered in tens at the bank, so that neighbours' accounts differ in two digits
_DUE_DAYS: Final = (10, 10, 10, 15, 15, 20, 31)
_LAST_DUE_DAY: Final = 31
_SHARED: Final = 0.55
_ENDED: Final = 0.03
_RECENT: Final = 0.06
_SORTS_WASTE: Final = 0.93
_FIRST_LETTING: Final = date(2004, 1, 1)
_ADULT_AT: Final = 20  # years; nobody signs younger
_DEPOSIT_RENTS: Final = 6


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease with everything that its charges and payments follow from."""

    index: int
    lease_id: str
    number: str
    signed_on: date
    starts_on: date
    ends_on: date | None
    parties: tuple[Person, ...]
    premises: Premises
    persons: int
    waste_segregated: bool
    bank_account: str
    due_day: int
    extras: tuple[tariff.Component, ...]

    def charge_lines(self, month: date) -> tuple[tariff.Line, ...]:
        """Give the lines of the charge of `month`."""
        match self.premises.use:
            case "dwelling":
                return self._dwelling_lines(month)
            case "shop":
                return self._shop_lines(month)
            case "garage":
                return (tariff.line(tariff.GARAGE_RENT, self.premises.usable_area_m2, month),)

    def _dwelling_lines(self, month: date) -> tuple[tariff.Line, ...]:
        persons, rooms, house = Decimal(self.persons), self.premises, self.premises.house
        waste = tariff.WASTE if self.waste_segregated else tariff.WASTE_UNSORTED
        lines = [
            tariff.line(tariff.RENT, rooms.usable_area_m2, month, house.rent_factor),
            tariff.line(tariff.HEATING, rooms.heated_area_m2, month),
            tariff.line(tariff.HOT_WATER, persons * Decimal("1.2"), month),
            tariff.line(tariff.COLD_WATER, persons * Decimal("2.8"), month),
            tariff.line(waste, persons, month),
            tariff.line(tariff.INTERCOM, Decimal(1), month),
        ]
        if house.has_lift:
            lines.append(tariff.line(tariff.LIFT, persons, month))
        return (*lines, *(tariff.line(extra, Decimal(1), month) for extra in self.extras))

    def _shop_lines(self, month: date) -> tuple[tariff.Line, ...]:
        rooms = self.premises
        return (
            tariff.line(tariff.SHOP_RENT, rooms.usable_area_m2, month, rooms.house.rent_factor),
            tariff.line(tariff.SHOP_HEATING, rooms.heated_area_m2, month),
            tariff.line(tariff.SHOP_WATER, Decimal(3), month),
            tariff.line(tariff.SHOP_WASTE, Decimal(2), month),
        )

    def data(self, today: date) -> dict[str, object]:
        """Give the lease's line of leases.jsonl, with the charge lines as they are now (or were at its end)."""
        lines = self.charge_lines(min(today, self.ends_on or today).replace(day=1))
        ends_on = {} if self.ends_on is None else {"ends_on": self.ends_on.isoformat()}
        first, *others = (party.person_id for party in self.parties)
        return {
            "lease_id": self.lease_id,
            "number": self.number,
            "signed_on": self.signed_on.isoformat(),
            "starts_on": self.starts_on.isoformat(),
            **ends_on,
            "parties": [
                {"person_id": first, "role": "tenant"},
                *({"person_id": other, "role": "co_tenant"} for other in others),
            ],
            "premises": self.premises.data(),
            "meters": [
                {"meter_id": meter_id, "medium": medium, **last_reading(meter_id, today)}
                for meter_id, medium in self.premises.meters
            ],
            "persons": self.persons,
            "waste_segregated": self.waste_segregated,
            "bank_account": self.bank_account,
            "due_day": self.due_day,
            "deposit_grosze": _DEPOSIT_RENTS * lines[0].amount_grosze,
            "charge_lines": [each.data() for each in lines],
        }


def last_reading(meter_id: str, today: date) -> dict[str, str]:
    """What a meter showed when the company last read it, at the end of the half-year before."""
    read_on = date(today.year, 6, 30) if today.month > 6 else date(today.year - 1, 12, 31)
    litres = zlib.crc32(meter_id.encode()) % 400_000
    return {"last_reading": f"{litres // 1000}.{litres % 1000:03}", "read_on": read_on.isoformat()}


def lease(index: int, seed: int, today: date) -> Lease:
    """Make lease number `index` (0, 1, 2 …) as it stands on `today`: the same whenever asked."""
    rng = Random(f"{seed}/lease/{index}")
    rooms = premises(index, seed)
    parties = _parties(index, seed, rng)
    signed_on, starts_on, ends_on = _term(index, parties, today, rng)
    return Lease(
        index=index,
        lease_id=f"L-{index + 1:06}",
        number=f"{index + 1:04}/{starts_on.year}",
        signed_on=signed_on,
        starts_on=starts_on,
        ends_on=ends_on,
        parties=parties,
        premises=rooms,
        persons=_persons(index, len(parties), rng),
        waste_segregated=index == TENANT_INDEX or rng.random() < _SORTS_WASTE,
        bank_account=numbers.nrb(numbers.sort_code(_BANK_AND_BRANCH), _CLIENT_PREFIX, (index + 1) * _PAYER_STEP),
        due_day=_LAST_DUE_DAY if index == TENANT_INDEX else rng.choice(_DUE_DAYS),
        extras=(tariff.PARKING,) if rooms.use == "dwelling" and rng.random() < 0.2 else (),
    )


def new_parties(signed: Lease) -> tuple[Person, ...]:
    """Give the parties of a lease that no earlier lease has brought: a garage's tenant came with the flat before it."""
    return () if signed.premises.use == "garage" else signed.parties


def _parties(index: int, seed: int, rng: Random) -> tuple[Person, ...]:
    match use_of(index):
        case "shop":
            return (people.firm(index, seed),)
        case "garage":
            return (people.tenant(index - 1, seed),)
        case "dwelling":
            shared = index == TENANT_INDEX or rng.random() < _SHARED
            return (people.tenant(index, seed), *((people.co_tenant(index, seed),) if shared else ()))


def _persons(index: int, parties: int, rng: Random) -> int:
    match use_of(index):
        case "dwelling":
            return parties + rng.choice((0, 0, 1, 1, 2, 3))
        case "shop" | "garage":
            return 0


def _term(index: int, parties: tuple[Person, ...], today: date, rng: Random) -> tuple[date, date, date | None]:
    """Give signed_on, starts_on and ends_on: most leases are older than the charges, some are new, some have ended."""
    window = days.add_months(today, 1 - MONTHS_OF_CHARGES)
    fate = rng.random() if index > OTHER_TENANT_INDEX else 1.0
    ends_on = None
    if fate < _ENDED:
        ends_on = days.add_months(today, -rng.randint(2, 12)) - timedelta(days=1)
    if _ENDED <= fate < _ENDED + _RECENT:
        starts_on = days.add_months(window, rng.randint(3, 20))
    else:
        starts_on = _long_ago(parties, window, rng)
    return starts_on - timedelta(days=rng.randint(3, 25)), starts_on, ends_on


def _long_ago(parties: tuple[Person, ...], window: date, rng: Random) -> date:
    adult = max((date(p.born.year + _ADULT_AT, 12, 31) for p in parties if p.born), default=_FIRST_LETTING)
    first = max(_FIRST_LETTING, adult)
    return days.add_months(first, 1 + rng.randrange(max(1, (window - first).days // 31)))
