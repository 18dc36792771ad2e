"""Make the sample corpus's Office files, e-book, mails and scanned page from sources/, the same bytes on every run."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from html import escape
from pathlib import Path

import reportlab
from docx import Document
from openpyxl import Workbook
from openpyxl.styles import Font
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from pptx.util import Cm
from reportlab.lib.pagesizes import A5
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).resolve().parent
STAMP = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
"""The time that every file says it was made."""

Fields = dict[str, str]


def read_source(source: Path) -> tuple[Fields, str]:
    """The `key: value` lines at the head of a source, and what follows them."""
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    count = next(n for n, line in enumerate(lines) if not re.match(r"[a-z]+: ", line))
    fields = dict(line.rstrip("\n").split(": ", 1) for line in lines[:count])
    return fields, "".join(lines[count:])


def cells(line: str) -> list[str]:
    """The cells of a `| a | b |` line."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def groups(text: str) -> list[tuple[str, list[str]]]:
    """Runs of lines of one sort, by their mark: '# ', '## ', '- ', '| ', 'Notes: ' or '' (a paragraph)."""
    found: list[tuple[str, list[str]]] = []
    for line in text.strip().splitlines():
        mark = next(m for m in ("## ", "# ", "- ", "| ", "Notes: ", "") if line.startswith(m))
        if found and found[-1][0] == mark:
            found[-1][1].append(line.removeprefix(mark))
        elif line.strip():
            found.append((mark, [line.removeprefix(mark)]))
    return found


def repack(path: Path) -> None:
    """Write a zip again with fixed times, in the order of names."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    stamp = rb"\g<1>" + STAMP.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + rb"\2"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(members, key=lambda name: (name != "mimetype", name != "[Content_Types].xml", name)):
            content = members[name]
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)", stamp, content)
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            entry = zipfile.ZipInfo(name, STAMP.timetuple()[:6])
            new.writestr(entry, content, compress_type=kind)


def make_docx(fields: Fields, body: str, target: Path) -> None:
    """A text document with headings, paragraphs, lists and tables whose first row is the header."""
    document = Document()
    document.core_properties.title, document.core_properties.author = fields["title"], fields["author"]
    for mark, lines in groups(body):
        if mark == "| ":
            rows = [cells(line) for line in lines]
            table = document.add_table(0, len(rows[0]), "Table Grid")
            for number, row in enumerate(rows):
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.paragraphs[0].add_run(text).bold = number == 0
            continue
        for line in lines:
            if mark.startswith("#"):
                document.add_heading(line, len(mark) - 1)
            else:
                document.add_paragraph(line, "List Bullet" if mark else "Normal")
    document.save(str(target))


def make_pptx(fields: Fields, body: str, target: Path) -> None:
    """Slides: a title, bullets, tables, speaker's notes."""
    deck = Presentation()
    deck.core_properties.title, deck.core_properties.author = fields["title"], fields["author"]
    for number, page in enumerate(body.split("\n=====\n")):
        parts = dict(groups(page))
        slide = deck.slides.add_slide(deck.slide_layouts[0 if number == 0 else 5 if "| " in parts else 1])
        slide.shapes.title.text = parts["# "][0]
        if "| " in parts:
            rows = [cells(line) for line in parts["| "]]
            frame = slide.shapes.add_table(len(rows), len(rows[0]), Cm(2), Cm(5), Cm(21), Cm(1.2 * len(rows)))
            for cell, text in zip(frame.table.iter_cells(), (text for row in rows for text in row), strict=True):
                cell.text = text
        else:
            slide.placeholders[1].text = "\n".join(parts.get("- ", parts.get("", [])))
        if "Notes: " in parts:
            slide.notes_slide.notes_text_frame.text = parts["Notes: "][0]
    deck.save(str(target))


def make_xlsx(fields: Fields, body: str, target: Path) -> None:
    """A sheet for each heading; whole numbers and days are stored as such."""
    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = fields["title"], fields["author"]
    for mark, lines in groups(body):
        if mark == "# ":
            sheet = book.create_sheet(lines[0])
            continue
        for number, line in enumerate(lines, 1):
            for column, text in enumerate(cells(line), 1):
                value: object = text or None
                if re.fullmatch(r"\d{1,5}", text):
                    value = int(text)
                elif re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                    value = datetime.fromisoformat(text).date()
                cell = sheet.cell(number, column, value)
                if number == 1:
                    cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
    book.save(target)


def chapter(page: str) -> tuple[str, str]:
    """Title and XHTML of one chapter of the book."""
    parts = groups(page)
    title = parts[0][1][0]
    text = "".join(f"<p>{escape(line, quote=False)}</p>\n" for mark, lines in parts if not mark for line in lines)
    head = f"<head><title>{escape(title)}</title></head>"
    html = f'<html xmlns="http://www.w3.org/1999/xhtml">{head}<body>\n<h1>{escape(title)}</h1>\n{text}</body></html>\n'
    return title, f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n{html}'


