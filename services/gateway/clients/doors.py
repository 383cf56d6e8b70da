"""The doors of ledger, payments and correspondence, as the pages use them: typed questions, typed answers.

Every method raises AwayError, NotFoundError or RefusedError as `transport` says; the last argument of a read is its
deadline in seconds.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

from services.gateway.clients import matter_models, models
from services.gateway.clients.sessions import Session
from services.gateway.clients.transport import (
    COMMAND_SECONDS,
    UPLOAD_SECONDS,
    Answer,
    AwayError,
    Call,
    Download,
    Service,
    path,
    success,
)

ShapeT = TypeVar("ShapeT", bound=models.Shape)

BYTES = "application/octet-stream"
FILE_SECONDS = 5.0  # until a file begins to come: a form is made first
ITN_SECONDS = 10.0  # Autopay sends again what is not confirmed


class Ledger:
    """The ledger service: leases, the balance, the history, the charges."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def leases(self, session: Session, seconds: float) -> models.LeaseRows:
        """The leases of the person, in the ledger's order."""
        return await _read(self.service, session, Call("GET", "/leases"), models.LeaseRows, seconds)

    async def lease(self, session: Session, lease_id: str, seconds: float) -> models.Lease:
        """A lease as its latest event states it."""
        return await _read(self.service, session, Call("GET", path("leases", lease_id)), models.Lease, seconds)

    async def balance(self, session: Session, lease_id: str, seconds: float) -> models.Balance:
        """What the lease owes."""
        call = Call("GET", path("leases", lease_id, "balance"))
        return await _read(self.service, session, call, models.Balance, seconds)

    async def entries(
        self, session: Session, lease_id: str, query: Mapping[str, str], seconds: float
    ) -> models.Entries:
        """A page of the history. `query`: limit, and perhaps cursor, year and kind."""
        call = Call("GET", path("leases", lease_id, "entries"), query)
        return await _read(self.service, session, call, models.Entries, seconds)

    async def entry(self, session: Session, lease_id: str, entry_id: str, seconds: float) -> models.Entry:
        """One line of the history."""
        call = Call("GET", path("leases", lease_id, "entries", entry_id))
        return await _read(self.service, session, call, models.Entry, seconds)

    async def explanation(self, session: Session, lease_id: str, seconds: float) -> models.Explanation:
        """Which lines of the history make the balance."""
        call = Call("GET", path("leases", lease_id, "explanation"))
        return await _read(self.service, session, call, models.Explanation, seconds)

    async def turnover(self, session: Session, lease_id: str, seconds: float) -> models.Turnover:
        """What was charged and paid, month by month."""
        call = Call("GET", path("leases", lease_id, "turnover"))
        return await _read(self.service, session, call, models.Turnover, seconds)

    async def statement(self, session: Session, lease_id: str, year: int, seconds: float) -> models.Statement:
        """A calendar year of the account, line by line."""
        call = Call("GET", path("leases", lease_id, "statement", str(year)))
        return await _read(self.service, session, call, models.Statement, seconds)

    async def history_file(self, session: Session, lease_id: str, year: int | None, seconds: float) -> Download:
        """The history, or a year of it, as a file for spreadsheets, as it comes; `seconds` are for its beginning."""
        query = {} if year is None else {"year": str(year)}
        call = Call("GET", f"{path('leases', lease_id)}/entries.csv", query)
        found = await self.service.download(call, session.for_service(self.service.name), seconds)
        if not isinstance(found, Download):
            if found.status != 401:
                success(found)
            raise AwayError(self.service.name)
        return found

    async def charged_months(self, session: Session, lease_id: str, seconds: float) -> models.ChargedMonths:
        """The months that have charges, newest first."""
        call = Call("GET", path("leases", lease_id, "charges"))
        return await _read(self.service, session, call, models.ChargedMonths, seconds)

    async def month(self, session: Session, lease_id: str, month: str, seconds: float) -> models.MonthCharges:
        """The charges of a month (YYYY-MM)."""
        call = Call("GET", path("leases", lease_id, "charges", month))
        return await _read(self.service, session, call, models.MonthCharges, seconds)


class Payments:
    """The payments service: paying by Autopay."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def of_lease(self, session: Session, lease_id: str, limit: int, seconds: float) -> models.Payments:
        """The payments of a lease, newest first."""
        call = Call("GET", path("leases", lease_id, "payments"), {"limit": str(limit)})
        return await _read(self.service, session, call, models.Payments, seconds)

    async def start(self, session: Session, lease_id: str, wanted: Mapping[str, str | int], key: str) -> models.Payment:
        """Start a payment; the answer says where to send the payer.

        `wanted`: amount_grosze, and perhaps charge_id, month (YYYY-MM, named to the payer) and channel.
        """
        body = json.dumps(dict(wanted)).encode()
        call = Call("POST", path("leases", lease_id, "payments"), body=body, idempotency_key=key)
        return await _command(self.service, session, call, models.Payment)

    async def one(self, session: Session, payment_id: str, seconds: float) -> models.Payment:
        """A payment, with where to go on while it waits for its payer."""
        return await _read(self.service, session, Call("GET", path("payments", payment_id)), models.Payment, seconds)

    async def channels(self, session: Session, seconds: float) -> models.Channels:
        """The ways to pay that can be picked beforehand."""
        return await _read(self.service, session, Call("GET", "/payment-channels"), models.Channels, seconds)

    async def returned(self, query: dict[str, str], seconds: float) -> models.ReturnedPayment:
        """The payment a payer comes back from, known by Autopay's hash alone."""
        answer = await self.service.ask(Call("GET", "/autopay/return", query), None, seconds)
        return models.ReturnedPayment.model_validate_json(success(answer))

    async def notification(self, body: bytes, content_type: str) -> Answer:
        """Hand a notification of Autopay on, byte for byte."""
        call = Call("POST", "/autopay/itn", body=body, content_type=content_type)
        return await self.service.ask(call, None, ITN_SECONDS)


