"""`python -m tests.bench`: measure, print, write `bench/latest.json` below var; --page makes its table of it."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.places import ROOT
from libs.chassis import logs
from libs.chassis.settings import var_folder
from tests.bench import machine, measures, page, report
from tests.bench.figures import LEAST_ROUNDS
from tests.bench.run import Order, run
from tests.bench.workshop import Size

DEFAULT_SIZES = "1000x10000,10000x100000,100000x400000"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "pictures" / "performance.svg"
EXPECTED_MINUTES = "all figures, 5 rounds, default sizes: about 10 minutes on an idle machine of two cores"
LEASES = range(10, 100_001)
EVENTS = range(100, 10_000_001)


def sizes_of(text: str) -> tuple[Size, ...]:
    """Sizes such as `1000x10000,10000x100000` (leases x events), the smallest first.

    Raises:
        argparse.ArgumentTypeError: no such sizes.
    """
    try:
        sizes = [Size(*(int(part) for part in each.split("x"))) for each in text.split(",")]
    except (ValueError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not LEASESxEVENTS,…") from error
    for size in sizes:
        if size.leases not in LEASES or size.events not in EVENTS:
            raise argparse.ArgumentTypeError(f"{size}: 10 to 100,000 leases, 100 to 10,000,000 events")
    return tuple(sorted(sizes, key=lambda size: size.events))


def numbers_of(text: str) -> frozenset[str]:
    """Numbers of figures such as `P4,P9`."""
    return frozenset(part.strip().upper() for part in text.split(",") if part.strip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", type=numbers_of, default=frozenset(), metavar="P4,P9", help="only these figures")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help="rounds of each (default: 5)")
    parser.add_argument(
        "--sizes", type=sizes_of, default=sizes_of(DEFAULT_SIZES), metavar="LEASESxEVENTS,…",
        help=f"sizes of the company (default: {DEFAULT_SIZES}; the largest, by hand: 100000x10000000)",
    )  # fmt: skip
    parser.add_argument(
        "--page", nargs="?", type=Path, const=Path(), metavar="FILE",
        help="measure nothing: make docs/performance.md's table and plot of FILE (default: var/bench/latest.json)",
    )  # fmt: skip
    return parser


def _page(file: Path) -> int:
    try:
        page.write(file, PAGE, PICTURE)
    except page.NotMeasuredError as error:
        print(f"tests.bench: {error}", file=sys.stderr)
        return 2
    print(f"written: {PAGE.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0: all was measured, whether or not the bars are met; 1: something was not."""
    options = _parser().parse_args(arguments)
    latest = var_folder() / "bench" / "latest.json"
    if options.page is not None:
        return _page(latest if options.page == Path() else options.page)
    try:
        chosen = measures.chosen(options.only)
    except ValueError as error:
        print(f"tests.bench: {error}", file=sys.stderr)
        return 2
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {text}", file=sys.stderr, flush=True)

    logs.configure("bench", "bench", "ERROR")
    facts = machine.facts()
    tell(EXPECTED_MINUTES)
    with tempfile.TemporaryDirectory(prefix="iok-bench-") as home:
        results = run(Order(chosen, options.sizes, options.rounds, Path(home), tell))
    print(report.terminal(results, facts))
    report.write_json(latest, results, facts, [str(size) for size in options.sizes])
    tell(f"written: {latest}")
    return 1 if any(result.failure for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
