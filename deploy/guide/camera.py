"""A browser page that is photographed and filmed."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Locator, Page

QUALITY: Final = 60  # of a picture, per cent
FRAME_QUALITY: Final = 80
LOOK_MILLISECONDS: Final = 4_000  # how long the film stays at a step: time to read its caption
# What matters is brought into the picture by scrolling as little as can be, with some of what stands around it.
RING: Final = """(element) => {
  element.style.outline = '4px solid #d4351c';
  element.style.outlineOffset = '4px';
  element.style.scrollMarginBlock = '110px';
  element.scrollIntoView({block: 'nearest', behavior: 'instant'});
}"""
NO_RING: Final = "(element) => { element.style.outline = ''; element.style.outlineOffset = ''; }"


@dataclass(frozen=True)
class Frame:
    """One picture of the film: JPEG bytes, and when it was shown (seconds since the epoch)."""

    jpeg: bytes
    at: float


@dataclass(frozen=True)
class Caption:
    """What is read under the film from this moment on (seconds since the epoch)."""

    text: str
    at: float


@dataclass
class Camera:
    """Photographs pages into a folder, and films what happens in between."""

    page: Page
    folder: Path
    frames: list[Frame] = field(default_factory=list)
    captions: list[Caption] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the browser's own door to its screen."""
        self._screen = self.page.context.new_cdp_session(self.page)
        self._screen.on("Page.screencastFrame", self._keep)

    def _keep(self, event: dict[str, Any]) -> None:
        self.frames.append(Frame(base64.b64decode(event["data"]), event["metadata"]["timestamp"]))
        self._screen.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    @contextmanager
    def filming(self) -> Iterator[None]:
        """Film all that happens inside."""
        self._screen.send("Page.startScreencast", {"format": "jpeg", "quality": FRAME_QUALITY})
        yield
        self._screen.send("Page.stopScreencast")

    def step(self, picture: str, caption: str = "", ring: Locator | None = None) -> None:
        """Photograph the page with a ring around what matters; stay so long that a viewer of the film can read."""
        if ring is not None:
            ring.evaluate(RING)
        self.page.wait_for_load_state("networkidle")
        shot = Image.open(io.BytesIO(self.page.screenshot()))
        shot.save(self.folder / f"guide-{picture}.webp", quality=QUALITY, method=6)
        if caption:
            self.captions.append(Caption(caption, self.page.evaluate("Date.now()") / 1000))
            self.page.wait_for_timeout(LOOK_MILLISECONDS)
        if ring is not None:
            ring.evaluate(NO_RING)
