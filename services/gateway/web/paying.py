"""„Płacę”: the month's charge line by line, starting the payment, and coming back from Autopay."""

import asyncio
import hashlib
import json
import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libs.chassis import logs
from services.gateway.clients.doors import Ledger, Payments
from services.gateway.clients.models import Channels, Charge, ChargedMonths, MonthCharges, Payment
from services.gateway.clients.transport import AwayError, NotFoundError, RefusedError
from services.gateway.web.fee import PayerFee
from services.gateway.web.forms import KEY_FIELD, fields_of, new_key
from services.gateway.web.months import MONTH
from services.gateway.web.owed import Owed, first_unpaid
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import FormErrors, Site, origin
from services.gateway.web.start import PAYMENTS_LOOKED_AT, waiting_payments
from services.gateway.web.sums import grosze_of as sum_in_grosze
from services.gateway.web.visits import PAGE_SECONDS, Missing, Visitor, in_flight, missing, part

CHOICE = re.compile(
    r"(?P<what>due_today|next_due|charge):(?P<charge_id>[A-Za-z0-9._-]{0,64}):(?P<amount_grosze>[1-9]\d{0,11})"
)
OTHER = "other"
CHANNEL = re.compile(r"[1-9]\d{0,9}")
FIELDS = {"channel": "channel", "amount_grosze": "choice"}  # of payments' refusal: of this form
OTHER_MONTHS = 6
ASK_AGAIN_SECONDS = (2, 2, 2, 3, 3, 5, 5, 5, 10, 10, 20, 30, 60, 60, 120, 120, 300)  # then the reader asks by hand
SOON_SECONDS = 30  # what is not confirmed by then may take until the next working day
SETTLED = {"confirmed", "failed", "expired", "refunded", "in_review"}

log = logs.logger(__name__)


