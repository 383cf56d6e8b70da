"""DOCX and ODT are zip archives: looked at before anything is unpacked, and then part by part, never by their names."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.correspondence.domain.attachments import FileKind, FileRefusedError

MAX_PARTS: Final = 2_000
MAX_UNPACKED_BYTES: Final = 100 * 1024 * 1024
MAX_RATIO: Final = 200  # of one part: text of a document packs 20 to 1, a bomb 1,000 to 1
MAX_XML_BYTES: Final = 20 * 1024 * 1024  # of a part that is looked into
PIECE_BYTES: Final = 64 * 1024
END_RECORD_BYTES: Final = 22  # of the record a zip ends with, when it has no comment

ODT_TYPE: Final = FileKind.ODT.value.encode()
DOCX_MAIN: Final = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MACROS: Final = "Dokument zawiera makra. Zapisz go jako DOCX bez makr albo PDF i dołącz ponownie."
INSIDE: Final = "Dokument ma w środku inny plik lub obiekt. Zapisz go jako PDF i dołącz ponownie."
REMOTE: Final = "Dokument pobiera coś z internetu. Zapisz go jako PDF i dołącz ponownie."
BOMB: Final = "Dokument rozpakowuje się do zbyt wielkiego rozmiaru. Zapisz go od nowa albo jako PDF."
BROKEN: Final = "Tego dokumentu nie da się otworzyć. Zapisz go od nowa i dołącz ponownie."
ZIP: Final = "Spakowanych archiwów nie przyjmujemy. Dołącz każdy plik osobno."
LOCKED: Final = "Dokument jest zabezpieczony hasłem. Zapisz go bez hasła i dołącz ponownie."
PARTS_WITH_MACROS: Final = re.compile(r"(vba\w*\.bin|vbaProject|activeX|/Basic/|^Basic/|^Scripts/)", re.IGNORECASE)
PARTS_WITH_FILES: Final = re.compile(
    r"(/embeddings/|^ObjectReplacements/|oleObject|\.(exe|dll|js|vbs|bat|zip|jar)$)", re.IGNORECASE
)
LINK: Final = "/hyperlink"  # of the relations to things outside, the one that only a person follows
FAILURES: Final = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, ParseError,
    DefusedXmlException,
)  # fmt: skip


def document_kind(content: bytes) -> FileKind | None:
    """Find whether a zip is a document that is taken.

    Raises:
        FileRefusedError: it is another zip, or broken.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "[Content_Types].xml" in names:
                types = b"".join(_pieces(archive, archive.getinfo("[Content_Types].xml"), MAX_XML_BYTES))
                if b"macroEnabled" in types:
                    raise FileRefusedError(MACROS)
                if DOCX_MAIN in types:
                    return FileKind.DOCX
            if "mimetype" in names and _mimetype(archive) == ODT_TYPE:
                return FileKind.ODT
    except FAILURES as error:
        if isinstance(error, FileRefusedError):
            raise
        raise FileRefusedError(BROKEN) from error
    raise FileRefusedError(ZIP)


def _mimetype(archive: zipfile.ZipFile) -> bytes:
    return b"".join(_pieces(archive, archive.getinfo("mimetype"), MAX_XML_BYTES)).strip()


def checked_document(content: bytes, _: FileKind) -> bytes:
    """Give a document back as it came when all its parts are harmless.

    Raises:
        FileRefusedError: one is not, or it cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _look_at_frame(content, archive)
            unpacked = 0
            for part in archive.infolist():
                unpacked += _look_at(archive, part, MAX_UNPACKED_BYTES - unpacked)
    except FAILURES as error:
        if isinstance(error, FileRefusedError):
            raise
        raise FileRefusedError(BROKEN) from error
    return content


def _look_at_frame(content: bytes, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise FileRefusedError(BOMB)
    if archive.comment or content[-END_RECORD_BYTES:][:4] != b"PK\x05\x06":
        raise FileRefusedError(BROKEN)
    if len({part.filename for part in parts}) < len(parts):
        raise FileRefusedError(BROKEN)
    if min((part.header_offset for part in parts), default=0) != 0:
        raise FileRefusedError(BROKEN)


def _look_at(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> int:
    """Unpack a part piece by piece, believing nothing its header says; returns its size."""
    name = part.filename
    if part.flag_bits & 0x1:
        raise FileRefusedError(LOCKED)
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        raise FileRefusedError(BROKEN)
    if PARTS_WITH_MACROS.search(name):
        raise FileRefusedError(MACROS)
    if PARTS_WITH_FILES.search(name):
        raise FileRefusedError(INSIDE)
    if name.endswith((".rels", "manifest.xml")):
        xml = b"".join(_pieces(archive, part, min(most, MAX_XML_BYTES)))
        _look_into(xml)
        return len(xml)
    return sum(len(piece) for piece in _pieces(archive, part, most))


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """Unpack a part piece by piece, within bounds."""
    size = 0
    bound = min(most, max(part.compress_size, 1) * MAX_RATIO + PIECE_BYTES)
    with archive.open(part) as unpacking:
        while piece := unpacking.read(PIECE_BYTES):
            size += len(piece)
            if size > bound:
                raise FileRefusedError(BOMB)
            yield piece


def _look_into(xml: bytes) -> None:
    for element in fromstring(xml).iter():
        name = element.tag.rpartition("}")[2]
        if name == "encryption-data":
            raise FileRefusedError(LOCKED)
        outside = element.get("TargetMode", "").lower() == "external"
        if name == "Relationship" and outside and not element.get("Type", "").endswith(LINK):
            raise FileRefusedError(REMOTE)
