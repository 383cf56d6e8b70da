"""`python -m tests.faults --minutes 10 --seed 7`: a campaign on a system of its own, then the table of promises."""

import argparse
import asyncio
import random
import signal
import sys

import uvloop

from libs.chassis import logs
from tests.faults import table
from tests.faults.campaign import Campaign, Outcome, Programme
from tests.faults.load import Pace
from tests.faults.plan import plan
from tests.faults.standing import standing
from tests.running.system import PROJECT

DEMO_LEASES = 12
STEADY_SHARE = 0.15  # of the time there is
LEAST_STEADY_SECONDS = 20.0
LONG_MINUTES = 8.0  # from here on Kafka is away for the whole minute that is promised
KAFKA_AWAY_SECONDS = (20.0, 60.0)
LEAST_FAULT_SECONDS = 60.0
TRIALS_SECONDS = 95.0
SETTLING_SECONDS = 25.0
REBUILD_SECONDS = 6.0


def programme(options: argparse.Namespace) -> Programme:
    """Share the minutes out: load alone, books, faults, trials, Kafka away; at least a few faults are done."""
    total = options.minutes * 60
    pace = Pace(payments=options.payments, charges=options.charges)
    if options.only == "faults":
        seconds = max(total - SETTLING_SECONDS, LEAST_FAULT_SECONDS)
        return Programme(options.seed, plan(options.seed, seconds), seconds, pace, options.steady or 0.0)
    steady = options.steady if options.steady is not None else max(LEAST_STEADY_SECONDS, STEADY_SHARE * total)
    away = options.kafka_away or KAFKA_AWAY_SECONDS[options.minutes >= LONG_MINUTES]
    rest = total - steady - away - TRIALS_SECONDS - SETTLING_SECONDS - options.rebuilds * REBUILD_SECONDS
    seconds = max(rest, LEAST_FAULT_SECONDS)
    faults = [] if options.only == "trials" else plan(options.seed, seconds)
    return Programme(options.seed, faults, seconds, pace, steady, away, options.rebuilds, trials=True)


def run(options: argparse.Namespace) -> Outcome:
    """Stand the system up and run the campaign on it; ended by SIGTERM, the system and its disk go as well."""
    planned = programme(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with standing(DEMO_LEASES) as there, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for why in there.missing:
            sys.stderr.write(f"not to be had here: {why}\n")
        return runner.run(Campaign(there, planned).run())


def main() -> int:
    """Read the command line; 1 when a promise did not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        epilog="The promises R1 to R14 stand in docs/reliability.md.",
    )
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="how long, without starting and stopping the system"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="the plan's")
    parser.add_argument(
        "--steady",
        type=float,
        help="seconds of load without faults, in which memory must not grow (600 to show promise R14 in full)",
    )
    parser.add_argument(
        "--rebuilds",
        type=int,
        default=4,
        help="books built anew under traffic and compared (20 to show promise R5 in full)",
    )
    parser.add_argument("--payments", type=float, default=12.0, help="payments begun and confirmed each second")
    parser.add_argument("--charges", type=float, default=40.0, help="charges of the company system each second")
    parser.add_argument("--only", choices=("faults", "trials"), help="leave the rest out, as when time is short")
    parser.add_argument(
        "--kafka-away", type=float, help="seconds for which nobody reaches Kafka (60 to show promise R7 in full)"
    )
    parser.add_argument("--plan", action="store_true", help="print the plan of faults and end")
    options = parser.parse_args()
    logs.configure("faults", "campaign", "CRITICAL")  # that Kafka is away is what we do
    print(f"seed {options.seed}: make faults MINUTES={options.minutes:g} SEED={options.seed}", flush=True)
    if options.plan:
        print("\n".join(f"{fault.name} {fault.seconds or ''}" for fault in programme(options).faults))
        return 0
    outcome = run(options)
    file = table.write(outcome, PROJECT / "var" / "faults")
    print(table.markdown(outcome))
    print(f"written to {file} and beside it as JSON")
    return 1 if table.broken(outcome) else 0


if __name__ == "__main__":
    sys.exit(main())
