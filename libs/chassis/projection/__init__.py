"""The projection runner: Kafka's records into a service's tables, each exactly once in effect.

The group says who reads; PostgreSQL says from where. Effect and position change in one transaction.
"""

from libs.chassis.projection.contract import Projector, SetAside
from libs.chassis.projection.decisions import MAX_REASON_CHARACTERS, MIN_REASON_CHARACTERS, Decision
from libs.chassis.projection.desk import (
    MAX_REPLAYS,
    AlreadyDecidedError,
    DeskRecord,
    NotOnDeskError,
    ReplayedTooOftenError,
    SetAsideDesk,
)
from libs.chassis.projection.positions import Positions, StalePositionError
from libs.chassis.projection.runner import ProjectionRunner
from libs.chassis.projection.seen import Sighting, Verdict, sight

__all__ = [
    "MAX_REASON_CHARACTERS",
    "MAX_REPLAYS",
    "MIN_REASON_CHARACTERS",
    "AlreadyDecidedError",
    "Decision",
    "DeskRecord",
    "NotOnDeskError",
    "Positions",
    "ProjectionRunner",
    "Projector",
    "ReplayedTooOftenError",
    "SetAside",
    "SetAsideDesk",
    "Sighting",
    "StalePositionError",
    "Verdict",
    "sight",
]