class Correspondence:
    """The correspondence service: matters and letters."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def matter_types(self, session: Session, seconds: float) -> matter_models.MatterTypes:
        """The kinds of matters that can be raised."""
        return await _read(self.service, session, Call("GET", "/matter-types"), matter_models.MatterTypes, seconds)

    async def matters(self, session: Session, cursor: str | None, limit: int, seconds: float) -> matter_models.Matters:
        """A page of the person's matters."""
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        return await _read(self.service, session, Call("GET", "/matters", query), matter_models.Matters, seconds)

    async def matter(self, session: Session, matter_id: str, seconds: float) -> matter_models.Matter:
        """A matter with its letters."""
        return await _read(
            self.service, session, Call("GET", path("matters", matter_id)), matter_models.Matter, seconds
        )

    async def open(self, session: Session, fields: Mapping[str, object], key: str) -> matter_models.Matter:
        """Raise a matter. `fields`: matter_type_id, title, text, perhaps lease_id, fields, facts, attachment_ids."""
        call = Call("POST", "/matters", body=json.dumps(fields).encode(), idempotency_key=key)
        return await _command(self.service, session, call, matter_models.Matter)

    async def form(self, session: Session, matter_type_id: str, file_type: str, facts: Mapping[str, str]) -> Download:
        """The form of a kind of matter as `pdf` or `docx`, with what is known of the tenant."""
        body = json.dumps({"facts": facts}).encode()
        call = Call("POST", f"{path('matter-types', matter_type_id)}/form.{file_type}", body=body)
        return await _file(self.service, session, call)

    async def upload(self, session: Session, name: str, content: bytes, key: str) -> matter_models.Attachment:
        """Give a file as a draft."""
        call = Call("POST", "/attachments", body=content, content_type=BYTES, idempotency_key=key, file_name=name)
        answer = await ask_as(session, self.service, call, UPLOAD_SECONDS)
        return matter_models.Attachment.model_validate_json(success(answer))

    async def drafts(
        self, session: Session, attachment_ids: Sequence[str], seconds: float
    ) -> matter_models.Attachments:
        """What is known of the person's own drafts of these ids; those that are gone are left out."""
        if not attachment_ids:
            return matter_models.Attachments(items=[])
        call = Call("GET", "/attachments", [("id", one) for one in attachment_ids])
        return await _read(self.service, session, call, matter_models.Attachments, seconds)

    async def remove_draft(self, session: Session, attachment_id: str) -> None:
        """Throw a draft away."""
        success(
            await ask_as(session, self.service, Call("DELETE", path("attachments", attachment_id)), COMMAND_SECONDS)
        )

    async def attachment(self, session: Session, matter_id: str, attachment_id: str) -> Download:
        """A file of a matter."""
        call = Call("GET", path("matters", matter_id, "attachments", attachment_id))
        return await _file(self.service, session, call)

    async def write(self, session: Session, matter_id: str, letter: Mapping[str, object], key: str) -> None:
        """Write in a matter. `letter`: text, and perhaps attachment_ids."""
        body = json.dumps(letter).encode()
        call = Call("POST", path("matters", matter_id, "messages"), body=body, idempotency_key=key)
        success(await ask_as(session, self.service, call, COMMAND_SECONDS))


async def _file(service: Service, session: Session, call: Call) -> Download:
    found = await service.download(call, session.for_service(service.name), FILE_SECONDS)
    if not isinstance(found, Download):
        if found.status != 401:
            success(found)
        raise AwayError(service.name)
    return found


async def ask_as(session: Session, service: Service, call: Call, seconds: float) -> Answer:
    """A service's answer to what a person asks.

    Raises:
        AwayError: no answer, or the service does not take identity's token: nobody's fault who asks.
        SessionOverError: the session reaches no service yet.
    """
    answer = await service.ask(call, session.for_service(service.name), seconds)
    if answer.status == 401:
        raise AwayError(service.name)
    return answer


async def _read(service: Service, session: Session, call: Call, shape: type[ShapeT], seconds: float) -> ShapeT:
    return shape.model_validate_json(success(await ask_as(session, service, call, seconds)))


async def _command(service: Service, session: Session, call: Call, shape: type[ShapeT]) -> ShapeT:
    return shape.model_validate_json(success(await ask_as(session, service, call, COMMAND_SECONDS)))
