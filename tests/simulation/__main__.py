"""`python -m tests.simulation`: run seeds, print one that fails with its shortest trace and how to replay it."""

import argparse
import asyncio
import gc
import logging
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from deploy.local.postgres import PostgresAccess
from tests.simulation.bugs import BUGS, Bug
from tests.simulation.machinery import SOUND, Machinery
from tests.simulation.making import plan_of
from tests.simulation.plan import Plan
from tests.simulation.postgres import bench_on, simulate_on_postgres
from tests.simulation.run import Outcome, simulate
from tests.simulation.shrink import rule_of, shrink, told
from tests.stack.databases import Databases
from tests.stack.embedded import start_postgres
from tests.stack.guardian import postgres_of_environment

CHUNK: Final = 50  # seeds of one piece of work
JOBS: Final = 2


def main(arguments: list[str]) -> int:
    """Run what is asked for; 0 when no seed fails, or when a planted bug is found."""
    asked = _parser().parse_args(arguments)
    if asked.postgres:
        return asyncio.run(_on_postgres(asked.first, asked.postgres))
    bug: Bug | None = BUGS[asked.bug] if asked.bug else None
    if asked.trace:
        print("\n".join(simulate(_plan(asked.first, bug), _machinery(bug), traced=True).trace))
    began = time.monotonic()
    failing: Outcome | None = None
    seeds = records = 0
    for outcomes in _outcomes(asked.first, asked.seeds, asked.jobs, asked.bug):
        seeds += len(outcomes)
        records += sum(outcome.records for outcome in outcomes)
        failing = next((outcome for outcome in outcomes if outcome.violations), None)
        if failing is not None:
            break
    took = time.monotonic() - began
    print(
        f"{seeds} seeds from {asked.first}, {records} records, {took:.1f} s: {'one fails' if failing else 'none fails'}"
    )
    if failing is not None:
        _explain(failing, asked.bug)
    return int((failing is None) if bug else (failing is not None))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--jobs", type=int, default=JOBS, help="processes")
    parser.add_argument("--postgres", type=int, metavar="SEEDS", help="instead, so many seeds on a real PostgreSQL")
    parser.add_argument("--bug", choices=BUGS, help="plant this bug: it must be found")
    parser.add_argument("--trace", action="store_true", help="print all that happens in the first seed")
    return parser


def _machinery(bug: Bug | None) -> Machinery:
    return SOUND if bug is None else bug.machinery


def _plan(seed: int, bug: Bug | None) -> Plan:
    return plan_of(seed) if bug is None else bug.plan(seed)


def _run(first: int, seeds: int, bug_name: str | None) -> list[Outcome]:
    """Some seeds in a row, up to the first that fails. Few enough to do without the garbage collector."""
    bug = BUGS[bug_name] if bug_name else None
    outcomes: list[Outcome] = []
    gc.disable()
    for seed in range(first, first + seeds):
        outcomes.append(simulate(_plan(seed, bug), _machinery(bug)))
        if outcomes[-1].violations:
            break
    gc.enable()
    return outcomes


def _outcomes(first: int, seeds: int, jobs: int, bug_name: str | None) -> Iterator[list[Outcome]]:
    """All outcomes, chunk by chunk in the order of the seeds, whoever worked them out."""
    chunks = [(at, min(CHUNK, first + seeds - at)) for at in range(first, first + seeds, CHUNK)]
    if jobs == 1 or len(chunks) == 1:
        for at, count in chunks:
            yield _run(at, count, bug_name)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        work = [pool.submit(_run, at, count, bug_name) for at, count in chunks]
        try:
            for each in work:
                yield each.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _server(home: Path, ends: ExitStack) -> PostgresAccess:
    return postgres_of_environment() or start_postgres(home, ends)


async def _on_postgres(first: int, seeds: int) -> int:
    """Seeds on a PostgreSQL: the one that `IOK_TEST_DATABASE_URL` names, else one of this run's own."""
    began = time.monotonic()
    failing = 0
    with ExitStack() as ends:
        home = Path(ends.enter_context(TemporaryDirectory(prefix="iok-simulation-")))
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        databases = Databases(await asyncio.to_thread(_server, home, ends))
        schema = databases.make("ledger")
        ends.callback(databases.drop, schema)
        async with bench_on(schema) as bench:
            for seed in range(first, first + seeds):
                broken = await simulate_on_postgres(seed, bench)
                failing += bool(broken)
                print(*(f"seed {seed}: {rule}" for rule in broken), sep="\n", end="\n" if broken else "")
    print(f"{seeds} seeds from {first} on PostgreSQL, {time.monotonic() - began:.1f} s: {failing or 'none'} failing")
    return int(failing > 0)


def _explain(failing: Outcome, bug_name: str | None) -> None:
    bug = BUGS[bug_name] if bug_name else None
    print(f"\nseed {failing.seed}:", *failing.violations, sep="\n  ")
    small = shrink(_plan(failing.seed, bug), _machinery(bug), rule_of(failing))
    print("\nthe shortest story that breaks the same rule:", *told(small, _machinery(bug)), sep="\n  ")
    option = f" --bug {bug_name}" if bug_name else ""
    print(f"\nreplay: python -m tests.simulation --first {failing.seed} --seeds 1 --trace{option}")


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # records hold what no terminal shows
    sys.exit(main(sys.argv[1:]))
