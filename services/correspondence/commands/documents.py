"""Forms as documents: PDF/UA-1 by Typst, DOCX for a word processor; empty to be filled in, or filled in on line."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import docx as word
import typst
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from services.correspondence.domain.forms import Answered, Document

TEMPLATE: Final = Path(__file__).with_name("form.typ")
STANDARD: Final = "ua-1"
LANGUAGE: Final = "pl-PL"
WRITING_LINE: Final = "…" * 60
BOX: Final = "☐"
PDF: Final = "pdf"
DOCX: Final = "docx"


class DocumentPrinter:
    """Sets documents; set up once, a page takes some milliseconds. Not for two threads at once."""

    def __init__(self) -> None:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
        self._compiler = typst.Compiler(TEMPLATE, font_paths=fonts)

    def pdf(self, document: Document) -> bytes:
        """Give a document as PDF/UA-1."""
        given = json.dumps({**asdict(document), "author": document.sender[0]}, ensure_ascii=False)
        written = self._compiler.compile(format="pdf", pdf_standards=[STANDARD], sys_inputs={"document": given})
        if not isinstance(written, bytes):
            raise TypeError("typst gave no single document")
        return written


def docx(document: Document) -> bytes:
    """Give a document as DOCX, with its language and title set, so that it is read aloud well."""
    page = word.Document()
    page.core_properties.title = document.title
    page.core_properties.language = LANGUAGE
    page.core_properties.author = document.sender[0]
    _set_styles(page)
    for line in document.sender:
        page.add_paragraph(line)
    page.add_paragraph(document.day).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for label, value in document.facts:
        page.add_paragraph(f"{label}: ").add_run(value).bold = True
    recipient = page.add_paragraph()
    recipient.add_run(document.company).bold = True
    page.add_heading(document.title, level=1)
    _add_text(page, document.opening)
    for field in document.fields:
        _add_field(page, field)
    _add_text(page, document.closing)
    page.add_paragraph()
    page.add_paragraph("data i czytelny podpis: " + "…" * 25).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    written = io.BytesIO()
    page.save(written)
    return written.getvalue()


def _set_styles(page: Docx) -> None:
    section = page.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    section.top_margin = section.bottom_margin = Mm(20)
    normal = page.styles["Normal"]
    normal.font.size = Pt(11)
    fonts = page.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    language = fonts.find(qn("w:lang"))
    if language is not None:
        language.set(qn("w:val"), LANGUAGE)


def _add_text(page: Docx, text: str) -> None:
    for part in filter(None, text.split("\n\n")):
        page.add_paragraph(part)


def _add_field(page: Docx, field: Answered) -> None:
    label = page.add_paragraph()
    label.paragraph_format.keep_with_next = True
    label.paragraph_format.space_after = Pt(2)
    label.add_run(field.label).bold = True
    if field.hint:
        label.add_run(f" ({field.hint})")
    for choice in field.choices:
        page.add_paragraph(f"{BOX} {choice}")
    if not field.choices:
        page.add_paragraph("\n".join([WRITING_LINE] * (3 if field.tall else 1)))
