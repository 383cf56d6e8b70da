"""Makes a seed's plan: a small company with its tenants, its company systems, and Autopay."""

from datetime import date
from functools import lru_cache
from typing import Any, Final

from libs.events.envelope import EventData
from libs.events.ledger import LeaseChanged, LeaseSigned, Line
from libs.events.names import CHARGES, LEASES, PAYMENTS, TRANSFERS
from services.ledger.domain import ChangeLease, CorrectCharge, EndLease, IssueCharge, SignLease
from services.ledger.tests import facts
from services.payments.domain.autopay import amount_text
from services.payments.tests import itn
from tests.simulation.broker import Sending
from tests.simulation.chance import Chance
from tests.simulation.company import Company
from tests.simulation.plan import Notify, OrderCharge, OrderLease, Plan, Read, Request, StartPay, Tell, Try
from tests.simulation.scheduler import weather_of

# From the least to the greatest that an event may carry, with some that floats get wrong.
AMOUNTS: Final = (1, 7, 29, 57, 115, 1_005, 78_210, 100_003, 7_777_777, 10**11)
MONTHS: Final = ("2026-05", "2026-06", "2026-09", "2026-10", "2026-11", "2026-12")
LEASES_OF_SEEDS: Final = (1, 1, 2, 2, 3)
REMADE: Final = 0.05  # how often a topic is deleted and made again
SHARED: Final = 0.25  # how often Autopay reports one transaction for two orders
POISONED: Final = 0.15  # how often a record breaks our own projection for a while
TOPICS: Final = (LEASES, CHARGES, PAYMENTS, TRANSFERS)


