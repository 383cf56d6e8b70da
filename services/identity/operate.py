"""Operators' commands: parse, call, tell. Progress goes to standard error, figures to standard output."""

import argparse
import getpass
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from libs.chassis.runtime import Command, CommandError
from libs.chassis.settings import var_folder
from libs.chassis.telling import progress, say
from services.identity.app import make_node, make_tools
from services.identity.commands.add_staff import (
    BadPasswordError,
    call,
    grant_role,
    open_staff_account,
    replace_password,
    staff_account,
)
from services.identity.commands.import_people import (
    Checked,
    ImportRunningError,
    check_people,
    hold_import_lock,
    import_people,
)
from services.identity.commands.issue_letters import UnknownPeopleError, addressees, issue_letters
from services.identity.commands.letter_pdf import LetterPrinter, Sender
from services.identity.commands.saml.metadata import metadata
from services.identity.commands.sessions import end_sessions
from services.identity.commands.tools import Tools
from services.identity.commands.trusted_profile.node import NodeAwayError
from services.identity.domain.accounts import STAFF_ROLES, AccountError, account_of
from services.identity.read_models.accounts import LoginTakenError
from services.identity.settings import Settings

MAX_BAD_LINES_SHOWN = 1_000
MAX_PASSWORD_LINE = 1_024


@asynccontextmanager
async def _tools(settings: Settings) -> AsyncIterator[Tools]:
    tools = await make_tools(settings)
    try:
        yield tools
    finally:
        tools.passwords.close()
        await tools.database.close()


def _tell(figures: dict[str, int | str], text: str, *, as_json: bool) -> None:
    progress.end()
    print(json.dumps(figures) if as_json else text)  # noqa: T201  # an operator's command


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="people as JSON Lines (UTF-8)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


async def _import_people(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        file = arguments.file.open("rb")
    except OSError as error:
        raise CommandError(f"cannot read {arguments.file}: {error.strerror}") from error
    with file:
        async with _tools(settings) as tools, tools.database.session() as holder:
            try:
                await hold_import_lock(holder)
            except ImportRunningError as error:
                raise CommandError(str(error)) from error
            try:
                checked = await check_people(tools, file)
                return await _take(tools, checked, as_json=arguments.json)
            except LoginTakenError as error:
                raise CommandError(str(error)) from error


async def _take(tools: Tools, checked: Checked, *, as_json: bool) -> int:
    figures: dict[str, int | str] = {
        "new": len(checked.new),
        "skipped": checked.skipped,
        "bad": len(checked.bad),
    }
    if checked.bad:
        for bad in checked.bad[:MAX_BAD_LINES_SHOWN]:
            say(f"line {bad.number}: {bad.reason}")
        _tell(figures, f"{len(checked.bad)} bad lines: nothing was changed", as_json=as_json)
        return 1
    async for taken in import_people(tools, checked.new):
        progress(f"{taken} of {len(checked.new)} people imported")
    _tell(figures, f"{len(checked.new)} people imported, {checked.skipped} were there already", as_json=as_json)
    return 0


def _letters_arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--person", action="append", metavar="ID", help="only this person; may be repeated")
    chosen.add_argument("--all", action="store_true", help="everyone; without a choice: who has no other way in")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the letters (default: letters below var)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


async def _issue_letters(settings: Settings, arguments: argparse.Namespace) -> int:
    folder: Path = arguments.out or var_folder() / "letters"
    printer = LetterPrinter(Sender(settings.company_name, settings.company_contact, settings.public_url))
    async with _tools(settings) as tools:
        try:
            to = await addressees(tools, arguments.person, everyone=arguments.all)
        except UnknownPeopleError as error:
            raise CommandError(f"no such people: {error}") from error
        try:
            async for issued in issue_letters(tools, printer, to, folder):
                progress(f"{issued} of {len(to)} letters")
        except OSError as error:
            raise CommandError(f"cannot write into {folder}: {error.strerror or error}") from error
    without = sum(one.address is None for one in to)
    text = f"{len(to)} letters in {folder}"
    if without:
        text += f"; {without} of them without an address: no signed lease of these people is known yet"
    figures: dict[str, int | str] = {"letters": len(to), "without_address": without, "folder": str(folder)}
    _tell(figures, text, as_json=arguments.json)
    return 0


def _staff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("--role", required=True, choices=STAFF_ROLES)
    parser.add_argument("--name", help="how colleagues know them, as pages show it; by default the login")
    parser.add_argument("--new-password", action="store_true", help="replace the password of a login that is there")


def _password() -> str:
    """Read a password: asked for at a terminal, else the first line of standard input; never an argument."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline(MAX_PASSWORD_LINE).rstrip("\r\n")


async def _add_staff(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _tools(settings) as tools:
        try:
            text = await _add_or_change(tools, arguments)
        except (AccountError, BadPasswordError, LoginTakenError, ValueError) as error:
            raise CommandError(str(error)) from error
    say(text)
    return 0


async def _add_or_change(tools: Tools, arguments: argparse.Namespace) -> str:
    login: str = arguments.login
    account_id = await staff_account(tools, login)
    if account_id is None:
        await open_staff_account(tools, login, arguments.role, _password(), arguments.name)
        return f"{login} may sign in, as {arguments.role}"
    granted = await grant_role(tools, account_id, arguments.role)
    if arguments.name:
        await call(tools, account_id, arguments.name)
    if arguments.new_password:
        await replace_password(tools, account_id, login, _password())
    changes = [f"is now {arguments.role}" if granted else f"is {arguments.role} already"]
    changes.append("has a new password" if arguments.new_password else "keeps the password")
    return f"{login} {' and '.join(changes)}"


def _end_arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--person", action="append", metavar="ID", help="of this person; may be repeated")
    chosen.add_argument("--staff", metavar="LOGIN", help="of this member of staff")
    chosen.add_argument("--all", action="store_true", help="of everybody")


async def _end_sessions(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _tools(settings) as tools:
        account_ids = None
        if arguments.person:
            account_ids = [account_of(person_id) for person_id in arguments.person]
        elif arguments.staff:
            found = await staff_account(tools, arguments.staff)
            if found is None:
                raise CommandError(f"there is no login {arguments.staff}")
            account_ids = [found]
        ended = await end_sessions(tools, account_ids)
    print(f"{ended} sessions ended")  # noqa: T201  # an operator's command
    return 0


def _metadata_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: standard output)")


async def _trusted_profile_metadata(settings: Settings, arguments: argparse.Namespace) -> int:
    async def nobody(_url: str, _document: bytes) -> bytes:
        raise NodeAwayError

    node = make_node(settings, nobody)
    if node is None:
        raise CommandError("IOK_TRUSTED_PROFILE_URL is not set: Profil Zaufany is not configured")
    document = metadata(node.party, node.keys)
    if arguments.out is None:
        sys.stdout.buffer.write(document)
        return 0
    try:
        arguments.out.write_bytes(document)
    except OSError as error:
        raise CommandError(f"cannot write {arguments.out}: {error.strerror}") from error
    return 0


COMMANDS = (
    Command("import-people", "import people from a file, checked whole first", _import_people, _import_arguments),
    Command("issue-letters", "print letters with one-time passwords", _issue_letters, _letters_arguments),
    Command("add-staff", "add a member of staff; the password comes by standard input", _add_staff, _staff_arguments),
    Command(
        "trusted-profile-metadata",
        "print who we are for login.gov.pl: certificates and addresses",
        _trusted_profile_metadata,
        _metadata_arguments,
    ),
    Command("end-sessions", "sign people out everywhere", _end_sessions, _end_arguments),
)
