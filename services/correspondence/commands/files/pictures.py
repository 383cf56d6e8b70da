"""Pictures are decoded and written anew: what comes out has no EXIF, no place, no second file behind its end."""

import io
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from services.correspondence.domain.attachments import FileKind, FileRefusedError

KINDS: Final = {"JPEG": FileKind.JPEG, "PNG": FileKind.PNG, "WEBP": FileKind.WEBP, "MPO": FileKind.JPEG}
OPENED: Final = ("JPEG", "PNG", "WEBP")  # no other decoder ever sees a stranger's bytes
FORMATS: Final = {FileKind.JPEG: "JPEG", FileKind.PNG: "PNG", FileKind.WEBP: "WEBP"}
MAX_PIXELS: Final = 60_000_000  # what a telephone of today makes; decoded, 180 MB at most
MODES: Final = {FileKind.JPEG: "RGB", FileKind.PNG: "RGBA", FileKind.WEBP: "RGBA"}
QUALITY: Final = 88
BROKEN: Final = "Tego obrazu nie da się otworzyć. Zapisz go od nowa i dołącz ponownie."
BIG: Final = f"Obraz ma więcej niż {MAX_PIXELS // 1_000_000} milionów punktów. Zmniejsz go i dołącz ponownie."
FAILURES: Final = (OSError, SyntaxError, ValueError, TypeError, EOFError, MemoryError, Image.DecompressionBombError)


def picture_kind(content: bytes) -> FileKind | None:
    """Find whether it begins as a picture that is taken; nothing is decoded.

    Raises:
        FileRefusedError: it says that it is larger than a picture needs to be.
    """
    try:
        with Image.open(io.BytesIO(content), formats=OPENED) as picture:
            return KINDS.get(picture.format or "")
    except Image.DecompressionBombError as error:
        raise FileRefusedError(BIG) from error
    except (UnidentifiedImageError, *FAILURES):
        return None


def rewritten(content: bytes, kind: FileKind) -> bytes:
    """Decode a picture and write it anew, turned as its EXIF said.

    Raises:
        FileRefusedError: it cannot be decoded, or it is larger than a picture needs to be.
    """
    try:
        with Image.open(io.BytesIO(content), formats=OPENED) as picture:
            if picture.width * picture.height <= MAX_PIXELS:
                return _written_anew(picture, kind)
    except FAILURES as error:
        raise FileRefusedError(BROKEN) from error
    raise FileRefusedError(BIG)


def _written_anew(picture: Image.Image, kind: FileKind) -> bytes:
    ImageOps.exif_transpose(picture, in_place=True)
    plain = picture if picture.mode in ("L", "RGB") else picture.convert(MODES[kind])
    plain.info.clear()  # comments, EXIF, XMP and profiles: what an encoder would write besides the points
    written = io.BytesIO()
    plain.save(written, FORMATS[kind], quality=QUALITY)
    return written.getvalue()
