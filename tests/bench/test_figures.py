"""What rounds come to, and what the report says of them."""

import json
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from tests.bench import measures, page, report
from tests.bench.__main__ import sizes_of
from tests.bench.figures import Bar, Result, Round
from tests.bench.workshop import Size

RATE = Bar("P9", "relay", "records/s", 0.4, 0.6, limit="bare sends")
DELAY = Bar("P3 50/s", "accept to visible", "ms", 25, 15, more_is_better=False)


def test_each_figure_is_divided_by_the_limit_of_its_own_round() -> None:
    result = Result(RATE, [Round(50, 100), Round(10, 40), Round(90, 100)])
    assert result.value == 0.5
    assert result.range == (0.25, 0.9)
    assert (result.figure, result.limit) == (50, 100)


@pytest.mark.parametrize(
    ("bar", "figure", "limit", "verdict"),
    [
        (RATE, 60, 100, "aim met"),
        (RATE, 40, 100, "met"),
        (RATE, 39, 100, "NOT MET"),
        (DELAY, 15, None, "aim met"),
        (DELAY, 25, None, "met"),
        (DELAY, 26, None, "NOT MET"),
    ],
)
def test_a_bar_is_met_from_its_side(bar: Bar, figure: float, limit: float | None, verdict: str) -> None:
    assert Result(bar, [Round(figure, limit)]).verdict == verdict


def test_a_measure_that_failed_says_why_and_is_not_met(tmp_path: Path) -> None:
    result = Result(RATE, [], failure="Kafka went away")
    assert result.verdict == "not measured"
    assert "Kafka went away" in report.terminal([result], {})
    report.write_json(tmp_path / "latest.json", [result], {"cores": "2"}, ["10x100"])
    [figure] = json.loads((tmp_path / "latest.json").read_text())["figures"]
    assert figure["failure"] == "Kafka went away"
    assert "value" not in figure


def test_the_report_gives_median_range_bar_and_aim() -> None:
    told = report.terminal([Result(RATE, [Round(50_000, 100_000, {"p50 ms": 4.0})])], {"cores": "2"})
    for part in ("cores: 2", "0.5 (0.5 to 0.5)", "bar ≥ 0.4", "aim ≥ 0.6", "50,000 records/s", "p50 ms 4"):
        assert part in told


def test_every_figure_has_one_measure() -> None:
    numbers = [bar.number for measure in measures.MEASURES for bar in measure.bars]
    assert len(numbers) == len(set(numbers))
    assert measures.chosen(frozenset({"P9"})) == tuple(
        measure for measure in measures.MEASURES if "P9" in measures.numbers_of(measure)
    )
    with pytest.raises(ValueError, match="P99"):
        measures.chosen(frozenset({"P99"}))


def test_sizes_are_read_smallest_first_and_within_bounds() -> None:
    assert sizes_of("10000x100000,1000x10000") == (Size(1_000, 10_000), Size(10_000, 100_000))


def test_the_page_gets_table_and_plot_and_keeps_its_own_text(tmp_path: Path) -> None:
    results = [
        Result(RATE, [Round(39, 100)]),
        Result(DELAY, [Round(10)]),
        Result(Bar("P1", "a | b", "events/s", 1, 2), [], failure="Kafka <went> away"),
    ]
    file, written, picture = tmp_path / "latest.json", tmp_path / "performance.md", tmp_path / "plot.svg"
    report.write_json(file, results, {"cores": "2"}, ["10x100"])
    written.write_text(f"# Ours\n{page.BEGIN}\nold\n{page.END}\nours too\n")
    page.write(file, written, picture)
    once = written.read_text()
    page.write(file, written, picture)
    assert written.read_text() == once
    assert once.startswith("# Ours\n")
    assert once.endswith("ours too\n")
    assert "old" not in once
    for part in (
        "**not met** by P9",
        "aim are met by P3 50/s",
        "0.39 (0.39 to 0.39)",
        "a \\| b",
        "Kafka &lt;went> away",
    ):
        assert part in once
    drawn = fromstring(picture.read_text())
    assert [each.text for each in drawn if each.tag.endswith("title")] == ["Every figure against its bar"]
    assert "P9: 0.97 times the bar; P3 50/s: 2.50 times" in picture.read_text()


def test_without_a_run_or_a_place_the_page_stays_as_it_is(tmp_path: Path) -> None:
    written = tmp_path / "performance.md"
    written.write_text("# Ours\n")
    with pytest.raises(page.NotMeasuredError, match="make bench"):
        page.write(tmp_path / "none.json", written, tmp_path / "plot.svg")
    report.write_json(tmp_path / "latest.json", [], {}, [])
    with pytest.raises(page.NotMeasuredError, match="has no lines"):
        page.write(tmp_path / "latest.json", written, tmp_path / "plot.svg")
    assert written.read_text() == "# Ours\n"
