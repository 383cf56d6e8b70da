"""Importing payments that came before or beside this system."""

import argparse
from pathlib import Path

from libs.chassis.event_store import DuplicateKeyError, WrongExpectedVersionError
from libs.chassis.runtime import Command, CommandError, opened
from libs.chassis.telling import progress, say, why_away
from services.payments.app import NAME, event_store
from services.payments.commands.imports import BadFileError, Imported, PaymentImporter
from services.payments.read_models.import_lines import ImportRunningError
from services.payments.settings import Settings

MAX_BAD_LINES_SHOWN = 1_000  # who has more has one fault that repeats
WAIT_SECONDS = 60.0  # leases imported a moment ago are still on their way through Kafka


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Import payments from JSON Lines: {lease_id, payment_id, remote_id, paid_on, amount_grosze, charge_id?} each. "
        "The file is checked whole first: when any line is bad, the bad lines are listed and nothing is imported. "
        "Lines imported before are skipped, so an interrupted import goes on when it is run again."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the file, UTF-8")
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait for leases that payments has not heard of yet (default %(default)s)",
    )


async def _import_payments(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        done = await _import(settings, arguments.file, arguments.wait)
    except BadFileError as error:
        for bad in error.bad[:MAX_BAD_LINES_SHOWN]:
            say(f"{arguments.file}:{bad.line}: {bad.reason}")
        raise CommandError(f"{error}, nothing was imported: correct them and run it again") from error
    except ImportRunningError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{arguments.file} or the database cannot be read: {why_away(error)}") from error
    except (DuplicateKeyError, WrongExpectedVersionError) as error:
        raise CommandError("the same payments were being recorded meanwhile: run it again, it goes on") from error
    progress.end()
    print(f"imported {done.appended} payments, {done.skipped} were there already")  # noqa: T201  # the same
    return 0


async def _import(settings: Settings, file: Path, wait_seconds: float) -> Imported:
    async with opened(settings, f"iok-{NAME}-import") as database:
        importer = PaymentImporter(database, event_store(), progress)
        with file.open("rb") as lines:
            return await importer.run(lines, wait_seconds)


IMPORT_PAYMENTS = Command("import-payments", "import payments from a file", _import_payments, _import_arguments)
