"""What the doors share: what they are built with, shapes of answers, cursors."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from libs.chassis.http import Cursor, aware_moment, cursor_of, read_cursor
from libs.chassis.postgres import Database
from services.payments.commands.notifications import NotificationTaker
from services.payments.commands.start import PaymentStarter
from services.payments.domain.autopay import Merchant, Order, start_fields
from services.payments.domain.channels import Channel
from services.payments.read_models.payments import PaymentRow, Place

NO_BREAK = "\u00a0"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """What every door is built with. `pay_url` is Autopay's address for starting a transaction; `channels` asks it."""

    database: Database
    starter: PaymentStarter
    taker: NotificationTaker
    merchant: Merchant
    pay_url: str
    channels: Callable[[], Awaitable[Sequence[Channel]]]


def shown(door: Door, row: PaymentRow) -> Json:
    """A payment as the interface has it; `redirect` is where to send the payer, None for an imported payment."""
    return {
        "payment_id": row.payment_id,
        "order_id": row.order_id,
        "amount_grosze": row.amount_grosze,
        "status": row.status.value,
        "redirect": _redirect(door, row),
    }


def _redirect(door: Door, row: PaymentRow) -> Json | None:
    if row.order_id is None or row.valid_until is None:
        return None
    about = f"Opłata za {row.month[5:]}.{row.month[:4]}" if row.month else "Opłaty za lokal"
    description = f"{about}, umowa {row.lease_number}"
    order = Order(row.order_id, row.amount_grosze, description, row.valid_until, row.channel or "")
    return {"method": "GET", "url": door.pay_url, "fields": start_fields(order, door.merchant)}


def listed(row: PaymentRow) -> Json:
    """A payment as lists have it. `credited_grosze`: what came, 0 or more than once the amount asked for."""
    return {
        "payment_id": row.payment_id,
        "order_id": row.order_id,
        "amount_grosze": row.amount_grosze,
        "status": row.status.value,
        "charge_id": row.charge_id,
        "month": row.month,
        "valid_until": None if row.valid_until is None else _moment(row.valid_until),
        "credited_grosze": row.credited_grosze,
        "begun_at": _moment(row.begun_at),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def money(amount_grosze: int) -> str:
    """Grosze as people in Poland read them: `100 000 zł`, `1 234,50 zł`, with spaces that do not break."""
    zlote, grosze = divmod(amount_grosze, 100)
    whole = f"{zlote:,}".replace(",", NO_BREAK)
    return f"{whole},{grosze:02d}{NO_BREAK}zł" if grosze else f"{whole}{NO_BREAK}zł"


async def after(cursor: Cursor = None) -> Place | None:
    """FastAPI dependency: where a list goes on; None for its top.

    Raises:
        Problem: 422 for a cursor that no list has given out.
    """
    return read_cursor(cursor, lambda at, payment_id: Place(aware_moment(at), payment_id))


def next_cursor(page: Sequence[PaymentRow], limit: int) -> str | None:
    """The cursor of the page after this one; None when this one is not full."""
    return None if len(page) < limit else cursor_of(page[-1].begun_at, page[-1].payment_id)
