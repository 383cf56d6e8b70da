"""What an attached file may be, and why others are refused. Every file is made here; nothing is patched."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import docx
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from services.correspondence.commands.files.checks import checked
from services.correspondence.domain.attachments import MAX_FILE_BYTES, FileKind, FileRefusedError, safe_name

RELATIONS = "word/_rels/document.xml.rels"


def pdf(change: Callable[[PdfWriter], object] = lambda _: None) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    change(writer)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def with_action(action: dict[str, str]) -> Callable[[PdfWriter], object]:
    def change(writer: PdfWriter) -> None:
        names = {NameObject(key): NameObject(value) for key, value in action.items()}
        writer._root_object[NameObject("/OpenAction")] = writer._add_object(DictionaryObject(names))

    return change


def hidden_in_an_annotation(writer: PdfWriter) -> None:
    action = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x")})
    link = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): action})
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(link)])


def with_script(writer: PdfWriter) -> None:
    script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer._root_object[NameObject("/OpenAction")] = writer._add_object(DictionaryObject(script))


def form_xfa(writer: PdfWriter) -> None:
    writer._root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/XFA"): TextStringObject("x")})


def picture(form: str = "JPEG", size: tuple[int, int] = (40, 20), **more: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, form, **more)
    return written.getvalue()


def picture_with_place() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned to the right
    exif[0x010E] = "Wrocław, u mnie w domu"
    exif.get_ifd(0x8825)[1] = "N"
    return picture(exif=exif, comment=b"tajny komentarz")


def bomb_picture() -> bytes:
    """A PNG of a few hundred bytes that says it has 40,000 by 40,000 points."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack("!IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b"")


def document() -> bytes:
    written = io.BytesIO()
    page = docx.Document()
    page.add_paragraph("Dzień dobry")
    page.save(written)
    return written.getvalue()


def odt() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", FileKind.ODT.value)
        archive.writestr("content.xml", "<a/>")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return written.getvalue()


