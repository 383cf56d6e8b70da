"""One seed: the plan, the storm, the calm after it, the operator, and the checks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from libs.chassis.kafka import Record
from libs.events.names import PAYMENTS, TRANSFERS
from tests.simulation.broker import ALL_PARTITIONS, At, Place, crc_partition, place_of
from tests.simulation.bugs import Machinery
from tests.simulation.chance import Chance
from tests.simulation.checks import Checks
from tests.simulation.database import Steps
from tests.simulation.ledger_api import Clients, Query
from tests.simulation.plan import OrderCharge, OrderLease, Plan, Request
from tests.simulation.scheduler import FAIR, Process, Scheduler
from tests.simulation.world import World
