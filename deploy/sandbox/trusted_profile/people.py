"""The persons a tester may be: tenants of the demo company, somebody with other names, somebody nobody knows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

SHOWN_TENANTS = 8
UNKNOWN_PESEL = "44051401359"  # valid, and born in a year before the demo's people
OTHER_NAME = "Brzęczyszczykiewicz"


@dataclass(frozen=True)
class Person:
    """Who signs in, as the state knows them; names in capitals, all given names."""

    key: str
    given_name: str
    family_name: str
    pesel: str
    note: str = ""
    level: str = "http://eidas.europa.eu/LoA/substantial"

    @property
    def born(self) -> str:
        """The day of birth that the PESEL tells, as login.gov.pl writes it."""
        century, month = divmod(int(self.pesel[2:4]), 20)
        year = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[century] + int(self.pesel[:2])
        return f"{year}-{month:02}-{self.pesel[4:6]}Z"


NOBODY = Person("nieznana", "HALINA", "NIEZNANA", UNKNOWN_PESEL, "PESEL, którego firma nie zna")


def persons_in(folder: Path) -> dict[str, Person]:
    """Return the persons by key: from the demo's export in that folder, once it is there, and the unknown one."""
    tenants = _tenants(folder)
    others = []
    if tenants:
        first = tenants[0]
        named = replace(first, key="inne-nazwisko", family_name=OTHER_NAME.upper())
        others = [replace(named, note="PESEL najemcy, inne nazwisko niż w umowie")]
    return {person.key: person for person in (*tenants, *others, NOBODY)}


def _tenants(folder: Path) -> list[Person]:
    """The tenants whom the demo signs in as come first."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        with (folder / "people.jsonl").open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in islice(file, 40 * SHOWN_TENANTS)]
    except (OSError, ValueError):
        return []
    notes = {meta["tenant"]["person_id"]: "najemca z demo", meta["other_tenant"]["person_id"]: "inny najemca z demo"}
    known = sorted((row for row in rows if "pesel" in row), key=lambda row: row["person_id"] not in notes)
    return [_person(row, notes) for row in known[:SHOWN_TENANTS]]


def _person(row: Mapping[str, str], notes: Mapping[str, str]) -> Person:
    note = notes.get(row["person_id"], "")
    return Person(row["person_id"], row["given_name"].upper(), row["family_name"].upper(), row["pesel"], note)
