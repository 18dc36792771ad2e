from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.parsers._tex_fonts import joined


def pdf(font: str, codes: str, names: str) -> bytes:
    """A page that shows "x ", `codes` in a font whose glyphs have those names, and " y"."""
    shown = b"BT /F1 12 Tf 40 200 Td (x ) Tj /F2 12 Tf <%s> Tj /F1 12 Tf ( y) Tj ET" % codes.encode().hex().encode()
    glyphs = " ".join(f"{ord(code)} /{name}" for code, name in zip(codes, names.split(), strict=True))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        f"<</Type/Font/Subtype/Type1/BaseFont/ABCDEF+{font}/Encoding<</Differences[{glyphs}]>>>>".encode(),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, each) for number, each in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer <</Root 1 0 R/Size 7>>\n%%EOF"


@pytest.mark.parametrize(
    ("font", "codes", "names", "text"),
    [
        ("CMSY10", "6=", "negationslash equal", "x ≠ y"),
        ("CMSY8", "7!", "mapsto arrowright", "x ↦ y"),
        ("CMSY10", "hki", "signone signtwo signthree", "x ⟨‖⟩ y"),
        ("CMEX10", "XZ", "signone signtwo", "x ∑∫ y"),
        ("CMEX10", "zX", "signone signtwo", "x  ∑ y"),
        ("CMMI10", "\x0b%", "signone signtwo", "x αϱ y"),
        ("Times", "hki", "signone signtwo signthree", "x hki y"),
        ("CMSY10", "hi", "H I", "x HI y"),
    ],
)
def test_sign_of_a_tex_font_is_read_by_its_code_where_the_file_does_not_say_it(
    font: str, codes: str, names: str, text: str
) -> None:
    assert parsers.parse(pdf(font, codes, names), "a.pdf").text.strip() == text


@pytest.mark.parametrize(
    ("line", "text"), [("x \u0338= y", "x ≠ y"), ("a \u0338 ∈ B \u0338", "a ∉ B \u0338"), ("≠", "≠")]
)
def test_sign_in_two_pieces_becomes_one(line: str, text: str) -> None:
    assert joined(line) == text
