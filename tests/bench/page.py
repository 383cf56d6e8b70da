"""docs/performance.md's table and its plot, from `latest.json`: what was measured, whenever that was."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from tests.bench.report import number

BEGIN: Final = "<!-- from here on written by `make bench BENCH=--page` -->"
END: Final = "<!-- until here -->"
COLUMNS: Final = ("", "figure", "measured", "limit of the same round", "value (range)", "bar", "aim", "verdict")
FACTS: Final = ("measured at", "processor", "cores", "memory", "system", "load before", "python")

# The plot, in its own units: every bar begins at LEFT; 1 (the goal) lies at LEFT + UNIT, MOST at the right end.
LEFT: Final = 150
UNIT: Final = 200
MOST: Final = 2.5
ROW: Final = 26
TOP: Final = 58
WIDTH: Final = LEFT + int(UNIT * MOST) + 90

STYLE: Final = """
text { font: 14px system-ui, sans-serif; fill: #1b1b1b }
.met { fill: #1f6f43 } .not { fill: #a33a14 } .bar { stroke: #1b1b1b; stroke-width: 2 } rect.page { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #f1f1f1 } .met { fill: #58c48b } .not { fill: #ff9a70 }
  .bar { stroke: #f1f1f1 } rect.page { fill: #16181b }
}
"""

Figure = Mapping[str, Any]


class NotMeasuredError(Exception):
    """There is no file of a run, or the page has no place for its table."""


def write(file: Path, page: Path, picture: Path) -> None:
    """Put the table of a run's file into the page between its marks, and draw the plot.

    Raises:
        NotMeasuredError: the file is not there or none of ours, or the page lacks the marks.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        figures, machine, sizes = content["figures"], content["machine"], content["sizes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotMeasuredError(f"{file} is no file of a run: run `make bench` first ({error!r})") from error
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    before, begins, rest = text.partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not begins or not ends:
        raise NotMeasuredError(f"{page} has no lines {BEGIN!r} and {END!r}")
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(plot(figures), encoding="utf-8")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(figures, machine, sizes)}\n{END}{after}", encoding="utf-8")


def markdown(figures: Sequence[Figure], machine: Mapping[str, str], sizes: Sequence[str]) -> str:
    """The machine, what holds in a sentence, the table, and what failed."""
    rounds = sorted({len(each["rounds"]) for each in figures if each["rounds"]})
    told = " to ".join(map(str, dict.fromkeys([*rounds[:1], *rounds[-1:]])))
    facts = "; ".join(f"{name} {machine[name]}" for name in FACTS if machine.get(name))
    lines = [
        f"{facts}. Sizes (leases x events): {', '.join(sizes)}. Rounds: {told}.",
        "",
        _summary(figures),
        "",
        _row(COLUMNS),
        _row(["---"] * len(COLUMNS)),
        *(_row(cells(each)) for each in figures),
    ]
    failed = [f"- {each['number']}: {_safe(each['failure'])}" for each in figures if each["failure"]]
    return "\n".join(lines + (["", "Not measured to the end:", "", *failed] if failed else [])) + "\n"


def _summary(figures: Sequence[Figure]) -> str:
    """Which bars are met, by the file."""
    said = []
    for words, verdicts in (
        ("Bar and aim are met by", {"aim met"}),
        ("The bar is met, the aim is not, by", {"met"}),
        ("The bar is **not met** by", {"NOT MET"}),
        ("Not measured:", {"not measured"}),
    ):
        numbers = [each["number"] for each in figures if each["verdict"] in verdicts]
        if numbers:
            said.append(f"{words} {', '.join(numbers)}.")
    return " ".join(said)


def cells(figure: Figure) -> list[str]:
    """A figure as the cells of `COLUMNS`."""
    sign = "≥" if figure["more_is_better"] else "≤"
    goals = [f"{sign} {number(figure['bar'])}", f"{sign} {number(figure['aim'])}"]
    if "value" not in figure:
        return [figure["number"], figure["what"], "", "", "", *goals, figure["verdict"]]
    unit, limit_unit = figure["units"]["figure"], figure["units"]["limit"] or figure["units"]["figure"]
    limit = "" if figure["limit"] is None else f"{number(figure['limit'])} {limit_unit}: {figure['limit_is']}"
    value = f"{number(figure['value'])} ({number(figure['least'])} to {number(figure['greatest'])})"
    measured = f"{number(figure['figure'])} {unit}".rstrip()
    return [figure["number"], figure["what"], measured, limit, value, *goals, figure["verdict"]]


def _row(parts: Sequence[str]) -> str:
    return f"| {' | '.join(_safe(part) for part in parts)} |"


def _safe(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def goodness(figure: Figure) -> float:
    """How a value stands to its bar: 1 at the bar, more is better whichever way the figure counts."""
    value, bar = float(figure["value"]), float(figure["bar"])
    if figure["more_is_better"]:
        return value / bar
    return bar / value if value else MOST


def plot(figures: Sequence[Figure]) -> str:
    """An SVG of every figure against its bar; title and description say the same in words."""
    drawn = [each for each in figures if "value" in each]
    height = TOP + ROW * len(drawn) + 12
    words = "; ".join(f"{each['number']}: {goodness(each):.2f} times the bar" for each in drawn)
    at = LEFT + UNIT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
            ' aria-labelledby="title description">',
            '<title id="title">Every figure against its bar</title>',
            f'<desc id="description">Right of the line the bar is met. {escape(words)}.</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            f'<text x="{at}" y="22" text-anchor="middle">the bar</text>',
            f'<text x="{at + 60}" y="44">better →</text>',
            *(_drawn(each, TOP + ROW * n) for n, each in enumerate(drawn)),
            f'<line class="bar" x1="{at}" x2="{at}" y1="28" y2="{height - 8}"/>',
            "</svg>\n",
        ]
    )


def _drawn(figure: Figure, y: int) -> str:
    """A row: the name, its bar cut at MOST, the number and whether it is met, which colour alone must not say."""
    good = goodness(figure)
    wide = max(2.0, UNIT * min(good, MOST))
    kind, sign = ("met", "✓") if figure["verdict"] in {"met", "aim met"} else ("not", "✗")
    return (
        f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(figure["number"])}</text>'
        f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{wide:.1f}" height="{ROW - 8}"/>'
        f'<text x="{max(LEFT + wide, LEFT + UNIT) + 8:.1f}" y="{y + 14}">{good:.2f} {sign}</text>'
    )
