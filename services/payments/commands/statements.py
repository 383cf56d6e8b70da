"""Taking files of bank statements: checked whole first, then taken in one transaction, or not at all.

A file is known by its hash, an entry by its id, so the same statement in another file adds nothing. Only what came in
counts: an outgoing transfer or a reversal is told in the report, and is nobody's payment.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from libs.chassis.event_store import EventStore, decided_again
from libs.chassis.postgres import Connection, Database
from services.payments.commands.taking import Received, Taking
from services.payments.domain import camt, matching, mt940, settlement, statement
from services.payments.domain.accounts import payer_id_of
from services.payments.domain.bank_profiles import Reading
from services.payments.domain.matching import Known
from services.payments.domain.report import Report
from services.payments.domain.settlement import Settled
from services.payments.domain.statement import Previous, Statement, StatementRefusedError
from services.payments.read_models import lease_accounts, leases, money_deeds, settlements, statements, transfers
from services.payments.read_models.statements import NewFile

MAX_NAME_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class StatementRules:
    """How statements are read and whose money is whose: settings, told once."""

    reading: Reading
    virtual_prefix: str
    settlements: settlement.Rules


@dataclass(frozen=True, slots=True)
class File:
    """A file to take; `by`: the opaque id of whoever brought it."""

    name: str
    data: bytes
    by: str


def read(data: bytes, reading: Reading) -> list[Statement]:
    """Read a file of either format, and check every statement in it.

    Raises:
        StatementRefusedError: something in it cannot be taken, so nothing is.
    """
    if len(data) > statement.MAX_FILE_BYTES:
        raise StatementRefusedError(f"plik ma ponad {statement.MAX_FILE_BYTES // 2**20} MiB")
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    found = camt.read(data) if is_xml else mt940.read(data, reading)
    for each in found:
        if not reading.is_ours(each.account):
            raise StatementRefusedError(f"rachunek …{each.account[-4:]} nie jest na liście naszych", each.line)
        statement.check(each)
    return found


class StatementImporter:
    """Imports files of statements."""

    def __init__(self, database: Database, store: EventStore, rules: StatementRules) -> None:
        self._database = database
        self._store = store
        self._rules = rules

    async def take(self, file: File, profile: str | None = None) -> Report:
        """Take a file, by a named profile or by that of its account; when this returns, all is committed.

        A file taken before is known without being read again, so by whichever profile.

        Raises:
            StatementRefusedError: nothing was taken.
        """
        reading = self._rules.reading
        if profile is not None and profile not in reading.profiles:
            raise StatementRefusedError("nie ma takiego profilu banku")
        async with self._database.connection() as connection:
            known = await statements.known_file(connection, hashlib.sha256(file.data).digest())
        if known is not None:
            known.known_file = True
            return known
        chosen = Reading(reading.profiles, reading.our_accounts, profile)
        found = await asyncio.to_thread(read, file.data, chosen)
        return await decided_again(partial(self._take, file, found))

    async def _take(self, file: File, found: Sequence[Statement]) -> Report:
        digest = hashlib.sha256(file.data).digest()
        async with self._database.transaction() as tx:
            await statements.alone(tx)
            before = await statements.known_file(tx, digest)
            if before is not None:
                before.known_file = True
                return before
            taking = Taking(found, await _warnings(tx, found))
            taking.leave_out(await transfers.known(tx, taking.transfer_ids))
            known = await self._known(tx, taking)
            for each in taking.received:
                if settlement.is_settlement(each.entry.details, self._rules.settlements):
                    taking.settle(each, await self._settled(tx, each, taking))
                else:
                    taking.receive(each, matching.match(each.numbers, known))
            await self._write(tx, file, digest, taking)
            return taking.report

    async def _known(self, tx: Connection, taking: Taking) -> Known:
        numbers = [each.numbers for each in taking.received]
        accounts = {account for each in numbers for account in (*each.accounts, *each.in_text)}
        payer_ids = {payer_id for each in numbers for payer_id in each.payer_ids}
        told = await lease_accounts.find(tx, accounts, payer_ids)
        return matching.known_of(told, partial(payer_id_of, virtual_prefix=self._rules.virtual_prefix))

    async def _settled(self, tx: Connection, received: Received, taking: Taking) -> Settled:
        details, entry = received.entry.details, received.entry
        collected = await settlements.open_payments(tx, entry.booked_on, settlement.ids_in(details))
        free = [each for each in collected if (each.payment_id, each.remote_id) not in taking.paid_out]
        return settlement.match(entry.amount_grosze, details, free, self._rules.settlements)

    async def _write(self, tx: Connection, file: File, digest: bytes, taking: Taking) -> None:
        await leases.lock_all(tx, {row.lease_id for row in taking.rows if row.lease_id is not None})
        name = file.name[:MAX_NAME_CHARACTERS]
        file_id = await statements.add_file(tx, NewFile(digest, name, file.by), taking.report)
        await statements.add(tx, file_id, taking.statements)
        await self._store.append_many(tx, taking.appends)
        await transfers.add(tx, [replace(row, file_id=file_id) for row in taking.rows])
        await transfers.retell(tx, file_id, taking.retold)
        for transfer_id, payments in taking.settled.items():
            await settlements.add(tx, transfer_id, payments)
        await money_deeds.add(tx, file.by, taking.deeds)
        taking.report.file_id = file_id


async def _warnings(tx: Connection, found: Sequence[Statement]) -> list[str]:
    """What does not join on to the statements taken before, or to those earlier in the file."""
    warnings: list[str] = []
    latest: dict[str, Previous | None] = {}
    for each in found:
        if each.account not in latest:
            latest[each.account] = await statements.previous(tx, each.account)
        if await statements.is_taken(tx, each):
            continue
        if await statements.differs(tx, each):
            warnings.append(f"wyciąg {each.label} był już wczytany z innymi saldami; sprawdź go w banku")
            continue
        warnings += statement.continuity_warnings(each, latest[each.account])
        if each.number is not None:
            latest[each.account] = Previous(each.closed_on.year, each.number, each.closing_grosze)
    return warnings
