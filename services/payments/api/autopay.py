"""Autopay's routes, without a token: the notification proves itself by its hash, and so does the payer's return.

What cannot be read is answered 400; what is not authentic, 200 with NOTCONFIRMED, and nothing is written; what is,
200 with CONFIRMED, but only once all of it is committed.
"""

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import Counter

from libs.chassis.http import Problem, not_found
from libs.chassis.logs import logger
from services.payments.api.wire import Door, Json
from services.payments.domain.autopay import is_authentic_return
from services.payments.domain.notification import (
    Answer,
    UnreadableNotificationError,
    confirmation,
    is_authentic,
    read,
)
from services.payments.read_models import payments

PATH = "/autopay"
BODY_LIMIT_BYTES = 256 * 1024  # a document of 64 KiB in base64, its signs escaped
MAX_FIELDS = 20
REFUSED = Counter("iok_payments_notifications_refused_total", "Notifications not taken, by why.", ("why",))


def router(door: Door) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix=PATH)

    @routes.post("/itn")
    async def notification(request: Request) -> Response:
        """Take a notification (ITN)."""
        try:
            said = read(_field(await request.body()))
        except UnreadableNotificationError as error:
            REFUSED.labels("unreadable").inc()
            logger(__name__).warning("unreadable notification", why=str(error))
            raise Problem(400, "Nieczytelne powiadomienie", detail=str(error)) from error
        answer = Answer.CONFIRMED if is_authentic(said, door.merchant) else Answer.NOTCONFIRMED
        if answer is Answer.CONFIRMED:
            await door.taker.take(said)
        else:
            REFUSED.labels("not_authentic").inc()
            logger(__name__).warning("notification that is not authentic", transactions=len(said.transactions))
        return Response(confirmation(said, answer, door.merchant), media_type="text/xml")

    @routes.get("/return")
    async def payer_returns(ServiceID: str = "", OrderID: str = "", Hash: str = "") -> Json:  # noqa: N803  # Autopay's
        """Tell which payment a payer comes back from; its status is what notifications have said so far."""
        if not is_authentic_return(ServiceID, OrderID, Hash, door.merchant):
            raise not_found()
        async with door.database.connection() as connection:
            row = await payments.find_order(connection, OrderID)
        if row is None:
            raise not_found()
        return {
            "payment_id": row.payment_id,
            "lease_id": row.lease_id,
            "status": row.status.value,
            "amount_grosze": row.amount_grosze,
        }

    return routes


def _field(body: bytes) -> str:
    """The form field `transactions`.

    Raises:
        UnreadableNotificationError: the body is no form, or the field is not there exactly once.
    """
    try:
        form = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise UnreadableNotificationError("the body is no form") from error
    fields = form.get("transactions", [])
    if len(fields) != 1:
        raise UnreadableNotificationError(f"the form has {len(fields)} fields named transactions")
    return fields[0]
