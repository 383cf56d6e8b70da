"""`import-leases`, `change-lease`, `end-lease`, `import-charges`, `charge-run`."""

import argparse
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Final

from libs.chassis.event_store import utc_now
from libs.chassis.runtime import Command, CommandError, opened
from libs.chassis.telling import progress, say
from libs.events.decoding import Rejected, read_json
from libs.events.ledger import LeaseChanged
from services.ledger.app import event_store
from services.ledger.commands.charge_run import Charger
from services.ledger.commands.import_charges import ChargeLines, charges_in
from services.ledger.commands.import_files import BadFileError, BadLineError, Importer, ImportRefusedError, Kind, parse
from services.ledger.commands.import_leases import LeaseLines
from services.ledger.commands.leases import LeaseDesk
from services.ledger.domain import ChangeLease, EndLease, LedgerError, first_day, warsaw_day
from services.ledger.operate.telling import add_json, plainly, tell
from services.ledger.read_models.reading import NotCaughtUpError, wait_until_read
from services.ledger.settings import NAME, Settings

WAIT_SECONDS: Final = 30.0  # leases signed a moment ago are still on their way through Kafka


def _file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        f"{parser.description}. UTF-8 JSON Lines. The file is checked whole first: when a line is bad, all bad lines "
        "are listed and nothing changes. Lines imported before are skipped, so that an interrupted import goes on."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the file to import")
    add_json(parser)


async def _import_leases(settings: Settings, arguments: argparse.Namespace) -> int:
    return await _import(settings, arguments, LeaseLines(event_store()))


async def _import_charges(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        lines = ChargeLines(event_store(), charges_in(arguments.file))
    except OSError as error:
        raise CommandError(f"{arguments.file} cannot be read: {error.strerror}") from error
    return await _import(settings, arguments, lines)


async def _import(settings: Settings, arguments: argparse.Namespace, kind: Kind) -> int:
    file: Path = arguments.file
    async with plainly("import"), opened(settings, f"iok-{NAME}-import") as database:
        importer = Importer(database, event_store(), kind, lambda done, of: progress(f"{done} of {of} lines"))
        try:
            done = await importer.run(file)
        except BadFileError as error:
            for bad in error.bad:
                say(f"{file}:{bad.number}: {bad.reason}")
            raise CommandError(str(error)) from error
        except ImportRefusedError as error:
            raise CommandError(str(error)) from error
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    tell(asdict(done), as_json=arguments.json)
    return 0


def _change_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lease_id", metavar="LEASE", help="the lease, one of the ledger's own")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="its whole new terms: a JSON object, as of LeaseChanged"
    )
    add_json(parser)


async def _change_lease(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        terms = parse(LeaseChanged, _object(arguments.file))
    except (OSError, BadLineError, Rejected) as error:
        raise CommandError(f"{arguments.file}: {error}") from error
    if not isinstance(terms, LeaseChanged):
        raise TypeError(f"{terms.event_type()} is no change of a lease")
    return await _command(settings, arguments, ChangeLease(terms))


def _object(file: Path) -> dict[str, object]:
    read = read_json(file.read_bytes())
    if not isinstance(read, dict):
        raise BadLineError("no JSON object")
    return dict(read)


def _end_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lease_id", metavar="LEASE", help="the lease, one of the ledger's own")
    parser.add_argument("ended_on", type=date.fromisoformat, metavar="YYYY-MM-DD", help="its last day")
    add_json(parser)


async def _end_lease(settings: Settings, arguments: argparse.Namespace) -> int:
    return await _command(settings, arguments, EndLease(arguments.ended_on))


async def _command(settings: Settings, arguments: argparse.Namespace, command: ChangeLease | EndLease) -> int:
    async with plainly("command"), opened(settings, f"iok-{NAME}-lease") as database:
        try:
            appended = await LeaseDesk(database, event_store()).handle(arguments.lease_id, command)
        except LedgerError as refusal:
            raise CommandError(f"lease {arguments.lease_id}: {refusal}") from refusal
    tell({"lease_id": arguments.lease_id, "appended": appended}, as_json=arguments.json)
    return 0


def _month(text: str) -> str:
    try:
        return f"{first_day(text):%Y-%m}"
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no month such as 2026-12") from error


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("month", type=_month, metavar="YYYY-MM", help="the month to charge")
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait until the book has read every lease (default %(default)s)",
    )
    add_json(parser)


async def _charge_run(settings: Settings, arguments: argparse.Namespace) -> int:
    async with plainly("charge run"), opened(settings, f"iok-{NAME}-charge-run") as database:
        try:
            await wait_until_read(database, arguments.wait)
        except NotCaughtUpError as error:
            raise CommandError(str(error)) from error
        charger = Charger(database, event_store(), lambda leases: progress(f"{leases} leases"))
        done = await charger.run(arguments.month, warsaw_day(utc_now()))
    tell(asdict(done), as_json=arguments.json)
    return 1 if done.refused else 0


LEASE_AND_CHARGE_COMMANDS = (
    Command(
        "import-leases",
        "import leases from a file, each a LeaseSigned with its lease_id",
        _import_leases,
        _file_arguments,
    ),
    Command("change-lease", "give a lease of the ledger's own new terms", _change_lease, _change_arguments),
    Command("end-lease", "end a lease of the ledger's own", _end_lease, _end_arguments),
    Command(
        "import-charges",
        "import charges and corrections from a file, each with its lease_id and type",
        _import_charges,
        _file_arguments,
    ),
    Command(
        "charge-run", "issue the charges of a month from the lines stored with each lease", _charge_run, _run_arguments
    ),
)
