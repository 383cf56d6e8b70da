"""The shapes of what other services answer: read by the pages, and published as the API's OpenAPI document.

Unknown fields are ignored, so a service may add some. Money: integers of grosze.
"""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class LeaseRow(Shape):
    """A lease in a list."""

    lease_id: str
    number: str
    address: str
    kind: Literal["dwelling", "commercial"] = "dwelling"


class LeaseRows(Shape):
    """The leases of one person."""

    items: list[LeaseRow]


class MyLease(Shape):
    """A lease as `GET /me` names it."""

    lease_id: str
    number: str
    address: str
    role: str


class Me(Shape):
    """Who is signed in."""

    account_id: str
    leases: list[MyLease]


class Party(Shape):
    """A party of a lease; `role` is `tenant` or `co_tenant`."""

    person_id: str
    role: str


class Premises(Shape):
    """What is let. Areas: decimal strings of square metres."""

    premises_id: str
    kind: Literal["dwelling", "commercial"]
    address: str
    usable_area_m2: str
    heated_area_m2: str


class Meter(Shape):
    """A meter of the premises, with what it showed when it was last read, in the medium's usual unit."""

    meter_id: str
    medium: str
    last_reading: str | None = None
    read_on: date | None = None


class ChargeLine(Shape):
    """A line of a charge; `unit_price` in zł, `amount_grosze` gross and signed."""

    component: str
    description: str
    quantity: str
    unit: str
    unit_price: str
    vat_rate: str
    amount_grosze: int


class Lease(Shape):
    """A lease as its latest event states it."""

    lease_id: str
    number: str
    signed_on: date
    starts_on: date
    ends_on: date | None = None
    ended_on: date | None = None
    parties: list[Party] = Field(default_factory=list)
    premises: Premises
    meters: list[Meter] = Field(default_factory=list)
    persons: int
    waste_segregated: bool
    bank_account: str
    due_day: int
    deposit_grosze: int = 0
    charge_lines: list[ChargeLine] = Field(default_factory=list)


class NextDue(Shape):
    """The next sum that will be due."""

    due_on: date
    amount_grosze: int


class Figures(Shape):
    """What a lease owes, in a book at a version: balance = due today + not yet due - overpaid."""

    balance_grosze: int
    due_today_grosze: int
    not_yet_due_grosze: int
    overpaid_grosze: int
    next_due: NextDue | None = None
    book: int
    version: int
    as_of: date | None = None


class Balance(Figures):
    """What a lease owes, and where to pay it."""

    interest_grosze: int | None = None
    bank_account: str | None = None
    incomplete: bool = False
    stale: bool = False
    read_to: Any = None


class BookedLine(Shape):
    """What is booked on a lease: charges positive, payments negative."""

    id: str
    kind: str
    title: str
    amount_grosze: int
    booked_on: date
    due_on: date | None = None


class Entry(BookedLine):
    """A line of the history; charges positive, payments negative. `details`: the data of its event.

    `balance_after_grosze`: the balance with this line and all before it; null where the line stands alone.
    """

    version: int
    details: dict[str, Any] = Field(default_factory=dict)
    bank_account: str | None = None
    origin: dict[str, Any] = Field(default_factory=dict)
    balance_after_grosze: int | None = None


class Entries(Shape):
    """A page of the history, newest first; `next_cursor` is null on the last one."""

    items: list[Entry]
    next_cursor: str | None = None


class NamedEntry(BookedLine):
    """A line of the history as another one names it; `amount_grosze` is the whole line's.

    `charge_id` and `month` are those of the charge that it is or names.
    """

    charge_id: str | None = None
    month: str | None = None


class EntryPart(Shape):
    """A line of the history and the part of it that is meant, in grosze and positive."""

    entry: NamedEntry
    amount_grosze: int


