"""Operators' commands: parse, call, tell. What is wrong goes to standard error, figures to standard output."""

import argparse
import sys

from libs.chassis.runtime import Command, opened
from services.correspondence.app import NAME
from services.correspondence.commands.matters import altered_letters, rebuild
from services.correspondence.settings import Settings


async def _rebuild(settings: Settings, _: argparse.Namespace) -> int:
    async with opened(settings, f"iok-{NAME}-rebuild") as database, database.transaction() as tx:
        count = await rebuild(tx)
    print(f"lists and threads made again from {count} events")  # noqa: T201  # an operator's command
    return 0


async def _verify(settings: Settings, _: argparse.Namespace) -> int:
    async with (
        opened(settings, f"iok-{NAME}-verify") as database,
        database.transaction("repeatable_read", readonly=True) as tx,
    ):
        altered = await altered_letters(tx)
    for message_id in altered:
        print(f"letter {message_id} is missing or not what was sent", file=sys.stderr)  # noqa: T201  # the same
    told = f"{len(altered)} letters are not what was sent" if altered else "every letter is what was sent"
    print(told)  # noqa: T201  # the same
    return 1 if altered else 0


COMMANDS = (
    Command("rebuild", "make lists and threads again from the service's own events", _rebuild),
    Command("verify", "compare the letters kept with the digests in their events", _verify),
)