def make_epub(fields: Fields, body: str, target: Path) -> None:
    """An EPUB 3 with one XHTML file a chapter, a table of contents and a spine."""
    chapters = [chapter(page) for page in body.split("\n=====\n")]
    names = [f"c{number}" for number in range(len(chapters))]
    items = "".join(f'<item id="{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in names)
    spine = "".join(f'<itemref idref="{n}"/>' for n in names)
    links = "".join(
        f'<li><a href="{n}.xhtml">{escape(title)}</a></li>' for n, (title, _) in zip(names, chapters, strict=True)
    )
    xml = '<?xml version="1.0" encoding="utf-8"?>\n'
    opf = f"""{xml}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">ostermuende-behn</dc:identifier>
<dc:title>{escape(fields["title"])}</dc:title><dc:creator>{escape(fields["author"])}</dc:creator>
<dc:language>{fields["language"]}</dc:language>
<meta property="dcterms:modified">{STAMP:%Y-%m-%dT%H:%M:%SZ}</meta></metadata>
<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>{items}</manifest>
<spine>{spine}</spine></package>
"""
    nav = f"""{xml}<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head><title>Contents</title></head><body><nav epub:type="toc"><ol>{links}</ol></nav></body></html>
"""
    container = f"""{xml}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="book/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""
    with zipfile.ZipFile(target, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", container)
        book.writestr("book/content.opf", opf)
        book.writestr("book/nav.xhtml", nav)
        for name, (_, html) in zip(names, chapters, strict=True):
            book.writestr(f"book/{name}.xhtml", html)


def make_eml(fields: Fields, body: str, target: Path) -> None:
    """A mail as plain text and HTML, with one attachment; the source has both texts, one after the other."""
    _, text, attachment = body.split("=====\n")
    charset, encoding = fields["charset"], fields["encoding"]
    mail = EmailMessage(policy.SMTP)
    for name in ("from", "to", "subject", "date"):
        mail[name.title()] = fields[name]
    mail["Message-ID"] = f"<{target.stem}@grosse-uhr.example>"
    mail.set_content(text, charset=charset, cte=encoding)
    paragraphs = "".join(f"<p>{escape(part)}</p>\n" for part in text.strip().split("\n\n"))
    mail.add_alternative(f"<html><body>\n{paragraphs}</body></html>\n", "html", charset=charset, cte=encoding)
    kind = "csv" if fields["attachment"].endswith(".csv") else "plain"
    mail.add_attachment(attachment, kind, charset=charset, cte="base64", filename=fields["attachment"])
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{target.stem}_{number}")
    target.write_bytes(mail.as_bytes())


def make_scan(fields: Fields, body: str, target: Path) -> None:
    """A page that is only a picture of writing: a PDF without a text layer."""
    noise = random.Random(fields["title"])
    size = (827, 1166)
    page = Image.new("L", size, 245)
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "VeraIt.ttf"), 22)
    for number, line in enumerate(body.strip("\n").splitlines()):
        draw.text((90 + noise.randint(-3, 3), 110 + 44 * number), line, fill=noise.randint(20, 70), font=font)
    for _ in range(900):
        x, y = noise.randrange(size[0]), noise.randrange(size[1])
        draw.ellipse((x, y, x + noise.randint(0, 2), y + noise.randint(0, 2)), fill=noise.randint(120, 220))
    picture = page.rotate(0.7, fillcolor=245).convert("1", dither=Image.Dither.NONE)
    canvas = Canvas(str(target), pagesize=A5, invariant=1, pageCompression=1)
    canvas.setTitle(fields["title"])
    canvas.drawImage(ImageReader(picture), 0, 0, *A5)
    canvas.save()


MAKERS: dict[str, Callable[[Fields, str, Path], None]] = {
    ".docx": make_docx,
    ".pptx": make_pptx,
    ".xlsx": make_xlsx,
    ".epub": make_epub,
    ".eml": make_eml,
    ".pdf": make_scan,
}


def make(source: Path, folder: Path) -> Path:
    """Make the file that a source names, below `folder`, and return its path."""
    fields, body = read_source(source)
    target = folder / fields["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    MAKERS[target.suffix](fields, body, target)
    if zipfile.is_zipfile(target):
        repack(target)
    return target


def main() -> None:
    """Make every file that has a source in Markdown's manner."""
    for source in sorted((HERE / "sources").glob("*.md")):
        print(make(source, HERE / "docs"))


if __name__ == "__main__":
    main()
