"""Set the sample corpus's PDFs from sources/, byte for byte the same on every run."""

from __future__ import annotations

from pathlib import Path

from reportlab.lib.pagesizes import A5
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).resolve().parent
MARGIN = 48.0
PAGE_WIDTH, PAGE_HEIGHT = A5
STYLES = {"# ": ("Helvetica-Bold", 13.0), "## ": ("Helvetica-Bold", 10.5), "": ("Times-Roman", 10.5)}


def wrap(text: str, font: str, size: float, width: float) -> list[str]:
    r"""Break `text` into lines; a word may be broken with a hyphen where the source says `\-`."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        parts = word.split("\\-")
        for used in range(len(parts), -1, -1):
            head = "".join(parts[:used]) + ("-" if 0 < used < len(parts) else "")
            candidate = f"{line} {head}".strip() if used else line
            if stringWidth(candidate, font, size) <= width or (not line and used == len(parts)):
                break
        if used == len(parts):
            line = candidate
        else:
            lines.append(candidate)
            line = "".join(parts[used:])
    return [*lines, line]


def set_page(canvas: Canvas, page: str, label: str) -> None:
    """Draw one page of the source and the label at its foot."""
    y = PAGE_HEIGHT - MARGIN
    for paragraph in page.strip().split("\n"):
        prefix = next(mark for mark in ("## ", "# ", "") if paragraph.startswith(mark))
        font, size = STYLES[prefix]
        for line in wrap(paragraph.removeprefix(prefix), font, size, PAGE_WIDTH - 2 * MARGIN):
            y -= size * 1.35
            canvas.setFont(font, size)
            canvas.drawString(MARGIN, y, line)
        y -= 6
    if y < MARGIN:
        raise SystemExit(f"page {label} is too long by {MARGIN - y:.0f} points")
    canvas.setFont("Times-Roman", 9)
    canvas.drawCentredString(PAGE_WIDTH / 2, MARGIN / 2, label)
    canvas.showPage()


def make(source: Path, folder: Path) -> Path:
    """Set one source as a PDF in `folder` and return its path."""
    header, body = source.read_text(encoding="utf-8").split("\n# ", 1)
    fields = dict(line.split(": ", 1) for line in header.splitlines())
    front = len(fields["labels"]) if fields["labels"] != "0" else 0
    target = folder / fields["file"]
    canvas = Canvas(str(target), pagesize=A5, invariant=1, pageCompression=1)
    canvas.setTitle(fields["title"])
    canvas.setAuthor(fields["author"])
    if front:
        canvas.addPageLabel(0, "ROMAN_LOWER", 1)
        canvas.addPageLabel(front, "ARABIC", 1)
    for number, page in enumerate(f"# {body}".split("\n=====\n")):
        label = "i" * (number + 1) if number < front else str(number - front + 1)
        set_page(canvas, page, label)
    canvas.save()
    return target


def main() -> None:
    """Make every PDF of the corpus."""
    for source in sorted((HERE / "sources").glob("*.txt")):
        print(make(source, HERE / "docs" / "reports"))


if __name__ == "__main__":
    main()
