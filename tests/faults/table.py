"""The table of promises: what was promised, what was measured, and whether it held; as text, markdown and JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.campaign import Outcome

HELD, SHORT, BROKEN, ELSEWHERE, NOT_TRIED = "held", "held, run short", "NOT HELD", "see there", "not tried"
COMMANDS, FAULTS, KINDS, READS, BAD, BAD_KINDS = 100_000, 60, 25, 10_000, 1_000, 45
REPEATED_SHARE, ACCEPTED_SHARE, PAGE_SECONDS, HANG_SECONDS, GROWTH_SHARE = 0.05, 0.999, 1.0, 9.0, 0.10
KAFKA_AWAY_SECONDS, STEADY_SECONDS, REBUILDS = 60.0, 600.0, 20
OURS = ("gateway", "identity", "ledger-api", "ledger-projector", "ledger-relay", "payments", "correspondence")

# R6: kind of fault -> seconds from its end until a new command is readable.
LIMITS_SECONDS = {
    "kill ledger-relay": 2.0,
    "kill ledger-projector": 8.0,
    "kill postgres": 10.0,
    "pause kafka": 10.0,
    "kill kafka": 30.0,
}


@dataclass(frozen=True)
class Row:
    """One promise."""

    promise: str
    text: str
    figure: str
    measured: str
    verdict: str


def rows(outcome: Outcome) -> list[Row]:
    """R1 to R17 as this campaign shows them."""
    return [
        *_nothing_lost(outcome),
        *_same_book(outcome),
        *_recovery(outcome),
        *_away(outcome),
        *_odd_faults(outcome),
        *_elsewhere(),
    ]


def _row(promise: str, text: str, figure: str, measured: str, *, good: bool, full: bool = True) -> Row:
    return Row(promise, text, figure, measured, (HELD if full else SHORT) if good else BROKEN)


def _nothing_lost(outcome: Outcome) -> Iterator[Row]:
    history, judged = outcome.history, outcome.judged
    count, faults, kinds = history.acknowledged, _done(outcome), len(outcome.recovery)
    yield _row(
        "R1",
        "an acknowledged command is never lost",
        f"0 of ≥ {COMMANDS:,} under ≥ {FAULTS} faults of ≥ {KINDS} kinds",
        f"{len(judged['R1'])} of {count:,} under {faults} faults of {kinds} kinds",
        good=not judged["R1"],
        full=count >= COMMANDS and faults >= FAULTS and kinds >= KINDS,
    )
    share = history.repeated / max(history.delivered, 1)
    yield _row(
        "R2",
        "an event has its effect once",
        "0 doubled, ≥ 5 % of deliveries repeated",
        f"{len(judged['R2'])} doubled, {share:.1%} of {history.delivered:,} deliveries repeated",
        good=not judged["R2"],
        full=share >= REPEATED_SHARE,
    )
    yield _row(
        "R3",
        "a read equals the entries up to its version, and never falls back",
        f"0 of ≥ {READS:,} reads",
        f"{len(judged['R3'])} of {len(history.reads):,} reads",
        good=not judged["R3"],
        full=len(history.reads) >= READS,
    )
    breaks = len(judged["R4"])
    yield _row(
        "R4",
        "order per source, subject and partition holds",
        "0 breaks",
        f"{breaks} breaks in {len(outcome.found.log):,} records",
        good=not breaks,
    )


def _same_book(outcome: Outcome) -> Iterator[Row]:
    done = outcome.trials.rebuilds
    if not done:
        yield Row("R5", "rebuilding under traffic gives the same book", f"{REBUILDS} of {REBUILDS}", "-", NOT_TRIED)
        return
    yield _row(
        "R5",
        "rebuilding under traffic gives the same book",
        f"{REBUILDS} of {REBUILDS}",
        f"{sum(done)} of {len(done)} the same hash{', the last went live' if outcome.trials.switched else ''}",
        good=all(done),
        full=len(done) >= REBUILDS,
    )


def _recovery(outcome: Outcome) -> Iterator[Row]:
    for name, limit in LIMITS_SECONDS.items():
        times = outcome.recovery.get(name, [])
        verdict = BROKEN if name in outcome.unrecovered else NOT_TRIED
        if times and name not in outcome.unrecovered:
            verdict = HELD if max(times) <= limit else BROKEN
        told = ", ".join(f"{each:.1f} s" for each in times) or "-"
        yield Row("R6", f"back without a hand: {name}", f"≤ {limit:.0f} s", told, verdict)
    others = [each for times in outcome.recovery.values() for each in times]
    if others:
        yield _row(
            "R6",
            "back after every other fault, too",
            "all",
            f"{len(others)} of {len(others) + len(outcome.unrecovered)}; "
            f"median {sorted(others)[len(others) // 2]:.1f} s, longest {max(others):.1f} s; "
            f"without a fault {outcome.baseline_seconds:.1f} s",
            good=not outcome.unrecovered,
        )


def _away(outcome: Outcome) -> Iterator[Row]:
    told = outcome.trials
    text = "Kafka away: commands accepted, reads answered and marked stale"
    if told.kafka_away_seconds:
        shares = [yes / max(of, 1) for yes, of in (told.accepted, told.answered, told.marked)]
        yield _row(
            "R7",
            text,
            "60 s: ≥ 99.9 %, 100 %, 100 %",
            f"{told.kafka_away_seconds:.0f} s: {_of(told.accepted)}, {_of(told.answered)}, {_of(told.marked)}",
            good=shares[0] >= ACCEPTED_SHARE and min(shares[1:]) == 1 and min(told.accepted[1], told.marked[1]) > 0,
            full=told.kafka_away_seconds >= KAFKA_AWAY_SECONDS,
        )
    else:
        yield Row("R7", text, "60 s: ≥ 99.9 %, 100 %, 100 %", "-", NOT_TRIED)
    if told.pages:
        slowest = max(told.pages, key=lambda name: told.pages[name])
        yield _row(
            "R8",
            "a service away: the page within 1 s names what is missing",
            f"≤ {PAGE_SECONDS:.0f} s",
            f"slowest {told.pages[slowest]:.2f} s ({slowest} away), {len(told.page_faults)} pages otherwise",
            good=not told.page_faults and told.pages[slowest] <= PAGE_SECONDS,
        )
        slow = max(at.ended - at.began for at in told.refusals)
        wrong = [at for at in told.refusals if at.status != 503 or not at.retry_after]
        yield _row(
            "R8",
            "PostgreSQL away: 503 with Retry-After, never a hang",
            "all",
            f"{len(told.refusals) - len(wrong)} of {len(told.refusals)}, slowest {slow:.1f} s",
            good=not wrong and slow < HANG_SECONDS,
        )
    else:
        yield Row("R8", "a service or PostgreSQL away", "≤ 1 s; 503", "-", NOT_TRIED)


def _of(share: tuple[int, int]) -> str:
    return f"{share[0]} of {share[1]}"


def _odd_faults(outcome: Outcome) -> Iterator[Row]:
    count, wrong = len(outcome.history.bad), outcome.judged["R9"]
    yield _row(
        "R9",
        "bad records are set aside, everything else goes on",
        f"≥ {BAD:,} of ≥ {BAD_KINDS} kinds",
        f"{count - len(wrong)} of {count:,} set aside, {outcome.bad_kinds} kinds",
        good=not wrong,
        full=count >= BAD and outcome.bad_kinds >= BAD_KINDS,
    )
    yield Row("R10", "old events readable for ever", "every version", "golden files in libs/events/tests", ELSEWHERE)
    sound = not any(outcome.judged.values())
    paused = [name for name in outcome.recovery if name.startswith(("pause ", "stall"))]
    beside = outcome.trials.two_of_a_kind
    yield _row(
        "R11",
        "a paused and resumed instance writes nothing stale",
        "0",
        f"{'0' if sound else 'see above'}: {len(paused) + len(beside)} kinds, {len(beside)} with a second instance",
        good=sound,
        full=bool(beside),
    )
    for promise, text, kind in (
        ("R12", "a clock that jumps changes no balance and no order", "clock "),
        ("R13", "a full disk loses nothing", "full "),
    ):
        done = {name: times for name, times in outcome.recovery.items() if name.startswith(kind)}
        if done:
            told = ", ".join(f"{name}: back after {max(times):.1f} s" for name, times in done.items())
            yield _row(promise, text, "0 wrong", told, good=sound)
        else:
            yield Row(promise, text, "0 wrong", "; ".join(outcome.not_done) or "-", NOT_TRIED)
    yield from _steady(outcome)


def _steady(outcome: Outcome) -> Iterator[Row]:
    settled = f"lag and outboxes 0 after {outcome.settle_seconds:.0f} s"
    good = not outcome.settle_failure
    if outcome.memory:
        growth = {name: after / before - 1 for name, (before, after) in outcome.memory.items() if name in OURS}
        most = max(growth, key=lambda name: growth[name])
        seconds = outcome.programme.steady_seconds
        yield _row(
            "R14",
            "ten minutes of load: memory steady, lag and outbox back to 0",
            "≤ 10 %; 0",
            f"{seconds:.0f} s: at most {growth[most]:+.1%} ({most}); {settled if good else outcome.settle_failure}",
            good=good and growth[most] <= GROWTH_SHARE,
            full=seconds >= STEADY_SECONDS,
        )
    else:
        measured = settled if good else outcome.settle_failure
        yield _row("R14", "lag and outbox back to 0 after the load", "0", measured, good=good, full=False)


def _elsewhere() -> Iterator[Row]:
    yield Row("R15", "simulation with a crash between every two steps", "≥ 10,000 seeds", "make simulate", ELSEWHERE)
    yield Row("R16", "the checks find planted bugs", "≥ 12", "make simulate; tests/faults/test_oracle.py", ELSEWHERE)
    yield Row("R17", "tampering is found by verify", "100 of 100", "services/ledger/tests", ELSEWHERE)


def _done(outcome: Outcome) -> int:
    return sum(len(times) for times in outcome.recovery.values()) + len(outcome.unrecovered)


def broken(outcome: Outcome) -> list[Row]:
    """The promises that did not hold."""
    return [row for row in rows(outcome) if row.verdict == BROKEN]


def markdown(outcome: Outcome) -> str:
    """The table, and every fault with its way back."""
    lines = [
        f"Seed {outcome.programme.seed}, {outcome.seconds:.0f} s.",
        "",
        "| | promise | figure | measured | |",
        "|---|---|---|---|---|",
        *(f"| {row.promise} | {row.text} | {row.figure} | {row.measured} | {row.verdict} |" for row in rows(outcome)),
        "",
        "| fault | times | readable again after, seconds |",
        "|---|---|---|",
    ]
    for name, times in sorted(outcome.recovery.items()):
        lines.append(f"| {name} | {len(times)} | {', '.join(f'{each:.2f}' for each in times)} |")
    lines += [f"| {name} | | not within the limit |" for name in outcome.unrecovered]
    wrong = [f"- {promise}: {each}" for promise, found in outcome.judged.items() for each in found[:20]]
    return "\n".join([*lines, *(["", "What was wrong:", "", *wrong] if wrong else [])]) + "\n"


def write(outcome: Outcome, folder: Path) -> Path:
    """Write `<folder>/latest.json` and `latest.md`, and both under the seed; returns the markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {
        "seed": outcome.programme.seed,
        "seconds": round(outcome.seconds, 1),
        "rows": [asdict(row) for row in rows(outcome)],
        "recovery_seconds": outcome.recovery,
        "baseline_seconds": outcome.baseline_seconds,
        "unrecovered": outcome.unrecovered,
        "not_done": outcome.not_done,
        "two_of_a_kind_seconds": outcome.trials.two_of_a_kind,
        "pages_seconds": outcome.trials.pages,
        "memory_mib": outcome.memory,
        "wrong": outcome.judged,
    }
    for name in ("latest", f"seed-{outcome.programme.seed}"):
        (folder / f"{name}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / f"{name}.md").write_text(markdown(outcome), encoding="utf-8")
    return folder / "latest.md"