def repacked(add: dict[str, bytes | str], leave_out: str = "") -> bytes:
    """The document again, with parts added or written over."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(document())) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in add and name != leave_out:
                new.writestr(name, old.read(name))
        for name, content in add.items():
            new.writestr(name, content)
    return written.getvalue()


def relation(kind: str) -> str:
    where = "http://schemas.openxmlformats.org/package/2006/relationships"
    return (
        f'<r:Relationships xmlns:r="{where}"><r:Relationship Id="a" Type="http://x/{kind}" '
        f'Target="http://evil.example/a" TargetMode="External"/></r:Relationships>'
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (pdf(), FileKind.PDF),
        (picture(), FileKind.JPEG),
        (picture("PNG"), FileKind.PNG),
        (picture("WEBP"), FileKind.WEBP),
        (document(), FileKind.DOCX),
        (odt(), FileKind.ODT),
        (repacked({RELATIONS: relation("hyperlink")}), FileKind.DOCX),
    ],
    ids=["pdf", "jpeg", "png", "webp", "docx", "odt", "docx with a link"],
)
def test_files_that_people_have_are_taken(content: bytes, kind: FileKind) -> None:
    assert checked(content).kind is kind


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "pusty"),
    "program": (b"MZ" + b"\0" * 200, "Programów nie przyjmujemy"),
    "text": (b"plain text", "Nie rozpoznajemy"),
    "web page": (b"<html><script>alert(1)</script>", "Nie rozpoznajemy"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Nie rozpoznajemy"),
    "old word": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "starym formacie"),
    "heic": (b"\0\0\0\x18ftypheic" + b"\0" * 100, "HEIC"),
    "too large": (b"%PDF-" + b"0" * MAX_FILE_BYTES, "więcej niż 10 MB"),
    "pdf with a script": (pdf(with_script), "skrypt"),
    "pdf with a hidden script": (pdf(hidden_in_an_annotation), "skrypt"),
    "pdf with a script under another spelling": (
        pdf(with_script).replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS", b"/J#53"),
        "skrypt",
    ),
    "pdf that starts a program": (pdf(with_action({"/S": "/Launch"})), "sam z siebie"),
    "pdf that sends a form": (pdf(with_action({"/S": "/SubmitForm"})), "sam z siebie"),
    "pdf with a file inside": (pdf(lambda w: w.add_attachment("a.exe", b"MZ")), "inny plik"),
    "pdf with xfa": (pdf(form_xfa), "XFA"),
    "pdf with a password": (pdf(lambda w: w.encrypt("tajne", algorithm="AES-128")), "hasłem"),
    "pdf cut off": (pdf()[:100], "nie da się odczytać"),
    "pdf of nonsense": (b"%PDF-1.7\nnonsense\n%%EOF", "nie da się odczytać"),
    "pdf with something behind": (pdf() + b"MZ" + b"\1" * 100, "Za końcem"),
    "pdf and zip in one": (pdf() + odt() + b"%%EOF", "jednocześnie"),
    "picture and zip in one": (picture() + odt(), "jednocześnie"),
    "picture cut off": (picture(size=(400, 400))[:700], "nie da się otworzyć"),
    "picture bomb": (bomb_picture(), "milionów punktów"),
    "zip of files": (repacked({"a.txt": "a"}, leave_out="[Content_Types].xml"), "archiwów"),
    "zip bomb": (repacked({"word/media/a.xml": b"\0" * 30_000_000}), "zbyt wielkiego"),
    "docx with macros": (repacked({"word/vbaProject.bin": b"x"}), "makra"),
    "docx that says macros": (
        repacked({"[Content_Types].xml": "<a b='application/vnd.ms-word.document.macroEnabled.main+xml'/>"}),
        "makra",
    ),
    "docx with an object": (repacked({"word/embeddings/oleObject1.bin": b"x"}), "inny plik"),
    "docx with a remote template": (repacked({RELATIONS: relation("attachedTemplate")}), "z internetu"),
    "docx with a remote template in utf-16": (
        repacked({RELATIONS: relation("attachedTemplate").encode("utf-16")}),
        "z internetu",
    ),
    "docx with entities": (repacked({RELATIONS: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "nie da się otworzyć"),
    "docx that climbs": (repacked({"../../etc/passwd": b"x"}), "nie da się otworzyć"),
    "docx behind something": (b"PK\x03\x04" + b"\0" * 40 + document(), "nie da się otworzyć"),
    "docx with something behind": (document() + b"MZ", "nie da się otworzyć"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_may_harm_is_refused_with_its_reason(name: str) -> None:
    content, reason = BAD_FILES[name]
    with pytest.raises(FileRefusedError, match=reason):
        checked(content)


def test_a_picture_is_written_anew_upright_and_without_what_it_told_of_its_owner() -> None:
    given = picture_with_place()
    kept = checked(given).content
    with Image.open(io.BytesIO(kept)) as written:
        assert written.size == (20, 40)
        assert not written.getexif()
    assert b"tajny" in given
    assert not any(word in kept for word in (b"tajny", b"Exif", "Wrocław".encode()))


def test_documents_are_kept_byte_for_byte() -> None:
    for content in (pdf(), document(), odt()):
        assert checked(content).content == content
    assert len(PdfReader(io.BytesIO(pdf())).pages) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("umowa.pdf", "umowa.pdf"),
        ("UMOWA.PDF", "UMOWA.pdf"),
        ("bez końcówki", "bez końcówki.pdf"),
        ("../../etc/umowa.pdf", "umowa.pdf"),
        ("C:\\Users\\Anna\\umowa.pdf", "umowa.pdf"),
        ('a"\r\nb<c>.pdf', "a_b_c_.pdf"),
        ("\u202efdp.pdf", "fdp.pdf"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
        (".pdf", "plik.pdf"),
    ],
)
def test_a_name_is_kept_without_what_could_mislead(given: str, kept: str) -> None:
    assert safe_name(given, FileKind.PDF) == kept


@pytest.mark.parametrize("name", ["zdjęcie.jpg", "program.exe", "umowa.pdf.html"])
def test_a_name_that_says_something_else_is_refused(name: str) -> None:
    with pytest.raises(FileRefusedError, match="jego zawartość to PDF"):
        safe_name(name, FileKind.PDF)
