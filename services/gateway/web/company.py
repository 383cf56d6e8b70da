"""Whose portal this is: what its pages say of the company."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Accessibility:
    """The facts of the accessibility declaration (act of 4 April 2019, art. 10); a date not given is left out.

    `status` is one of the three words the act knows; `gaps` are sentences on what is not accessible.
    """

    status: str = "częściowo zgodna"
    gaps: tuple[str, ...] = ()
    person: str = ""
    building: str = ""
    published_on: date | None = None
    updated_on: date | None = None
    prepared_on: date | None = None
    reviewed_on: date | None = None


@dataclass(frozen=True)
class Company:
    """The company's name and how to reach it; `contact` is one line for the foot of every page, all may be empty.

    `transfer_name` is the recipient of transfers (20 characters of it fit into the QR code; empty: the name), `nip`
    stands in that code where it is given.
    """

    name: str
    contact: str = ""
    email: str = ""
    phone: str = ""
    privacy_officer: str = ""
    transfer_name: str = ""
    nip: str = ""
    accessibility: Accessibility = field(default_factory=Accessibility)
