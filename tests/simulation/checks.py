"""What must hold when all is said and done. Every broken rule is one line that names it."""

from collections.abc import Iterator, Sequence
from typing import Any

from libs.chassis.kafka import Record
from services.ledger.domain import Booked, allocate, figures_of
from services.payments.domain.payment import PaymentStatus
from tests.simulation.broker import ALL_PARTITIONS, Place, place_of
from tests.simulation.chance import Chance
from tests.simulation.event_store import Recorded
from tests.simulation.oracle_book import NaiveBook, NaiveEntry, contested
from tests.simulation.oracle_money import naive_figures, rightly_paid
from tests.simulation.plan import OrderCharge, OrderLease, Plan, StartPay, Tell
from tests.simulation.projector import FAILED
from tests.simulation.second_book import SecondBook, hash_of, sums_of
from tests.simulation.world import TODAY, World
