"""What came of a file of statements: figures for staff, and nothing of a payer."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StatementTaken:
    """One statement of the file. Money in grosze."""

    account: str
    label: str
    opening_grosze: int
    closing_grosze: int
    entries: int


@dataclass(slots=True)
class Report:
    """Counts of entries, and sums in grosze; `entries` = all the other counts but `not_booked` together."""

    statements: list[StatementTaken] = field(default_factory=list)
    entries: int = 0
    credited: int = 0
    credited_grosze: int = 0
    to_clarify: int = 0
    to_clarify_grosze: int = 0
    settlements: int = 0
    settlements_grosze: int = 0
    known: int = 0
    outgoing: int = 0
    reversed: int = 0
    not_booked: int = 0
    warnings: list[str] = field(default_factory=list)
    known_file: bool = False
    file_id: int = 0


# The figures in the order in which they are shown, with their names for staff.
FIGURES = (
    ("entries", "przeczytane pozycje"),
    ("credited", "zaliczone na umowy"),
    ("to_clarify", "do wyjaśnienia"),
    ("settlements", "rozliczenia Autopay"),
    ("known", "pominięte, bo już wczytane"),
    ("outgoing", "przelewy wychodzące, nie są wpłatami"),
    ("reversed", "storna, nie są wpłatami"),
    ("not_booked", "niezaksięgowane jeszcze przez bank, pominięte"),
)