class Maker:
    """Makes one plan."""

    def __init__(self, seed: int, *, always_remade: bool, always_shared: bool) -> None:
        self.seed = seed
        self._remade = 1.0 if always_remade else REMADE
        self._shared = 1.0 if always_shared else SHARED
        self.chance = Chance(seed, "plan")
        self.requests: list[Request] = []
        self._remote_ids: list[str] = []
        self.companies = [Company("erp", Chance(seed, "erp")), Company("billing", Chance(seed, "billing"))]

    def plan(self) -> Plan:
        """The whole plan."""
        count = LEASES_OF_SEEDS[-1] if self._shared == 1.0 else self.chance.one_of(LEASES_OF_SEEDS)
        leases = [f"L-{n}" for n in range(1, count + 1)]
        for lease in leases:
            self._lease(lease)
            self._charges(lease)
            self._money(lease)
            for company in self.companies:
                company.err(lease, TOPICS)
        poison: frozenset[bytes] = frozenset()
        if self.chance.happens(POISONED):
            poison = frozenset({self.companies[0].say_once("InterestCharged", self._interest("poison"), leases[0])})
        sendings = [sending for company in self.companies for sending in company.sendings()]
        requests = self.requests if self.chance.happens(0.5) else self.chance.shuffled(self.requests)
        return self._plan(requests, self.chance.shuffled(sendings), leases, poison)

    def _plan(
        self, requests: list[Request], sendings: list[Sending], leases: list[str], poison: frozenset[bytes]
    ) -> Plan:
        remade = self.chance.one_of(TOPICS) if not poison and self.chance.happens(self._remade) else None
        early = (len(requests), len(sendings)) if remade is None else (len(requests) // 2, len(sendings) // 2)
        return Plan(
            seed=self.seed,
            requests=tuple(requests[: early[0]]),
            sendings=tuple(sendings[: early[1]]),
            reads=self._reads(leases),
            weather=weather_of(self.chance),
            remade=remade,
            late_requests=tuple(requests[early[0] :]),
            late_sendings=tuple(sendings[early[1] :]),
            poison=poison,
        )

    def _lease(self, lease: str) -> None:
        chance = self.chance
        owner = chance.one_of(("ledger", "ledger", "erp", "both", "nobody"))
        if owner in {"ledger", "both"}:
            signed, changed = _terms()
            self._ask(OrderLease(lease, SignLease(signed)))
            if chance.happens(0.4):
                self._ask(OrderLease(lease, ChangeLease(changed)))
            if chance.happens(0.2):
                self._ask(OrderLease(lease, EndLease(date(2026, 11, chance.between(1, 28)))))
        if owner in {"erp", "both"}:
            erp = self.companies[0]
            erp.say("LeaseSigned", facts.lease_terms(), lease)
            if chance.happens(0.4):
                erp.say("LeaseChanged", facts.lease_terms(persons=chance.between(1, 5)), lease)
            if chance.happens(0.2):
                erp.say("LeaseEnded", {"ended_on": "2026-11-20"}, lease)

    def _charges(self, lease: str) -> None:
        chance = self.chance
        for n in range(chance.between(0, 3)):
            self._own_charge(lease, f"C-{n}", chance.one_of(AMOUNTS))
        for company in self.companies:
            for n in range(chance.between(0, 2)):
                company.say("ChargeIssued", facts.charge(chance.one_of(AMOUNTS), f"C-{n}", **self._days()), lease)
                if chance.happens(0.3):
                    company.say("ChargeCorrected", self._correction(f"{company.name}-K{n}", f"C-{n}"), lease)
                if chance.happens(0.3):
                    company.say("InterestCharged", self._interest(f"{company.name}-O{n}"), lease)

    def _own_charge(self, lease: str, charge_id: str, amount_grosze: int) -> None:
        chance, days = self.chance, self._days()
        issued_on, due_on = date.fromisoformat(days["issued_on"]), date.fromisoformat(days["due_on"])
        issue = IssueCharge(charge_id, days["month"], issued_on, due_on, (_line(amount_grosze),))
        self._ask(OrderCharge(lease, issue))
        if chance.happens(0.4):
            difference = chance.one_of((-1, 1)) * chance.one_of(AMOUNTS)
            correct = CorrectCharge(f"K-{charge_id}", charge_id, issued_on, due_on, (_line(difference),))
            self._ask(OrderCharge(lease, correct))

    def _money(self, lease: str) -> None:
        chance = self.chance
        for n in range(chance.between(0, 2)):
            amount_grosze = chance.one_of(AMOUNTS)
            payment_id = chance.uuid()
            charge_id = f"C-{chance.below(4)}" if chance.happens(0.5) else None
            tries = tuple(self._try(payment_id, k, amount_grosze) for k in range(chance.between(1, 3)))
            self._ask(StartPay(lease, payment_id, amount_grosze, charge_id, tries, chance.happens(0.3)))
            if chance.happens(0.25):
                refund = facts.refund(chance.one_of(AMOUNTS), payment_id, f"Z-{lease}-{n}", refunded_on=self._day())
                self._tell("PaymentRefunded", refund, lease)
            if chance.happens(0.15):
                back = facts.chargeback(chance.one_of(AMOUNTS), payment_id, f"CB-{lease}-{n}")
                self._tell("PaymentChargedBack", back, lease)
        if chance.happens(0.5):
            self._transfer(lease, f"T-{lease}")

    def _transfer(self, lease: str, transfer_id: str) -> None:
        chance, amount_grosze = self.chance, self.chance.one_of(AMOUNTS)
        received = {
            "transfer_id": transfer_id,
            "amount_grosze": amount_grosze,
            "booked_on": self._day(),
            "our_account": "61109010140000071219812874",
            "statement_ref": "2026/11",
        }
        self._tell("TransferReceived", received, transfer_id)
        self._tell("TransferCredited", facts.transfer(amount_grosze, transfer_id, self._day()), lease)
        if chance.happens(0.4):
            self._tell("TransferUncredited", facts.uncredited(amount_grosze, transfer_id, self._day()), lease)

    def _try(self, payment_id: str, number: int, amount_grosze: int) -> Try:
        """One of Autopay's transactions and its reports: one success at most, and whatever else around it."""
        chance = self.chance
        kind = chance.one_of(("right", "right", "right", "amount", "currency", "forged"))
        kind = "right" if self._shared == 1.0 else kind
        remote_id = f"R{number}-{payment_id[:8]}"
        if kind == "right":
            if self._remote_ids and chance.happens(self._shared):
                remote_id = chance.one_of(self._remote_ids)
            self._remote_ids.append(remote_id)
        texts = {
            "remoteID": remote_id,
            "amount": amount_text(amount_grosze + (1 if kind == "amount" else 0)),
            "currency": "EUR" if kind == "currency" else "PLN",
            "paymentDate": self._day().replace("-", "") + "120000",
        }
        key = "another-key" if kind == "forged" else itn.KEY
        statuses = ["PENDING"] * chance.below(2) + chance.one_of((["SUCCESS"], ["SUCCESS"], ["FAILURE"], []))
        statuses += chance.one_of(([], [], ["FAILURE"], ["PENDING"], ["SUCCESS"] if "SUCCESS" in statuses else []))
        notices: list[Notify] = []
        for status in statuses:
            transaction = itn.transaction(payment_id.replace("-", ""), paymentStatus=status, **texts)
            notices.append(Notify(f"{remote_id} {status} {kind}", itn.field(itn.document(transaction, key=key))))
        success = notices[statuses.index("SUCCESS")] if "SUCCESS" in statuses else None
        return Try(remote_id, tuple(notices), success, kind == "right", kind != "forged")

    def _reads(self, leases: list[str]) -> tuple[Read, ...]:
        chance = self.chance
        reads: list[Read] = []
        for _ in range(chance.between(2, 4)):
            own = chance.one_of(leases)
            asked = own if chance.happens(0.6) else f"L-{chance.between(1, 4)}"
            reads.append(Read(f"tenant-of-{own}", (own,), asked))
        return tuple(reads)

    def _ask(self, request: Request) -> None:
        self.requests.append(request)
        if self.chance.happens(0.15):
            self.requests.append(request)

    def _tell(self, name: str, data: dict[str, Any], subject: str) -> None:
        event = _event(name, data)
        self._ask(Tell(subject, event, f"{name}:{subject}:{data.get('refund_id', data.get('chargeback_id', ''))}"))

    def _days(self) -> dict[str, str]:
        month = self.chance.one_of(MONTHS)
        due = self.chance.one_of((f"{month}-{self.chance.between(10, 28)}", "2027-01-10", "2027-02-15"))
        return {"month": month, "issued_on": f"{month}-0{self.chance.between(1, 9)}", "due_on": due}

    def _day(self) -> str:
        return f"{self.chance.one_of(MONTHS)}-{self.chance.between(10, 28)}"

    def _correction(self, correction_id: str, charge_id: str) -> dict[str, Any]:
        amount_grosze = self.chance.one_of((-1, 1)) * self.chance.one_of(AMOUNTS)
        return facts.correction(amount_grosze, correction_id, charge_id, issued_on=self._day())

    def _interest(self, interest_id: str) -> dict[str, Any]:
        amount_grosze = self.chance.one_of((-1, 1)) * self.chance.one_of(AMOUNTS)
        return facts.interest(amount_grosze, interest_id, f"C-{self.chance.below(3)}", charged_on=self._day())


def plan_of(seed: int, *, always_remade: bool = False, always_shared: bool = False) -> Plan:
    """The plan of a seed: the same for ever.

    `always_remade`: a topic is made again in it. `always_shared`: Autopay reports its transactions for several orders.
    """
    return Maker(seed, always_remade=always_remade, always_shared=always_shared).plan()


def _line(amount_grosze: int) -> Line:
    return Line(**facts.line(amount_grosze))


def _event(name: str, data: dict[str, Any]) -> EventData:
    return facts.parsed(name, data)


@lru_cache(1)
def _terms() -> tuple[LeaseSigned, LeaseChanged]:
    terms = facts.lease_terms()
    return LeaseSigned.model_validate(terms), LeaseChanged.model_validate({**terms, "persons": 3})
