"""The people of the demo company: tenants, those who share their flats, and firms; each made from a number alone."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Final

from deploy.demo import names, numbers

_WITHOUT_PESEL: Final = 0.02
_WITHOUT_EMAIL: Final = 0.15
_WITH_SAME_NAME: Final = 0.85
_NUMBERS_PER_LEASE: Final = 2  # a tenant and a co-tenant
_FIRST_LOGIN: Final = 100_000


@dataclass(frozen=True, slots=True)
class Person:
    """A contracting party: a person, or a firm known by its NIP."""

    person_id: str
    given_name: str
    family_name: str
    login: str
    born: date | None = None
    sex: numbers.Sex | None = None
    pesel: str | None = None
    nip: str | None = None
    email: str | None = None

    def line(self) -> dict[str, str]:
        """Give the person's line of people.jsonl: what is not known is left out."""
        optional = {"pesel": self.pesel, "nip": self.nip, "email": self.email}
        return {
            "person_id": self.person_id,
            "given_name": self.given_name,
            "family_name": self.family_name,
            **{name: value for name, value in optional.items() if value is not None},
            "login": self.login,
        }


def tenant(serial: int, seed: int) -> Person:
    """Make the tenant of dwelling number `serial` (0, 1, 2 …): the same whenever asked."""
    rng = Random(f"{seed}/tenant/{serial}")
    foreign = rng.random() < _WITHOUT_PESEL
    sex: numbers.Sex
    if foreign:
        sex, given, family = rng.choice(names.FOREIGN)
    else:
        sex = rng.choice(("female", "male"))
        given, family = _given(sex, rng), _family(rng.choice(names.FAMILY), sex)
    born, number = numbers.birth_place(serial, _salt(seed), co_tenant=False)
    return _person(
        serial * _NUMBERS_PER_LEASE,
        Person("", given, family, "", born, sex, None if foreign else numbers.pesel(born, number, sex)),
        rng,
    )


def co_tenant(serial: int, seed: int) -> Person:
    """Make the person who signed the lease of dwelling number `serial` beside its tenant, mostly a spouse."""
    rng = Random(f"{seed}/co-tenant/{serial}")
    first = tenant(serial, seed)
    sex: numbers.Sex = "male" if first.sex == "female" else "female"
    same = rng.random() < _WITH_SAME_NAME
    family = _masculine(first.family_name) if same else rng.choice(names.FAMILY)
    born, number = numbers.birth_place(serial, _salt(seed), co_tenant=True)
    drawn = Person("", _given(sex, rng), _family(family, sex), "", born, sex, numbers.pesel(born, number, sex))
    return _person(serial * _NUMBERS_PER_LEASE + 1, drawn, rng)


def firm(serial: int, seed: int) -> Person:
    """Make the firm that rents commercial premises number `serial`: a company, or a trader under their own name."""
    rng = Random(f"{seed}/firm/{serial}")
    tax_number = numbers.nip(serial, _salt(seed))
    if rng.random() < 0.5:
        drawn = Person("", rng.choice(names.TRADES), f"{rng.choice(names.FIRM_NAMES)} sp. z o.o.", "", nip=tax_number)
    else:
        owner = tenant(serial, seed)
        trade = rng.choice(names.TRADES)
        drawn = Person("", owner.given_name, f"{owner.family_name} {trade}", "", owner.born, owner.sex, nip=tax_number)
    return _person(serial * _NUMBERS_PER_LEASE, drawn, rng)


def _person(number: int, drawn: Person, rng: Random) -> Person:
    """Give `drawn` the ids that follow from its number, and an address at example.invalid unless it has none."""
    email = None
    if rng.random() >= _WITHOUT_EMAIL:
        email = f"{_ascii(drawn.given_name)}.{_ascii(drawn.family_name)}.{number}@example.invalid"
    return replace(drawn, person_id=f"P-{number + 1:06}", login=f"K{_FIRST_LOGIN + number}", email=email)


def _salt(seed: int) -> int:
    return Random(f"{seed}/numbers").randrange(numbers.MAX_PEOPLE)


def _given(sex: numbers.Sex, rng: Random) -> str:
    return rng.choice(names.FEMALE if sex == "female" else names.MALE)


def _family(family_name: str, sex: numbers.Sex) -> str:
    return names.feminine(family_name) if sex == "female" else family_name


def _masculine(family_name: str) -> str:
    return family_name[:-1] + "i" if family_name.endswith(("ska", "cka", "dzka")) else family_name


def _ascii(text: str) -> str:
    """Fold a Polish name to the letters of an e-mail address."""
    folded = unicodedata.normalize("NFKD", text.lower().replace("ł", "l")).encode("ascii", "ignore").decode()
    return "-".join(part for part in folded.replace(".", " ").split() if part)
