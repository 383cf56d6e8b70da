"""The kinds of values that events carry, each with its bounds (the `data` section of the events' design).

Nothing is coerced: `true`, `"12"`, `12.0` and `1e3` are no integers, a date is exactly `YYYY-MM-DD`.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

# The largest amount of one event or line, in grosze: a thousand million zł, far above any rent and far below int64.
MAX_AMOUNT_GROSZE: Final = 10**11
# Sums of amounts and counters: what a PostgreSQL bigint and a Java long hold.
MAX_BIGINT: Final = 2**63 - 1
# The only free text of an event; longer ones are refused so that nobody writes letters into Kafka.
MAX_DESCRIPTION_CHARACTERS: Final = 80
# Items of one list: 256 KiB hold few more of the shortest useful ones.
MAX_ITEMS: Final = 5_000

NO_CONTROL_CHARACTERS: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
DECIMAL: Final = r"^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,8})?$"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")


class Part(BaseModel):
    """Base of the objects inside an event's `data`: immutable, strict, deaf to unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


def _parse_date(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _DATE.fullmatch(value):
        message = "must be a date as YYYY-MM-DD"
        raise ValueError(message)
    return date.fromisoformat(value)


def _parse_moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _MOMENT.fullmatch(value):
        message = "must be a time in UTC as YYYY-MM-DDThh:mm:ssZ"
        raise ValueError(message)
    return datetime.fromisoformat(value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        message = "must have a time zone"
        raise ValueError(message)
    return value.astimezone(UTC)


def _not_zero(value: int) -> int:
    if value == 0:
        kind = "amount_zero"
        message = "an amount of zero says nothing"
        raise PydanticCustomError(kind, message)
    return value


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text16 = Annotated[str, Field(min_length=1, max_length=16, pattern=NO_CONTROL_CHARACTERS)]
Text64 = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_CONTROL_CHARACTERS)]
Address = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL_CHARACTERS)]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARACTERS, pattern=NO_CONTROL_CHARACTERS)]
BankAccount = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9 ]{0,39}$")]

Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT_GROSZE)]
SignedAmount = Annotated[
    int,
    Field(ge=-MAX_AMOUNT_GROSZE, le=MAX_AMOUNT_GROSZE, json_schema_extra={"not": {"const": 0}}),
    AfterValidator(_not_zero),
]
LineAmount = Annotated[int, Field(ge=-MAX_AMOUNT_GROSZE, le=MAX_AMOUNT_GROSZE)]
Deposit = Annotated[int, Field(ge=0, le=MAX_AMOUNT_GROSZE)]
Sum = Annotated[int, Field(ge=-MAX_BIGINT, le=MAX_BIGINT)]
Count = Annotated[int, Field(ge=0, le=MAX_BIGINT)]
Number = Annotated[int, Field(ge=1, le=MAX_BIGINT)]

# Decimals stay the text they came as: digests are taken of it, and no binary fraction ever touches it.
Area = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$")]
Decimal = Annotated[str, Field(pattern=DECIMAL)]
VatRate = Literal["23", "8", "5", "0", "zw"]

IsoDate = Annotated[
    date,
    BeforeValidator(_parse_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{_DATE.pattern}$"}),
]
Month = Annotated[str, Field(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$")]
Moment = Annotated[
    datetime,
    BeforeValidator(_parse_moment),
    AfterValidator(_aware),
    PlainSerializer(lambda moment: moment.isoformat().replace("+00:00", "Z"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_MOMENT.pattern}$"}),
]
