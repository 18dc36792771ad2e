"""Writes the binary samples beside this script: `python tests/data/make_samples.py`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

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


if __name__ == "__main__":
    (Path(__file__).parent / "sample.pdf").write_bytes(pdf())
