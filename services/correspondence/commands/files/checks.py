"""Looks at an uploaded file: finds its kind by its content, refuses what may harm, writes pictures anew.

Nothing here believes a name or a header. Each kind is read by a parser of its own, and a file that is two kinds at
once is refused.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.correspondence.commands.files.archives import checked_document, document_kind
from services.correspondence.commands.files.pdfs import checked_pdf
from services.correspondence.commands.files.pictures import picture_kind, rewritten
from services.correspondence.domain.attachments import ACCEPTED, MAX_FILE_BYTES, FileKind, FileRefusedError, too_large

# What people attach by mistake, by the first bytes: each with what to do instead.
MISTAKES: Final = (
    (b"MZ", "To program. Programów nie przyjmujemy."),
    (b"Rar!", "Spakowanych archiwów nie przyjmujemy. Dołącz każdy plik osobno."),
    (b"7z\xbc\xaf", "Spakowanych archiwów nie przyjmujemy. Dołącz każdy plik osobno."),
    (b"\x1f\x8b", "Spakowanych archiwów nie przyjmujemy. Dołącz każdy plik osobno."),
    (b"\xd0\xcf\x11\xe0", "To dokument w starym formacie Worda. Zapisz go jako DOCX albo PDF i dołącz ponownie."),
    (b"GIF8", "Obrazów GIF nie przyjmujemy. Zapisz obraz jako PNG albo JPG."),
)
HEIC: Final = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc")
HEIC_ADVICE: Final = (
    "To zdjęcie w formacie HEIC. Zapisz je jako JPG (w telefonie: „Najbardziej zgodny”) i dołącz ponownie."
)
UNKNOWN: Final = f"Nie rozpoznajemy tego pliku. Przyjmujemy {ACCEPTED}."
TWO_IN_ONE: Final = "Ten plik jest jednocześnie plikiem innego rodzaju. Zapisz go od nowa i dołącz ponownie."


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept: its kind, and its bytes as they are kept."""

    kind: FileKind
    content: bytes


def checked(content: bytes) -> Checked:
    """Look at a whole file; takes up to a second for a large one, so call it in a thread.

    Raises:
        FileRefusedError: saying in Polish why.
    """
    if len(content) > MAX_FILE_BYTES:
        raise too_large()
    kind = kind_of(content)
    if kind not in (FileKind.DOCX, FileKind.ODT) and zipfile.is_zipfile(io.BytesIO(content)):
        raise FileRefusedError(TWO_IN_ONE)
    kept = CHECKS[kind](content, kind)
    if len(kept) > MAX_FILE_BYTES:
        raise too_large()
    return Checked(kind, kept)


def kind_of(content: bytes) -> FileKind:
    """Find what a file is by its content.

    Raises:
        FileRefusedError: it is empty, or none of the kinds that are taken.
    """
    if not content:
        raise FileRefusedError("Plik jest pusty.")
    if content.startswith(b"%PDF-"):
        return FileKind.PDF
    found = document_kind(content) if content.startswith(b"PK\x03\x04") else picture_kind(content)
    if found is not None:
        return found
    if content[4:12] in HEIC:
        raise FileRefusedError(HEIC_ADVICE)
    raise FileRefusedError(next((advice for start, advice in MISTAKES if content.startswith(start)), UNKNOWN))


CHECKS: Final[dict[FileKind, Callable[[bytes, FileKind], bytes]]] = {
    FileKind.PDF: checked_pdf,
    FileKind.JPEG: rewritten,
    FileKind.PNG: rewritten,
    FileKind.WEBP: rewritten,
    FileKind.DOCX: checked_document,
    FileKind.ODT: checked_document,
}
