"""Importing charges: a line is a ChargeIssued or a ChargeCorrected with its `lease_id` and `type`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from libs.chassis.event_store import Append, EventStore
from libs.chassis.postgres import Connection
from libs.events.decoding import Rejected, read_json
from libs.events.envelope import EventData
from libs.events.ledger import ChargeCorrected, ChargeIssued
from libs.events.names import CHARGES, LEASES
from services.ledger.commands import import_leases
from services.ledger.commands.import_files import BadLine, BadLineError, Line, parse, raw_lines
from services.ledger.domain import Charges, CorrectCharge, IssueCharge, LedgerError, decide_charge
from services.ledger.read_models import charges, leases

TYPES: Final[dict[str, type[EventData]]] = {"ChargeIssued": ChargeIssued, "ChargeCorrected": ChargeCorrected}


def charge_key(charge_id: str) -> str:
    """The business key of a charge on its lease."""
    return f"charge:{charge_id}"


def correction_key(correction_id: str) -> str:
    """The business key of a correction on its lease."""
    return f"correction:{correction_id}"


class ChargeLines:
    """Lines of a file of charges. A correction may stand before its charge: `in_file` knows what the file holds."""

    def __init__(self, store: EventStore, in_file: frozenset[tuple[str, str]]) -> None:
        """Keep the store that knows the ledger's own charges, and (lease id, charge id) of the file's."""
        self._store = store
        self._in_file = in_file

    def read(self, number: int, lease_id: str, fields: dict[str, object]) -> Line:
        """Read a line; raises BadLineError."""
        kind = TYPES.get(str(fields.pop("type", None)))
        if kind is None:
            raise BadLineError("type: ChargeIssued or ChargeCorrected is wanted")
        event = parse(kind, fields)
        if isinstance(event, ChargeIssued):
            return Line(number, lease_id, charge_key(event.charge_id), event)
        if isinstance(event, ChargeCorrected):
            return Line(number, lease_id, correction_key(event.correction_id), event)
        raise TypeError(f"{event.event_type()} is not imported")

    async def decide(self, tx: Connection, lines: Sequence[Line]) -> list[Append | BadLine | None]:
        """Judge lines: of a lease that is known, and a correction of a charge that is known or in the file."""
        known = await self._known_leases(tx, sorted({line.lease_id for line in lines}))
        named = [(line.lease_id, _charge_id(line)) for line in lines]
        wanted = {(line.lease_id, line.key) for line in lines} | {(lease, charge_key(one)) for lease, one in named}
        recorded = await self._store.keys(tx, CHARGES, wanted)
        elsewhere = await charges.issued(tx, named) | self._in_file
        return [_decide(line, recorded, elsewhere, is_known=line.lease_id in known) for line in lines]

    async def _known_leases(self, tx: Connection, lease_ids: Sequence[str]) -> set[str]:
        own = await self._store.keys(tx, LEASES, [(lease_id, import_leases.KEY) for lease_id in lease_ids])
        return {lease_id for lease_id, _ in own} | set(await leases.owners(tx, lease_ids))


def charges_in(file: Path) -> frozenset[tuple[str, str]]:
    """(lease id, charge id) of every charge that a file issues; lines that cannot be read are judged elsewhere."""
    found: set[tuple[str, str]] = set()
    for raw in raw_lines(file):
        try:
            fields = read_json(raw.strip())
        except Rejected:
            continue
        if isinstance(fields, dict) and fields.get("type") == "ChargeIssued":
            found.add((str(fields.get("lease_id")), str(fields.get("charge_id"))))
    return frozenset(found)


def _charge_id(line: Line) -> str:
    charge_id: str = line.event.charge_id  # type: ignore[attr-defined]  # both kinds of line have one
    return charge_id


def _decide(
    line: Line,
    recorded: dict[tuple[str, str], dict[str, Any]],
    elsewhere: set[tuple[str, str]] | frozenset[tuple[str, str]],
    *,
    is_known: bool,
) -> Append | BadLine | None:
    if not is_known:
        return BadLine(line.number, f"lease {line.lease_id} is not known: import leases first")
    charge_id = _charge_id(line)
    issued = recorded.get((line.lease_id, charge_key(charge_id)))
    corrected = recorded.get((line.lease_id, line.key)) if isinstance(line.event, ChargeCorrected) else None
    state = Charges(
        issued={} if issued is None else {charge_id: ChargeIssued.model_validate(issued)},
        corrected={} if corrected is None else _by_id(ChargeCorrected.model_validate(corrected)),
        known_elsewhere=frozenset({charge_id} if (line.lease_id, charge_id) in elsewhere else ()),
    )
    try:
        events = decide_charge(state, _command(line))
    except LedgerError as refusal:
        return BadLine(line.number, f"lease {line.lease_id}: {refusal}")
    return Append(line.lease_id, events[0], line.key) if events else None


def _by_id(correction: ChargeCorrected) -> dict[str, ChargeCorrected]:
    return {correction.correction_id: correction}


def _command(line: Line) -> IssueCharge | CorrectCharge:
    match line.event:
        case ChargeIssued() as event:
            return IssueCharge(event.charge_id, event.month, event.issued_on, event.due_on, event.lines)
        case ChargeCorrected() as event:
            return CorrectCharge(event.correction_id, event.charge_id, event.issued_on, event.due_on, event.lines)
        case other:
            raise TypeError(f"{other.event_type()} is not imported")
