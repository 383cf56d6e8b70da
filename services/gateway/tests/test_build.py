"""The front-end build: our own brand, small, and instant when nothing has changed."""

import gzip
import re
from pathlib import Path

import pytest

from services.gateway.build import LOCK, build
from services.gateway.web.assets import Assets, NotBuiltError

# What belongs to another public service must not appear under ours.
FOREIGN_BRAND = re.compile(
    rb"GDS Transport|govuk-(crest|crown|logo|icon)|light-94a07e06a1|govuk-(header|footer|feedback|service-navigation)\b"
)
KILOBYTE = 1024


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in build().iterdir()}


def test_an_unchanged_build_makes_nothing_again() -> None:
    first = {file: file.stat().st_mtime_ns for file in build().iterdir()}
    assert {file: file.stat().st_mtime_ns for file in build().iterdir()} == first


def test_nothing_of_another_brand_is_in_the_styles_or_pictures(files: dict[str, bytes]) -> None:
    for name in ("portal.css", "icon.svg"):
        assert not FOREIGN_BRAND.search(files[name]), name
    assert sorted(name for name in files if name.endswith((".svg", ".png", ".ico"))) == ["icon.svg"]


def test_the_guard_against_another_brand_finds_one() -> None:
    assert FOREIGN_BRAND.search(b'font-family: "GDS Transport"')
    assert FOREIGN_BRAND.search(b".govuk-header{}")


def test_the_licence_of_every_part_is_kept(files: dict[str, bytes]) -> None:
    notice = files["licences.txt"].decode()
    for part in ("Government Digital Service", "Open Font License", "htmx"):
        assert part in notice


def test_a_cold_page_is_small(files: dict[str, bytes]) -> None:
    def packed(*names: str) -> float:
        return sum(len(gzip.compress(files[name], 9)) for name in names) / KILOBYTE

    assert packed("portal.css") <= 18
    assert packed("appearance.js", "forms.js", "govuk-frontend.min.js") <= 25
    assert packed("appearance.js", "htmx.min.js", "hx-csp.min.js") <= 25
    assert (len(files["noto-sans-400.woff2"]) + len(files["noto-sans-700.woff2"])) / KILOBYTE <= 30


def test_the_styles_ask_for_nothing_beyond_this_host(files: dict[str, bytes]) -> None:
    assert sorted(set(re.findall(rb"url\(\"?([^)\"]+)", files["portal.css"]))) == [
        b"noto-sans-400.woff2",
        b"noto-sans-700.woff2",
    ]


def test_what_is_hidden_stays_so_whatever_a_component_says(files: dict[str, bytes]) -> None:
    assert b"[hidden]{display:none !important}" in files["portal.css"]


def test_the_lock_of_the_front_end_names_no_registry() -> None:
    assert '"resolved"' not in LOCK.read_text(encoding="utf-8")


def test_a_file_that_was_not_built_has_no_address() -> None:
    build()
    with pytest.raises(KeyError):
        Assets.load().address("nie-ma.css")


def test_a_missing_build_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match=r"python -m services\.gateway\.build"):
        Assets.load(tmp_path)
