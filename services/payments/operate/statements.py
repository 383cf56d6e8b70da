"""Importing bank statements. What is said of them is for staff, and in Polish, as on the panel."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from libs.chassis.runtime import Command, CommandError, opened
from services.payments.app import NAME, event_store, statement_rules
from services.payments.commands.statements import File, StatementImporter
from services.payments.domain.accounts import grouped
from services.payments.domain.bank_profiles import BadProfilesError
from services.payments.domain.report import FIGURES, Report
from services.payments.domain.statement import StatementRefusedError, zlote
from services.payments.settings import Settings

BY = "command"  # who did it, in the audit: whoever may run commands here


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Import a bank statement: MT940 of a Polish bank, or camt.053. The file is checked whole first (opening "
        "balance + entries = closing balance): when anything in it is wrong, nothing is imported. Transfers imported "
        "before are skipped. Transfers whose lease is not found wait on the panel, under „Przelewy do wyjaśnienia”."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the statement, as the bank gave it")
    parser.add_argument(
        "--profile", help="the bank's way of writing (mbank, pko …); by default that of the statement's account"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


async def _import_statement(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        rules = statement_rules(settings)
        data = arguments.file.read_bytes()
        async with opened(settings, f"iok-{NAME}-import") as database:
            importer = StatementImporter(database, event_store(), rules)
            report = await importer.take(File(arguments.file.name, data, BY), arguments.profile)
    except StatementRefusedError as error:
        raise CommandError(f"{arguments.file}: {error}; nic nie wczytano") from error
    except BadProfilesError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{arguments.file} or the database cannot be read: {error}") from error
    for warning in report.warnings:
        print(f"uwaga: {warning}", file=sys.stderr)  # noqa: T201  # an operator's command
    print(json.dumps(asdict(report), ensure_ascii=False) if arguments.json else _told(report))  # noqa: T201  # the same
    return 0


def _told(report: Report) -> str:
    lines = ["ten plik był już wczytany; wtedy:"] if report.known_file else []
    lines += [
        f"wyciąg {each.label} rachunku {grouped(each.account)}: {zlote(each.opening_grosze)} → "
        f"{zlote(each.closing_grosze)}, pozycji: {each.entries}"
        for each in report.statements
    ]
    lines += [f"{text}: {getattr(report, name)}" for name, text in FIGURES]
    return "\n".join(lines)


IMPORT_STATEMENT = Command(
    "import-statement", "import a bank statement (MT940, camt.053)", _import_statement, _arguments
)
