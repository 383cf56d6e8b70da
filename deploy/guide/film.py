"""Frames and captions become a film that every telephone plays (H.264 in MP4), and its subtitles (WebVTT)."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imageio_ffmpeg import get_ffmpeg_exe

from deploy.guide.camera import Caption, Frame

FRAMES_PER_SECOND: Final = 8
LAST_SECONDS: Final = 4.0  # the end stays on the screen
CODEC: Final = ("-c:v", "libx264", "-profile:v", "baseline", "-crf", "33", "-preset", "slow", "-movflags", "+faststart")
MAKING_SECONDS: Final = 300


def make_film(frames: Sequence[Frame], file: Path) -> None:
    """Join the frames at the pace at which they were shown.

    Raises:
        subprocess.CalledProcessError: the encoder refused; its words are on standard error.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lines = []
        for n, frame in enumerate(frames):
            (folder / f"{n}.jpg").write_bytes(frame.jpeg)
            seconds = frames[n + 1].at - frame.at if n + 1 < len(frames) else LAST_SECONDS
            lines.append(f"file {n}.jpg\nduration {seconds:.3f}\n")
        lines.append(f"file {len(frames) - 1}.jpg\n")  # the format asks for the last one twice
        (folder / "frames.txt").write_text("".join(lines))
        given = ("-loglevel", "error", "-y", "-f", "concat", "-i", str(folder / "frames.txt"))
        shape = ("-vf", f"fps={FRAMES_PER_SECOND},format=yuv420p")
        subprocess.run([get_ffmpeg_exe(), *given, *shape, *CODEC, str(file)], check=True, timeout=MAKING_SECONDS)


def subtitles(captions: Sequence[Caption], began: float, ended: float) -> str:
    """The captions as WebVTT, each until the next; `began` and `ended` are the film's (seconds since the epoch)."""
    ends = [caption.at for caption in captions[1:]] + [ended + LAST_SECONDS]
    cues = [
        f"{_clock(max(0.0, caption.at - began))} --> {_clock(end - began)}\n{caption.text}\n"
        for caption, end in zip(captions, ends, strict=True)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 60_000:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
