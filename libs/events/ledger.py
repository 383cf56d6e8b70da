"""What the ledger tells, and company systems beside it on `iok.leases` and `iok.charges`.

The lease id is the envelope's `subject`. Amounts are gross, in grosze.
"""

from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from libs.events import names
from libs.events.envelope import EventData
from libs.events.fields import (
    MAX_ITEMS,
    Address,
    Amount,
    Area,
    BankAccount,
    Count,
    Decimal,
    Deposit,
    Description,
    Id,
    IsoDate,
    LineAmount,
    Month,
    Number,
    Part,
    Sha256,
    SignedAmount,
    Sum,
    Text16,
    Text64,
    VatRate,
)


class Line(Part):
    """One component of a charge: quantity times unit price (zł) with its VAT; only the gross amount is booked."""

    component: Text64
    description: Description
    quantity: Decimal
    unit: Text16
    unit_price: Decimal
    vat_rate: VatRate
    amount_grosze: LineAmount


Lines = Annotated[tuple[Line, ...], Field(strict=False, max_length=MAX_ITEMS)]


class Party(Part):
    """A person of the lease, by an id that only identity can resolve."""

    person_id: Id
    role: Literal["tenant", "co_tenant"]


class Premises(Part):
    """What is let; the address is the company's data, not the tenant's."""

    premises_id: Id
    kind: Literal["dwelling", "commercial"]
    address: Address
    usable_area_m2: Area
    heated_area_m2: Area


class Meter(Part):
    """A meter in the premises and what it measures, such as `cold_water`; perhaps what it showed when last read.

    The reading is in the medium's usual unit: m³ of water and gas, GJ of heat, kWh of electricity.
    """

    meter_id: Id
    medium: Text64
    last_reading: Decimal | None = None
    read_on: IsoDate | None = None

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, serialised: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialised(self).items() if value is not None}


class _LeaseState(EventData):
    """The whole state of a lease; a due day of 31 means the last day of the month."""

    number: Text64
    signed_on: IsoDate
    starts_on: IsoDate
    ends_on: IsoDate | None = None
    parties: Annotated[tuple[Party, ...], Field(strict=False, max_length=MAX_ITEMS)]
    premises: Premises
    meters: Annotated[tuple[Meter, ...], Field(strict=False, max_length=MAX_ITEMS)]
    persons: Annotated[int, Field(ge=0, le=10_000)]
    waste_segregated: bool
    bank_account: BankAccount
    due_day: Annotated[int, Field(ge=1, le=31)]
    deposit_grosze: Deposit
    charge_lines: Lines


class LeaseSigned(_LeaseState):
    """A lease was signed; it belongs to the source that says so first."""

    topic: ClassVar[str] = names.LEASES


class LeaseChanged(_LeaseState):
    """A lease's terms changed; carries the whole new state."""

    topic: ClassVar[str] = names.LEASES


class LeaseEnded(EventData):
    """A lease ended; its parties go on reading and paying it."""

    topic: ClassVar[str] = names.LEASES

    ended_on: IsoDate


class _Itemised(Protocol):
    """What has lines and their sum."""

    @property
    def amount_grosze(self) -> int:
        """The whole amount."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Its parts."""


WholeT = TypeVar("WholeT", bound=_Itemised)


def _lines_add_up(whole: WholeT) -> WholeT:
    if sum(line.amount_grosze for line in whole.lines) != whole.amount_grosze:
        kind = "lines_do_not_add_up"
        message = "the lines' amounts do not add up to amount_grosze"
        raise PydanticCustomError(kind, message)
    return whole


class ChargeIssued(EventData):
    """The charge of a month, line by line."""

    topic: ClassVar[str] = names.CHARGES

    charge_id: Id
    month: Month
    issued_on: IsoDate
    due_on: IsoDate
    amount_grosze: Amount
    lines: Lines

    _check = model_validator(mode="after")(_lines_add_up)


class ChargeCorrected(EventData):
    """The signed difference, new minus old, of a charge issued before."""

    topic: ClassVar[str] = names.CHARGES

    correction_id: Id
    charge_id: Id
    issued_on: IsoDate
    due_on: IsoDate
    amount_grosze: SignedAmount
    lines: Lines

    _check = model_validator(mode="after")(_lines_add_up)


class InterestCharged(EventData):
    """Interest on a charge for the days `from` to `to`; a negative one takes interest back."""

    topic: ClassVar[str] = names.CHARGES

    interest_id: Id
    charge_id: Id
    charged_on: IsoDate
    due_on: IsoDate
    from_on: Annotated[IsoDate, Field(validation_alias="from", serialization_alias="from")]
    to_on: Annotated[IsoDate, Field(validation_alias="to", serialization_alias="to")]
    amount_grosze: SignedAmount


class TopicOffsets(Part):
    """How far one topic was read: its id, and the next offset of each partition."""

    id: Text64
    next: dict[Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,5})$")], Count]


Offsets = dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")], TopicOffsets]


class NextDue(Part):
    """All that is unpaid of the earliest later due date."""

    due_on: IsoDate
    amount_grosze: Number


class BalanceChanged(EventData):
    """A lease's figures as of a Warsaw day: state, not a stream; the greatest (book, version) counts."""

    topic: ClassVar[str] = names.BALANCES

    book: Number
    version: Count
    as_of: IsoDate
    balance_grosze: Sum
    due_today_grosze: Count
    not_yet_due_grosze: Count
    overpaid_grosze: Count
    next_due: NextDue | None
    offsets: Offsets


class BookSealed(EventData):
    """What the book was at these offsets; each seal names the one before, so none can be altered unseen.

    `state_hash` vouches for what the entries' digests hold, `content_hash` for the rest of their events.
    """

    topic: ClassVar[str] = names.SEALS

    book: Number
    offsets: Offsets
    entries: Count
    leases: Count
    state_hash: Sha256
    content_hash: Sha256 | None = None
    set_aside: Count
    previous_seal: Sha256 | None
