"""The houses of the demo company: dwellings, shops on the ground floor and garages, with areas and meters."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final, Literal

from deploy.demo import names

Use = Literal["dwelling", "shop", "garage"]

HOUSE_SIZE: Final = 24  # premises at one address
_SHOP: Final = 5  # the number in each house that is a shop
_GARAGE_EVERY: Final = 40  # one lease in so many is a garage, rented by the tenant before it
_GARAGE: Final = 3
_LIFT: Final = 0.4
_DWELLING_AREAS_M2: Final = (27, 82)
_SHOP_AREAS_M2: Final = (24, 160)
_UNHEATED: Final = 0.35  # share of dwellings with a loggia or a larder that the heating does not reach


@dataclass(frozen=True, slots=True)
class House:
    """One address: what its premises have in common."""

    address: str
    has_lift: bool
    rent_factor: Decimal


@dataclass(frozen=True, slots=True)
class Premises:
    """Premises as the lease describes them; areas in m² with two decimals."""

    premises_id: str
    use: Use
    house: House
    number: int
    usable_area_m2: Decimal
    heated_area_m2: Decimal
    meters: tuple[tuple[str, str], ...]

    @property
    def kind(self) -> str:
        """Tell what the contract calls it: garages are let as commercial premises."""
        return "dwelling" if self.use == "dwelling" else "commercial"

    def data(self) -> dict[str, str]:
        """Give `premises` of LeaseSigned."""
        prefix = "garaż " if self.use == "garage" else ""
        return {
            "premises_id": self.premises_id,
            "kind": self.kind,
            "address": f"{prefix}{self.house.address}/{self.number}, {names.TOWN}",
            "usable_area_m2": str(self.usable_area_m2),
            "heated_area_m2": str(self.heated_area_m2),
        }


def use_of(index: int) -> Use:
    """Tell what the premises of lease number `index` are used for."""
    if index % _GARAGE_EVERY == _GARAGE:
        return "garage"
    return "shop" if index % HOUSE_SIZE == _SHOP else "dwelling"


def premises(index: int, seed: int) -> Premises:
    """Make the premises of lease number `index`."""
    rng = Random(f"{seed}/premises/{index}")
    use = use_of(index)
    usable, heated = _areas(use, rng)
    return Premises(
        premises_id=f"LOK-{index + 1:06}",
        use=use,
        house=_house(index // HOUSE_SIZE, seed),
        number=index % HOUSE_SIZE + 1,
        usable_area_m2=usable,
        heated_area_m2=heated,
        meters=_meters(index, use, rng),
    )


def _house(number: int, seed: int) -> House:
    rng = Random(f"{seed}/house/{number}")
    round_, street = divmod(number, len(names.STREETS))
    return House(
        address=f"ul. {names.STREETS[street]} {2 * round_ + 1 + street % 2}",
        has_lift=rng.random() < _LIFT,
        rent_factor=Decimal(rng.randint(92, 112)).scaleb(-2),
    )


def _areas(use: Use, rng: Random) -> tuple[Decimal, Decimal]:
    if use == "garage":
        return _area(rng.randint(15, 19), rng), Decimal("0.00")
    usable = _area(rng.randint(*(_SHOP_AREAS_M2 if use == "shop" else _DWELLING_AREAS_M2)), rng)
    unheated = _area(rng.randint(1, 4), rng) if use == "dwelling" and rng.random() < _UNHEATED else Decimal(0)
    return usable, usable - unheated


def _area(whole_m2: int, rng: Random) -> Decimal:
    return whole_m2 + Decimal(rng.randrange(100)).scaleb(-2)


def _meters(index: int, use: Use, rng: Random) -> tuple[tuple[str, str], ...]:
    """Give (meter id, medium): water in flats and shops, a second riser in some, heat by meter or allocators."""
    if use == "garage":
        return ()
    media = ["cold_water", "hot_water"] * (2 if rng.random() < 0.25 else 1)
    media += ["heat"] * (1 if rng.random() < 0.6 else rng.randint(2, 4))
    return tuple((f"LI-{index + 1:06}-{number}", medium) for number, medium in enumerate(media, start=1))
