"""Tenants' routes, called by the gateway with a token of this service. Another tenant's lease or payment: 404."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from libs.chassis.auth import Principal, principal_of
from libs.chassis.http import ID, IdempotencyKey, Problem, key_conflicts, not_found
from libs.chassis.once import KeyUse, StoredAnswer
from libs.events.fields import Amount, Code, Id, Month
from services.payments.api.wire import Door, Json, after, listed, money, next_cursor, shown
from services.payments.commands.start import UnknownLeaseError, Wanted
from services.payments.domain.payment import AmountOverLimitError
from services.payments.read_models import payments
from services.payments.read_models.payments import PaymentRow, Place

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
CREATED = 201


Asker = Annotated[Principal, Depends(principal_of)]
Key = Annotated[str, Depends(IdempotencyKey)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
After = Annotated[Place | None, Depends(after)]


class NewPayment(BaseModel):
    """What a tenant wants to pay: an amount, perhaps for a charge that he names, its month, and how."""

    model_config = ConfigDict(strict=True, extra="forbid")

    amount_grosze: Amount
    charge_id: Id | None = None
    month: Month | None = None
    channel: Code | None = None


def router(door: Door) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/leases/{lease_id}/payments", status_code=CREATED)
    async def start(asker: Asker, lease_id: str, body: NewPayment, key: Key) -> JSONResponse:
        """Start a payment; the answer says where to send the payer."""
        status, answer = await _start(door, asker, asker.require_lease(lease_id), body, key)
        return JSONResponse(answer, status)

    @routes.get("/leases/{lease_id}/payments")
    async def of_lease(asker: Asker, lease_id: str, after: After, limit: Limit = DEFAULT_LIMIT) -> Json:
        """List the payments of a lease, newest first."""
        asker.require_lease(lease_id)
        async with door.database.connection() as connection:
            page = await payments.page(connection, lease_id, after, limit)
        return {"items": [listed(row) for row in page], "next_cursor": next_cursor(page, limit)}

    @routes.get("/payment-channels")
    async def channels(asker: Asker) -> Json:  # noqa: ARG001  # anybody signed in
        """List Autopay's channels that are open; none while it does not tell."""
        return {"items": [asdict(channel) for channel in await door.channels()]}

    @routes.get("/payments/{payment_id}")
    async def one(asker: Asker, payment_id: str) -> Json:
        """Give a payment of one of the asker's leases."""
        if asker.is_staff or not ID.fullmatch(payment_id):
            raise not_found()
        async with door.database.connection() as connection:
            row = await payments.find(connection, payment_id, asker.leases)
        if row is None:
            raise not_found()
        return shown(door, row)

    return routes


async def _start(door: Door, asker: Principal, lease_id: str, body: NewPayment, key: str) -> tuple[int, Json]:
    """Start a payment once per key; the same key with another lease or body is refused.

    Raises:
        Problem: 404 for a lease not known here, 422 over the limit or the channel's, 409 as `key_conflicts`.
    """
    request = {"lease_id": lease_id, **body.model_dump(exclude_none=True)}
    use = KeyUse.of(f"{asker.account_id} POST /leases/payments", key, request)
    refusal = await _refused_channel(door, body)

    def answer(row: PaymentRow) -> StoredAnswer:
        if refusal is not None:
            raise Problem(422, "Nieprawidłowe dane", errors=[{"field": "channel", "message": refusal}])
        return StoredAnswer(CREATED, shown(door, row))

    try:
        with key_conflicts():
            given = await door.starter.start(use, lease_id, Wanted(**body.model_dump()), answer)
    except UnknownLeaseError as error:
        raise not_found() from error
    except AmountOverLimitError as error:
        message = f"Jednorazowo można zapłacić przez internet najwyżej {money(error.limit_grosze)}."
        raise Problem(422, "Nieprawidłowe dane", errors=[{"field": "amount_grosze", "message": message}]) from error
    return given.status, given.body


async def _refused_channel(door: Door, body: NewPayment) -> str | None:
    """Why the channel that was picked cannot be used; None when none was picked, or it is open and takes the amount."""
    if body.channel is None:
        return None
    picked = next((one for one in await door.channels() if one.channel_id == body.channel), None)
    if picked is None:
        return "Ten sposób płatności jest teraz niedostępny. Wybierz inny albo wybierz go na stronie operatora."
    if picked.takes(body.amount_grosze):
        return None
    return f"Tym sposobem można zapłacić od {money(picked.min_grosze)} do {money(picked.max_grosze)}. Wybierz inny."