class Paying:
    """`/umowa/{lease_id}/place` and `/autopay/return`."""

    def __init__(self, site: Site, ledger: Ledger, payments: Payments, fee: PayerFee) -> None:
        self._fee = fee
        self._site = site
        self._ledger = ledger
        self._payments = payments

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/umowa/{lease_id}/place", let_in(self._show)),
            PageRoute("/umowa/{lease_id}/place", let_in(self._pay), methods=["POST"]),
            PageRoute("/autopay/return", self._returned),
        ]

    async def _show(self, request: Request, visitor: Visitor) -> Response:
        return await self._form(request, visitor, FormErrors({}), {})

    async def _form(
        self, request: Request, visitor: Visitor, errors: FormErrors, given: dict[str, str], status: int = 200
    ) -> Response:
        say = self._site.language.text
        session, lease_id = visitor.session, visitor.lease()
        wanted = request.query_params.get("miesiac")
        if wanted is not None and not MONTH.fullmatch(wanted):
            raise NotFoundError
        months, balance, payments, channels = await asyncio.gather(
            part(say("naliczenia"), self._ledger.charged_months(session, lease_id, visitor.seconds_left())),
            part(say("saldo i terminy płatności"), self._ledger.balance(session, lease_id, visitor.seconds_left())),
            part(
                say("płatności internetowe"),
                self._payments.of_lease(session, lease_id, PAYMENTS_LOOKED_AT, visitor.seconds_left()),
            ),
            part("", self._payments.channels(session, visitor.seconds_left())),  # without them: on Autopay's page
        )
        rows = months.items if isinstance(months, ChargedMonths) else []
        named = wanted or first_unpaid(rows)
        month: MonthCharges | Missing | None = None
        if named is not None:
            asked = self._ledger.month(session, lease_id, named, visitor.seconds_left())
            month = await part(say("naliczenia"), asked)
        owed = None if isinstance(balance, Missing) else Owed(balance)
        context = {
            "errors": errors,
            "complete": not missing(months, balance, month),
            "waiting": waiting_payments(payments),
            "other_months": [row for row in rows if row.month != named][:OTHER_MONTHS],
            "key": given.get(KEY_FIELD) or new_key(),
            "fee": self._fee.words(self._site.language),
            "channels": channels.items if isinstance(channels, Channels) else [],
            "given": given,
        } | self._offer(owed, month if isinstance(month, MonthCharges) else None, given, asked_for=wanted is not None)
        status = status if context["complete"] else 503
        gone = missing(months, balance, month, payments)
        return self._site.page(request, "pay.html", context, status=status, missing=gone)

    def _offer(
        self, owed: Owed | None, month: MonthCharges | None, given: dict[str, str], *, asked_for: bool
    ) -> dict[str, object]:
        """The month, whether it is paid, and what may be paid on this page: for a paid month asked for, nothing."""
        charges = owed.of_month(month) if owed and month else []
        settled = owed is not None and month is not None and not charges
        choices = [] if owed is None or (settled and asked_for) else self._choices(owed, month, charges)
        return {
            "month": month,
            "settled": settled,
            "owed_elsewhere": settled and asked_for and owed is not None and owed.grosze > 0,
            "choices": choices,
            "chosen": given.get("choice") or (choices[0]["value"] if choices else None),
        }

    def _choices(
        self, owed: Owed, month: MonthCharges | None, charges: list[tuple[Charge, int]]
    ) -> list[dict[str, object]]:
        """What can be paid now: all that is due today, each unpaid charge of the month, or else what is due next."""
        say, language = self._site.language.text, self._site.language
        choices = []
        if owed.due_today_grosze > 0:
            text = say("Wszystko, co jest do zapłaty dziś: %(sum)s") % {"sum": language.money(owed.due_today_grosze)}
            choices.append(self._choice("due_today:", owed.due_today_grosze, text))
        for charge, amount_grosze in charges:
            if month is None:
                continue
            several = say("Opłata za %(month)s, termin %(day)s: %(sum)s")
            text = several if len(month.charges) > 1 else say("Opłata za %(month)s: %(sum)s")
            named = {"month": language.month(month.month), "day": language.day(charge.due_on)}
            text %= named | {"sum": language.money(amount_grosze)}
            choices.append(self._choice(f"charge:{charge.charge_id}", amount_grosze, text))
        following = owed.next_due
        offered = {(charge.due_on, amount_grosze) for charge, amount_grosze in charges}
        if following and owed.due_today_grosze <= 0 and (following.due_on, following.amount_grosze) not in offered:
            text = say("Następna płatność, termin %(day)s: %(sum)s")
            text %= {"day": language.day(following.due_on), "sum": language.money(following.amount_grosze)}
            choices.append(self._choice("next_due:", following.amount_grosze, text))
        return choices

    def _choice(self, what: str, amount_grosze: int, text: str) -> dict[str, object]:
        """A radio button; where the fee is known, what Autopay will ask for stands under it."""
        choice: dict[str, object] = {"value": f"{what}:{amount_grosze}", "text": text}
        if self._fee.is_known:
            whole = self._site.language.money(amount_grosze + self._fee.of(amount_grosze))
            choice["hint"] = {"text": self._site.language.text("razem z opłatą operatora: %(sum)s") % {"sum": whole}}
        return choice

    def _wanted(self, request: Request, form: dict[str, str]) -> dict[str, str | int] | FormErrors:
        """What the form asks to be paid, as payments takes it; or what is wrong with it."""
        say = self._site.language.text
        chosen = CHOICE.fullmatch(form.get("choice", ""))
        wanted: dict[str, str | int] = {}
        if form.get("choice") == OTHER:
            grosze = sum_in_grosze(form.get("kwota", ""))
            if grosze is None:
                return FormErrors({"kwota": say("Wpisz kwotę w złotych, na przykład 250 albo 250,50.")})
            wanted["amount_grosze"] = grosze
        elif chosen is None:
            return FormErrors({"choice": say("Wybierz, co chcesz zapłacić.")})
        else:
            wanted["amount_grosze"] = int(chosen["amount_grosze"])
            if chosen["charge_id"]:
                wanted["charge_id"] = chosen["charge_id"]
                month = request.query_params.get("miesiac", "")
                wanted |= {"month": month} if MONTH.fullmatch(month) else {}
        if CHANNEL.fullmatch(form.get("channel", "")):
            wanted["channel"] = form["channel"]
        return wanted

    async def _pay(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        form = await fields_of(request)
        if form.get("kwota", "").strip() and form.get("choice") != OTHER:
            # What was typed is what was meant; but nobody pays a sum that they have not seen chosen.
            unsure = say("Wpisana jest inna kwota. Sprawdź ją i zapłać albo usuń ją i wybierz opłatę.")
            return await self._form(request, visitor, FormErrors({"kwota": unsure}), form | {"choice": OTHER})
        wanted = self._wanted(request, form)
        if isinstance(wanted, FormErrors):
            return await self._form(request, visitor, wanted, form)
        # One key for one choice of one form: two clicks are one payment, another choice is another payment.
        key = hashlib.sha256(f"{form.get(KEY_FIELD, '')}|{json.dumps(wanted, sort_keys=True)}".encode()).hexdigest()
        try:
            payment = await in_flight(
                lambda: self._payments.start(visitor.session, visitor.lease(), wanted, key),
                lambda error: isinstance(error, RefusedError) and error.answer.retry_after is not None,
            )
            return RedirectResponse(address_at_autopay(self._site, payment), 303)
        except AwayError:
            whole = say("Płatności internetowe chwilowo nie działają. Niczego nie pobraliśmy. Spróbuj za chwilę.")
            return await self._form(request, visitor, FormErrors({}, whole), form, 503)
        except RefusedError as error:
            log.warning("payment refused", status=error.answer.status)
            refused = FormErrors({FIELDS[name]: said for name, said in error.fields.items() if name in FIELDS})
            whole = say("Nie udało się rozpocząć płatności. Niczego nie pobraliśmy.")
            return await self._form(request, visitor, refused or FormErrors({}, whole), without_key(form))

    async def _returned(self, request: Request) -> Response:
        """What is known of the payment. Coming back says nothing by itself; Autopay's hash says who may look."""
        asked = {name: request.query_params.get(name, "") for name in ("ServiceID", "OrderID", "Hash")}
        try:
            payment, _ = await asyncio.gather(
                part("", self._payments.returned(asked, PAGE_SECONDS)),
                part("", self._site.reception.welcome(request)),
            )
        except RefusedError as error:
            raise NotFoundError from error
        known = None if isinstance(payment, Missing) else payment
        waiting = known is None or known.status not in SETTLED
        if "hx-request" in request.headers and not waiting:
            return Response(status_code=204, headers={"HX-Refresh": "true"})  # title and heading change too
        tries = _tries(request.query_params.get("proba", ""))
        address = f"/autopay/return?{urlencode(asked)}"
        again = tries < len(ASK_AGAIN_SECONDS)
        slow = sum(ASK_AGAIN_SECONDS[:tries]) >= SOON_SECONDS
        context = {
            "payment": known,
            "waiting": waiting,
            "slow": slow,
            "check_again": f"{address}&proba={tries}" if slow else address,
            "next_try": f"{address}&proba={tries + 1}" if again else None,
            "pause_seconds": ASK_AGAIN_SECONDS[tries] if again else 0,
        }
        template = "parts/payment-state.html" if "hx-request" in request.headers else "payment.html"
        return self._site.page(request, template, context, status=503 if known is None else 200)


def without_key(form: dict[str, str]) -> dict[str, str]:
    """A form as it was, but for its key: what was refused once would be refused under it for ever."""
    return {name: value for name, value in form.items() if name != KEY_FIELD}


def address_at_autopay(site: Site, payment: Payment) -> str:
    """Where the payer goes.

    Raises:
        AwayError: payments sent no address of Autopay; nobody is led anywhere else.
    """
    redirect = payment.redirect
    if redirect is None or origin(redirect.url) != site.autopay_origin:
        log.error("payment without an address at autopay", payment_id=payment.payment_id)
        raise AwayError("payments")
    return f"{redirect.url}?{urlencode(redirect.fields)}"


def _tries(text: str) -> int:
    return min(int(text), len(ASK_AGAIN_SECONDS)) if text.isdecimal() and len(text) < 4 else 0
