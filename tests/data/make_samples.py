"""Writes the binary samples beside this script: `python -m tests.data.make_samples`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests.data.office import cells, docx, epub, pptx, shape, xlsx

PAGES = (
    ("The lamp", ("The lamp of the old harbour was lit every evening at six.", "Its keeper walked the whole pier.")),
    ("The pier", ("The pier is two hundred metres long and built of granite.",)),
    ("", ()),
)


def pdf(
    pages: Sequence[tuple[str, Sequence[str]]] = PAGES, *, title: str = "Harbour notes", password: str | None = None
) -> bytes:
    """A PDF with a heading and lines a page, bookmarks, and the labels i, ii, ..."""
    out = io.BytesIO()
    encrypt = None if password is None else StandardEncryption(password, ownerPassword="owner")
    canvas = Canvas(out, pagesize=(400, 300), invariant=1, encrypt=encrypt)
    canvas.setTitle(title)
    canvas.setAuthor("A. Keeper")
    for number, (heading, lines) in enumerate(pages):
        canvas.addPageLabel(number, style="ROMAN_LOWER", start=number + 1)
        if heading:
            canvas.bookmarkPage(f"page-{number}")
            canvas.addOutlineEntry(heading, f"page-{number}", 0)
            canvas.setFont("Helvetica-Bold", 18)
            canvas.drawString(40, 250, heading)
        canvas.setFont("Helvetica", 11)
        for at, line in enumerate(lines):
            canvas.drawString(40, 210 - 14 * at, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


LAMP = "The lamp of the old harbour was lit every evening at six."
STYLES = (
    '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
)


def word() -> bytes:
    """A Word file with a title, a heading, prose, a footnote and a table."""
    run = "<w:r><w:t>{}</w:t></w:r>"
    paragraph = '<w:p><w:pPr><w:pStyle w:val="{}"/></w:pPr>{}</w:p>'
    noted = run.format("The pier is of granite.") + '<w:r><w:footnoteReference w:id="2"/></w:r>'
    rows = [("Year", "Ships"), ("1898", "1,204"), ("1899", "1,377")]
    cell = f"<w:tc><w:tcPr/><w:p>{run}</w:p></w:tc>"
    table = "".join(f"<w:tr>{''.join(cell.format(text) for text in row)}</w:tr>" for row in rows)
    body = [
        paragraph.format("T", run.format("Harbour notes")),
        paragraph.format("H1", run.format("The lamp")),
        paragraph.format("", run.format(LAMP)),
        paragraph.format("", noted),
        f'<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w="900"/><w:gridCol w:w="900"/></w:tblGrid>{table}</w:tbl>',
        "<w:p/>",
    ]
    footnote = f'<w:footnote w:id="2"><w:p>{run.format("From a quarry across the bay.")}</w:p></w:footnote>'
    return docx("".join(body), styles=STYLES, footnotes=footnote)


def slides() -> bytes:
    """Two slides, the second with notes."""
    first = shape("Harbour notes", kind="title") + shape(LAMP)
    second = shape("The pier", kind="title") + shape("Built of granite", "Two hundred metres long", kind="body")
    return pptx([first, second], notes={2: shape("Ask who paid for it.", kind="body")})


def sheets() -> bytes:
    """A sheet of prose and figures, and a hidden one."""
    note = cells(["Lit every evening"], [None], ["Day", "Ships", "Full"], [45000.0, 12.0, 0.25])
    dated = note.replace('<c r="A4">', '<c r="A4" s="1">').replace('<c r="C4">', '<c r="C4" s="2">')
    return xlsx({"Lamp": dated, "Pier": cells(["Metres", 200.0])}, hidden=["Pier"], formats=["d mmmm yyyy", "0%"])


def book() -> bytes:
    """Two chapters, the second named by the table of contents only."""
    return epub(
        {"lamp": f"<h1>The lamp</h1><p>{LAMP}</p>", "pier": "<p>The pier is of granite.</p>"},
        nav='<ol><li><a href="lamp.xhtml">The lamp</a></li><li><a href="pier.xhtml#top">The pier</a></li></ol>',
    )


SAMPLES = {"pdf": pdf, "docx": word, "pptx": slides, "xlsx": sheets, "epub": book}


if __name__ == "__main__":
    for suffix, made in SAMPLES.items():
        (Path(__file__).parent / f"sample.{suffix}").write_bytes(made())
