"""PDF is read object by object: no scripts, no encryption, no files inside, nothing that starts by itself."""

import io
import time
from collections.abc import Iterator
from typing import Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from services.correspondence.domain.attachments import FileKind, FileRefusedError

MAX_PAGES: Final = 200
MAX_OBJECTS: Final = 20_000
MAX_DEPTH: Final = 60
MAX_SECONDS: Final = 10.0  # a PDF that is a second's work for no viewer is no letter
END: Final = b"%%EOF"
TAIL_BYTES: Final = 64  # blanks that programs leave behind the end

# Names of PDF (ISO 32000-2) that act, hide or carry another file, and what a person is told.
SCRIPT: Final = "PDF zawiera skrypt. Wydrukuj go do nowego PDF („Drukuj do pliku”) i dołącz ponownie."
ACTION: Final = "PDF uruchamia coś sam z siebie. Wydrukuj go do nowego PDF („Drukuj do pliku”) i dołącz ponownie."
INSIDE: Final = "PDF ma w środku inny plik. Dołącz ten plik osobno, jeśli jest potrzebny."
FORBIDDEN_KEYS: Final = {
    "/JS": SCRIPT,
    "/JavaScript": SCRIPT,
    "/AA": ACTION,
    "/EmbeddedFiles": INSIDE,
    "/EF": INSIDE,
    "/XFA": "PDF jest formularzem XFA, którego nie przyjmujemy. Wydrukuj go do nowego PDF i dołącz ponownie.",
    "/RichMediaContent": INSIDE,
}
FORBIDDEN_ACTIONS: Final = {
    "/JavaScript": SCRIPT,
    "/Launch": ACTION,
    "/SubmitForm": ACTION,
    "/ImportData": ACTION,
    "/GoToE": INSIDE,
    "/Rendition": ACTION,
    "/GoToR": ACTION,
}
ENCRYPTED: Final = "PDF jest zabezpieczony hasłem. Zapisz go bez hasła i dołącz ponownie."
BROKEN: Final = "Tego PDF nie da się odczytać. Zapisz go od nowa i dołącz ponownie."
BEHIND: Final = "Za końcem tego PDF jest coś jeszcze. Zapisz go od nowa i dołącz ponownie."
LONG: Final = f"PDF ma więcej niż {MAX_PAGES} stron. Podziel go na mniejsze."
TANGLED: Final = "Ten PDF jest zbyt złożony, aby go sprawdzić. Wydrukuj go do nowego PDF i dołącz ponownie."


def checked_pdf(content: bytes, _: FileKind) -> bytes:
    """Give a PDF back as it came when nothing in it acts.

    Raises:
        FileRefusedError: it does, or it cannot be read.
    """
    if content.rfind(END) < 0:
        raise FileRefusedError(BROKEN)
    tail = content[content.rfind(END) + len(END) :]
    if tail.strip(b"\r\n\t \x00") or len(tail) > TAIL_BYTES:
        raise FileRefusedError(BEHIND)
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise FileRefusedError(ENCRYPTED)
        if len(reader.pages) > MAX_PAGES:
            raise FileRefusedError(LONG)
        _walk(reader)
    except (PyPdfError, RecursionError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError) as error:
        if isinstance(error, FileRefusedError):
            raise
        raise FileRefusedError(BROKEN) from error
    return content


def _walk(reader: PdfReader) -> None:
    """Look at every object that can be reached from the trailer, each once."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[object, int]] = [(reader.trailer, 0)]
    looked_at = 0
    until = time.monotonic() + MAX_SECONDS
    while waiting:
        thing, depth = waiting.pop()
        looked_at += 1
        if looked_at > MAX_OBJECTS * 20 or len(seen) > MAX_OBJECTS or depth > MAX_DEPTH or time.monotonic() > until:
            raise FileRefusedError(TANGLED)
        if isinstance(thing, IndirectObject):
            if (thing.idnum, thing.generation) in seen:
                continue
            seen.add((thing.idnum, thing.generation))
            waiting.append((thing.get_object(), 0))
            continue
        if isinstance(thing, DictionaryObject):
            _look(thing)
        waiting += [(inner, depth + 1) for inner in _inside(thing)]


def _inside(thing: object) -> Iterator[object]:
    if isinstance(thing, DictionaryObject):
        yield from (
            value for value in thing.values() if isinstance(value, IndirectObject | DictionaryObject | ArrayObject)
        )
    elif isinstance(thing, ArrayObject):
        yield from (value for value in thing if isinstance(value, IndirectObject | DictionaryObject | ArrayObject))


def _look(found: DictionaryObject) -> None:
    for key, why in FORBIDDEN_KEYS.items():
        if key in found:
            raise FileRefusedError(why)
    action = found.get("/S")
    kind = action.get_object() if isinstance(action, IndirectObject) else action
    refusal = FORBIDDEN_ACTIONS.get(str(kind))
    if refusal is not None and found.get("/Type", "/Action") == "/Action":
        raise FileRefusedError(refusal)
