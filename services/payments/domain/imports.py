"""Lines of an import file of payments: one JSON object each, `{lease_id, …PaymentConfirmed}`, checked without mercy."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from libs.events.decoding import Rejected, read_json
from libs.events.fields import Id
from libs.events.payments import PaymentConfirmed


class BadLineError(Exception):
    """A line cannot be taken; the message says why, in words for an operator."""


@dataclass(frozen=True, slots=True)
class ImportedPayment:
    """A payment that came before or beside this system, and the lease it was for."""

    lease_id: str
    event: PaymentConfirmed


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    lease_id: Id


def read_line(line: bytes) -> ImportedPayment:
    """One line as a payment.

    Raises:
        BadLineError: it is no strict JSON object (duplicate names are refused), or a field is missing or out of bounds.
    """
    try:
        fields = read_json(line.strip())
        return ImportedPayment(_Line.model_validate(fields).lease_id, PaymentConfirmed.model_validate(fields))
    except Rejected as error:
        raise BadLineError(f"{error.reason}: {error.detail}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise BadLineError(f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}") from error
