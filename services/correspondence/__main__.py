"""``python -m services.correspondence [api|relay|all|migrate|republish|rebuild|verify]``."""

import argparse
import sys

from libs.chassis.postgres import Database
from libs.chassis.runtime import Command, Service, main
from services.correspondence.app import FOLDER, NAME, Settings, build
from services.correspondence.commands import altered_letters, rebuild


async def _rebuild(settings: Settings, _: argparse.Namespace) -> int:
    database = await Database.open(settings.database_url.get_secret_value(), application=f"iok-{NAME}-rebuild")
    try:
        async with database.transaction() as tx:
            count = await rebuild(tx)
    finally:
        await database.close()
    print(f"lists and threads made again from {count} events")
    return 0


async def _verify(settings: Settings, _: argparse.Namespace) -> int:
    database = await Database.open(settings.database_url.get_secret_value(), application=f"iok-{NAME}-verify")
    try:
        async with database.transaction("repeatable_read", readonly=True) as tx:
            altered = await altered_letters(tx)
    finally:
        await database.close()
    for message_id in altered:
        print(f"letter {message_id} is missing or not what was sent", file=sys.stderr)
    print("every letter is what was sent" if not altered else f"{len(altered)} letters are not what was sent")
    return 1 if altered else 0


SERVICE = Service(
    NAME,
    Settings,
    build,
    FOLDER,
    commands=[
        Command("rebuild", "make lists and threads again from the service's own events", _rebuild),
        Command("verify", "compare the letters kept with the digests in their events", _verify),
    ],
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
