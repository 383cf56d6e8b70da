"""`python -m deploy.demo generate | load`: write the demo company's export, and load it into the running system."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from deploy.demo import days, export, load, statements
from deploy.demo.places import DemoError, Places


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code (1: it did not work, 2: bad arguments)."""
    try:
        options = _parser().parse_args(arguments)
        return _generate(options) if options.command == "generate" else _load(options)
    except ValueError as error:
        print(f"deploy.demo: {error}", file=sys.stderr)
        return 2
    except DemoError as error:
        print(f"deploy.demo: {error}", file=sys.stderr)
        return 1


def _generate(options: argparse.Namespace) -> int:
    order = export.Order(options.leases, options.seed, options.today or days.first_of_this_month())
    began = time.monotonic()
    folder = options.out or Places.from_environment().export
    meta = export.generate(order, folder, _progress)
    statements.write(order, folder)
    lines = ", ".join(f"{count} {name}" for name, count in meta.lines.items())
    print(f"{lines} in {time.monotonic() - began:.1f} s (today is {meta.today}, seed {meta.seed})")
    return 0


def _load(options: argparse.Namespace) -> int:
    places, began = Places.from_environment(), time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {text}", flush=True)

    order = load.order_for(places, options.leases, options.seed)
    asyncio.run(load.load(load.Load(order, places, tell)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    size = argparse.ArgumentParser(add_help=False)
    size.add_argument("--leases", type=int, default=_leases(), help="how many leases (default: IOK_DEMO_LEASES or 500)")
    size.add_argument("--seed", type=int, default=export.DEFAULT_SEED, help="the same seed gives the same company")
    commands = parser.add_subparsers(dest="command", required=True)
    generate = commands.add_parser(
        "generate", parents=[size], help="write people, leases, charges and payments as JSON Lines"
    )
    generate.add_argument("--today", type=date.fromisoformat, help="default: the first day of this month in Warsaw")
    generate.add_argument("--out", type=Path, help="folder of the export (default: demo/export below var)")
    commands.add_parser("load", parents=[size], help="generate what is missing and load it into the running system")
    return parser


def _leases() -> int:
    return int(os.environ.get("IOK_DEMO_LEASES", "") or export.DEFAULT_LEASES)


def _progress(done: int, of: int) -> None:
    print(f"\r  {done} of {of} leases", end="\n" if done == of else "", flush=True)


if __name__ == "__main__":
    sys.exit(main())
