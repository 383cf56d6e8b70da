"""What a run says: a table for the terminal and docs/performance.md, and `latest.json`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.figures import Result

COLUMNS = ("", "figure", "measured", "limit", "value (range)", "bar", "aim", "")


def number(value: float) -> str:
    """A number with three figures that count, and separators of thousands."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(result: Result) -> tuple[str, ...]:
    """A result as the cells of `COLUMNS`."""
    bar, sign = result.bar, "≥" if result.bar.more_is_better else "≤"
    goals = (f"{sign} {number(bar.bar)}", f"{sign} {number(bar.aim)}")
    if not result.rounds:
        return (bar.number, bar.what, "", "", "", *goals, result.verdict)
    least, greatest = result.range
    unit = "" if bar.limit else f" {bar.figure_unit}"
    limit = "" if result.limit is None else f"{number(result.limit)} {bar.limit_unit or bar.figure_unit} ({bar.limit})"
    value = f"{number(result.value)} ({number(least)} to {number(greatest)}){unit}"
    return (bar.number, bar.what, f"{number(result.figure)} {bar.figure_unit}", limit, value, *goals, result.verdict)


def terminal(results: Sequence[Result], machine: Mapping[str, str]) -> str:
    """The whole report as plain text, a few lines for each figure."""
    lines = [f"{name}: {value}" for name, value in machine.items()] + [""]
    for result in results:
        name, what, figure, limit, value, bar, aim, verdict = cells(result)
        lines.append(f"{name:8} {value or '-':34} bar {bar:8} aim {aim:8} {verdict}")
        lines.append(f"         {what}: {figure or result.failure}{' against ' + limit if limit else ''}")
        if result.details:
            lines.append("         " + ", ".join(f"{key} {number(each)}" for key, each in result.details.items()))
        if result.failure and result.rounds:
            lines.append(f"         {len(result.rounds)} rounds only: {result.failure}")
    return "\n".join(lines)


def write_json(file: Path, results: Sequence[Result], machine: Mapping[str, str], sizes: Sequence[str]) -> None:
    """Write `latest.json`: machine, sizes, and every round of every figure."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": dict(machine), "sizes": list(sizes), "figures": [result.as_json() for result in results]}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
