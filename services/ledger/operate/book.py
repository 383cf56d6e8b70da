"""`state-hash`, `seal`, `verify`, `rebuild`, `republish`."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
from pydantic import TypeAdapter, ValidationError

from libs.chassis.runtime import Command, CommandError, opened
from libs.chassis.telling import progress, say
from libs.events.ledger import Offsets
from services.ledger.app import announcer, rebuild, sealer, verifier
from services.ledger.commands.republishing import Republisher
from services.ledger.consumer.verify import Verified
from services.ledger.domain import Progress, RebuildRefusedError, Then
from services.ledger.operate.telling import add_json, plainly, tell
from services.ledger.read_models import books, state
from services.ledger.settings import NAME, Settings

OFFSETS = TypeAdapter(Offsets)


def _offsets(text: str) -> books.Offsets:
    """Offsets as JSON, or `@file` with them; also a whole JSON answer of `state-hash` or a seal that holds them."""
    try:
        read = msgspec.json.decode(Path(text[1:]).read_bytes() if text.startswith("@") else text)
        if isinstance(read, dict) and "offsets" in read:
            read = read["offsets"]
        return {topic: at.model_dump() for topic, at in OFFSETS.validate_python(read).items()}
    except (OSError, msgspec.MsgspecError, ValidationError) as error:
        raise argparse.ArgumentTypeError(f"these are no offsets: {error}") from error


def _state_hash_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", type=_offsets, metavar="OFFSETS", help="only entries below: JSON, or @file with it")
    add_json(parser)


async def _state_hash(settings: Settings, arguments: argparse.Namespace) -> int:
    async with (
        plainly("state hash"),
        opened(settings, f"iok-{NAME}-state-hash") as database,
        database.transaction("repeatable_read", readonly=True) as tx,
    ):
        try:
            found = await state.of_book(tx, await books.live(tx), arguments.at)
        except state.NotReachedError as error:
            raise CommandError(str(error)) from error
    figures = asdict(found)
    del figures["content_hash"]
    tell(figures, as_json=arguments.json)
    return 0


async def _seal(settings: Settings, arguments: argparse.Namespace) -> int:
    async with plainly("seal"), opened(settings, f"iok-{NAME}-seal") as database:
        seal = await sealer(database).seal()
    figures: dict[str, Any] = {"sealed": seal is not None} | ({} if seal is None else seal.to_data())
    tell(figures, as_json=arguments.json)
    return 0


async def _verify(settings: Settings, arguments: argparse.Namespace) -> int:
    async with plainly("verify"), opened(settings, f"iok-{NAME}-verify") as database:
        verified = await verifier(settings, database).run()
    for fault in verified.faults:
        say(f"FAULT: {fault}")
    if arguments.json:
        tell({"true": not verified.faults, **asdict(verified)}, as_json=True)
    else:
        print(_report(verified))  # noqa: T201  # an operator's command
    return 1 if verified.faults else 0


def _report(verified: Verified) -> str:
    """What was proven, in sentences."""
    seal = "no seal yet" if verified.sealed_version is None else f"held against seal {verified.sealed_version}"
    verdict = f"NOT PROVEN, {len(verified.faults)} faults" if verified.faults else "proven"
    return (
        f"book {verified.book} is {verdict}: {verified.entries} entries, {seal}, "
        f"{verified.read_again} records read again from Kafka, {verified.set_aside} set aside\n"
        f"state hash {verified.hash}"
    )


def _rebuild_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--verify-only",
        action="store_true",
        help="build and compare a new book, then drop it instead of switching to it",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="with --verify-only: let the new book stand; the next rebuild goes on with it",
    )
    parser.add_argument(
        "--anew",
        action="store_true",
        help="do not go on with a book that an earlier run left: after the code was mended, or to prove it once more",
    )
    parser.add_argument(
        "--despite-seal",
        action="store_true",
        help="where no book is live: go live although Kafka does not make the book that was sealed last",
    )
    add_json(parser)


def _then(arguments: argparse.Namespace) -> Then:
    if not arguments.verify_only:
        return Then.SWITCH
    return Then.KEEP if arguments.keep else Then.DROP


async def _rebuild(settings: Settings, arguments: argparse.Namespace) -> int:
    async with plainly("rebuild"), opened(settings, f"iok-{NAME}-rebuild") as database:
        try:
            done = await rebuild(settings, database).run(
                _tell,
                by_operator=True,
                then=_then(arguments),
                anew=arguments.anew,
                despite_seal=arguments.despite_seal,
            )
        except RebuildRefusedError as error:
            raise CommandError(str(error)) from error
        if done.switched:
            await sealer(database).seal()
    figures = asdict(done) | {"different_leases": len(done.different_leases)}
    tell(figures, as_json=arguments.json)
    different = done.same_hash is False and done.lacking != {}  # {}: topics made again, and nothing is missing
    return 1 if arguments.verify_only and different else 0


def _tell(at: Progress) -> None:
    progress(f"book {at.book}: {at.doing}, {at.records} of {at.total} records")


async def _republish(settings: Settings, arguments: argparse.Namespace) -> int:
    async with plainly("republish"), opened(settings, f"iok-{NAME}-republish") as database:
        queued = await Republisher(database, announcer(), lambda what, count: progress(f"{count} {what} queued")).run()
    tell(queued, as_json=arguments.json)
    return 0


BOOK_COMMANDS = (
    Command("state-hash", "print the hash of the live book", _state_hash, _state_hash_arguments),
    Command("seal", "seal the live book now, if it has changed since the last seal", _seal, add_json),
    Command("verify", "prove the live book by itself, by its seals and by Kafka", _verify, add_json),
    Command(
        "rebuild", "build a new book from Kafka beside the live one and switch to it", _rebuild, _rebuild_arguments
    ),
    Command(
        "republish",
        "publish all own events, company systems' records and balances again; readers drop what they have seen",
        _republish,
        add_json,
    ),
)