class EntryExplanation(Shape):
    """What a line paid, or what paid it: `explanation` of its `details`. None: no credit, or no debt."""

    pays: list[EntryPart] = Field(default_factory=list)
    taken_back_by: list[EntryPart] = Field(default_factory=list)
    left_grosze: int | None = None
    paid_by: list[EntryPart] = Field(default_factory=list)
    takes_back: list[EntryPart] = Field(default_factory=list)
    unpaid_grosze: int | None = None


class DueMonth(Shape):
    """What is due by now of a month's charges; month null: of nothing that names a charge."""

    month: str | None = None
    due_on: date
    amount_grosze: int


class Explanation(Figures):
    """Where the balance comes from: the debts not wholly paid, and the credits left over.

    The lists have the first 200 each, the counts all; `due_today` adds up to the figure of that name.
    """

    lease_id: str
    unpaid: list[EntryPart]
    unpaid_count: int
    left: list[EntryPart]
    left_count: int
    due_today: list[DueMonth]


class Correction(Shape):
    """A correction of a charge; `amount_grosze` is the signed difference."""

    model_config = ConfigDict(extra="allow", frozen=True)

    correction_id: str
    charge_id: str
    issued_on: date
    due_on: date
    amount_grosze: int
    lines: list[ChargeLine] = Field(default_factory=list)


class Charge(Shape):
    """A charge as issued, with its corrections; `unpaid_grosze`: what is left to pay of all that."""

    charge_id: str
    due_on: date
    amount_grosze: int
    lines: list[ChargeLine] = Field(default_factory=list)
    corrections: list[Correction] = Field(default_factory=list)
    unpaid_grosze: int


class MonthCharges(Shape):
    """The charges of a month; `total_grosze` with corrections and without interest."""

    month: str
    charges: list[Charge]
    total_grosze: int


class ChargedMonth(Shape):
    """A month that has charges: their total with corrections, and what is left to pay of it."""

    month: str
    total_grosze: int
    due_on: date
    unpaid_grosze: int


class ChargedMonths(Shape):
    """The months with charges, newest first."""

    items: list[ChargedMonth]


class MonthTurnover(Shape):
    """A calendar month: charged with corrections and interest, paid less what went back, the balance at its end."""

    month: str
    charged_grosze: int
    paid_grosze: int
    balance_grosze: int


class Turnover(Shape):
    """The calendar months in which anything was booked, newest first."""

    items: list[MonthTurnover]


class StatementLine(BookedLine):
    """A line of a statement, with the balance after it."""

    balance_after_grosze: int


class Statement(Shape):
    """A year of an account, oldest line first: closing = opening + charged - paid."""

    year: int
    opening_grosze: int
    charged_grosze: int
    paid_grosze: int
    closing_grosze: int
    items: list[StatementLine]


class Redirect(Shape):
    """Where the payer goes to pay."""

    method: str
    url: str
    fields: dict[str, str]


PaymentStatus = Literal["initiated", "pending", "confirmed", "failed", "expired", "refunded", "in_review"]


class Payment(Shape):
    """A payment by Autopay; when it began and its month are told in lists."""

    payment_id: str
    order_id: str | None = None
    amount_grosze: int
    status: PaymentStatus
    redirect: Redirect | None = None
    begun_at: datetime | None = None
    charge_id: str | None = None
    month: str | None = None


class Channel(Shape):
    """A way to pay at Autopay that can be picked beforehand; limits in grosze, inclusive."""

    channel_id: str
    name: str
    group: str = ""
    min_grosze: int
    max_grosze: int


class Channels(Shape):
    """The channels that are open now; none while Autopay does not tell."""

    items: list[Channel]


class Payments(Shape):
    """A page of payments, newest first."""

    items: list[Payment]
    next_cursor: str | None = None


class ReturnedPayment(Shape):
    """What may be said of a payment to whoever comes back from Autopay with a true hash."""

    payment_id: str
    lease_id: str
    status: PaymentStatus
    amount_grosze: int
