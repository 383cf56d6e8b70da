"""`python -m deploy.guide` (`make guide`): take the guide's pictures and film anew, from a system of its own.

README.md's picture of the start page is taken on the way.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, ViewportSize, sync_playwright

from deploy.guide.camera import Camera
from deploy.guide.film import make_film, subtitles
from deploy.guide.tour import photograph_start, tour
from services.gateway.web.guide import CAPTIONS, FILM, PICTURE_HEIGHT, PICTURE_WIDTH

PROJECT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = PROJECT / "services" / "gateway" / "static" / "src" / "guide"
CHROMIUM: Final = shutil.which("chromium") or "/usr/bin/chromium"
DEMO_LEASES: Final = "40"
TELEPHONE: Final[ViewportSize] = {"width": PICTURE_WIDTH, "height": PICTURE_HEIGHT}
DESK: Final[ViewportSize] = {"width": 1280, "height": 900}
SHARPNESS: Final = 1.5  # pixels of a picture for one of CSS
START_PICTURE: Final = PROJECT / "docs" / "pictures" / "start.png"
POLISH: Final = {"LANGUAGE": "pl", "LANG": "pl_PL.UTF-8"}  # for what the browser itself says: „Wybierz pliki”


@contextmanager
def _system() -> Iterator[dict[str, Any]]:
    """The demo, below a folder of its own; answers its run file."""
    with tempfile.TemporaryDirectory(prefix="iok-guide-") as var:
        Path(var).chmod(0o755)  # PostgreSQL may run as another user
        environment = os.environ | {"IOK_VAR": var, "IOK_DEMO_LEASES": DEMO_LEASES}
        launcher = [sys.executable, "-m", "deploy.local"]
        subprocess.run([*launcher, "up"], cwd=PROJECT, env=environment, check=True)
        try:
            yield json.loads((Path(var) / "run" / "stack.json").read_text(encoding="utf-8"))
        finally:
            subprocess.run([*launcher, "down"], cwd=PROJECT, env=environment, check=True)


def main() -> int:
    """Make all files of the guide; they are checked in and become part of the next build."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _system() as run, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options, env={**os.environ, **POLISH})
        home, tenant = run["services"]["gateway"]["url"], run["demo"]["tenant"]

        def opened(screen: ViewportSize, sharpness: float) -> Page:
            # bypass_csp: the ring around what matters is a style of ours
            seen: dict[str, Any] = {"viewport": screen, "device_scale_factor": sharpness}
            return browser.new_page(base_url=home, locale="pl-PL", bypass_csp=True, **seen)

        photograph_start(opened(DESK, 1), tenant, START_PICTURE)
        camera = Camera(opened(TELEPHONE, SHARPNESS), FOLDER)
        with camera.filming():
            tour(camera, tenant)
        browser.close()
    frames = camera.frames
    make_film(frames, FOLDER / FILM)
    (FOLDER / CAPTIONS).write_text(subtitles(camera.captions, frames[0].at, frames[-1].at), encoding="utf-8")
    for file in sorted(FOLDER.iterdir()):
        print(f"{file.stat().st_size / 1024:8.1f} KiB  {file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
