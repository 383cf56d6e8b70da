"""Files that go with letters: what is taken, how much of it, and under which name it is kept."""

import hashlib
import re
import unicodedata
from enum import StrEnum
from typing import Final

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_FILES: Final = 10  # of one letter
MAX_DRAFTS: Final = 40  # of one account, not sent yet
DRAFT_HOURS: Final = 24  # a file that went with no letter until then is thrown away
MAX_NAME_CHARACTERS: Final = 100
UNNAMED: Final = "plik"
_NOT_IN_A_NAME: Final = re.compile(r'[<>:"|?*/\\]')


class FileKind(StrEnum):
    """What a file is, by its content; the value is its media type."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ODT = "application/vnd.oasis.opendocument.text"


EXTENSIONS: Final = {
    FileKind.PDF: ("pdf",),
    FileKind.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    FileKind.PNG: ("png",),
    FileKind.WEBP: ("webp",),
    FileKind.DOCX: ("docx",),
    FileKind.ODT: ("odt",),
}
ACCEPTED: Final = "PDF, JPG, PNG, WEBP, DOCX albo ODT"


class FileState(StrEnum):
    """Whether a file may be opened: a quarantined one waits for the virus scanner, an infected one is gone."""

    CLEAN = "clean"
    QUARANTINED = "quarantined"
    INFECTED = "infected"


class FileRefusedError(ValueError):
    """A file cannot be taken; the message tells a person why, and what to do."""


def digest_of(content: bytes) -> str:
    """Name a file by its content: its SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def safe_name(given: str, kind: FileKind) -> str:
    """Return the name under which a file is kept: no folders, no control characters, of bounded length.

    Raises:
        FileRefusedError: the name says that it is something else than it is.
    """
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    stem, dot, extension = _NOT_IN_A_NAME.sub("_", name).strip().rstrip(".").rpartition(".")
    if not dot:
        stem, extension = extension, EXTENSIONS[kind][0]
    if extension.lower() not in EXTENSIONS[kind]:
        wanted = EXTENSIONS[kind][0].upper()
        raise FileRefusedError(
            f"Nazwa pliku kończy się na „.{extension[:10]}”, ale jego zawartość to {wanted}. "
            f"Zapisz plik jeszcze raz jako {wanted} i dołącz ponownie."
        )
    return f"{stem[:MAX_NAME_CHARACTERS] or UNNAMED}.{extension.lower()}"


def too_large() -> FileRefusedError:
    """Return the refusal of a file that is larger than a file may be."""
    return FileRefusedError(
        f"Plik ma więcej niż {MAX_FILE_BYTES // 1024**2} MB. "
        "Zmniejsz go, na przykład zapisz zdjęcie w mniejszym rozmiarze."
    )
