"""TeX's symbol fonts where a PDF does not say what their glyphs mean: readers then show the code ("x 6= y")."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from typing import Any, Final

# Donald E. Knuth, The TeXbook, appendix F: fonts cmsy10, cmmi10 (Greek) and cmex10, by code. Script capitals stay.
_CMSY: Final = (
    "−·×∗÷⋄±∓⊕⊖⊗⊘⊙◯∘∙≍≡⊆⊇≤≥⪯⪰∼≈⊂⊃≪≫≺≻←→↑↓↔↗↘≃⇐⇒⇑⇓⇔↖↙∝′∞∈∋△▽\u0338↦∀∃¬∅ℜℑ⊤⊥"
    "ℵABCDEFGHIJKLMNOPQRSTUVWXYZ∪∩⊎∧∨⊢⊣⌊⌋⌈⌉{}⟨⟩|‖↕⇕\\≀√⨿∇∫⊔⊓⊑⊒§†‡¶♣♢♡♠"
)
_CMMI: Final = "ΓΔΘΛΞΠΣΥΦΨΩαβγδϵζηθικλμνξπρστυϕχψωεϑϖϱςφ"
_CMEX: Final = dict.fromkeys(range(128), " ") | {
    code: char
    for char, codes in {
        **{"(": b"\x00\x10\x12\x20", ")": b"\x01\x11\x13\x21", "[": b"\x02\x14\x22h", "]": b"\x03\x15\x23i"},
        **{"{": b"\x08\x1a\x28n", "}": b"\x09\x1b\x29o", "⟨": b"\x0a\x1c\x2a", "⟩": b"\x0b\x1d\x2b", "|": b"\x0c"},
        **{"‖": b"\x0d", "∐": b"`a", "∑": b"PX", "∏": b"QY", "∫": b"RZ", "⋃": b"S[", "⋂": b"T\\", "√": b"pqrs"},
    }.items()
    for code in codes
}
_FONTS: Final = {"CMSY": dict(enumerate(_CMSY)), "CMMI": dict(enumerate(_CMMI)), "CMEX": _CMEX}
_STRUCK: Final = re.compile("\u0338 ?(\\S)")


def read(text_page: Any) -> str:
    """A page's text, unit for unit as pdfium gives it, with what stands for such glyphs in place of their codes."""
    import pypdfium2.raw as raw

    text: str = text_page.get_text_range()
    units = bytearray(text.encode("utf-16-le", "surrogatepass"))
    for at in range(raw.FPDFText_CountChars(text_page)):
        if raw.FPDFText_HasUnicodeMapError(text_page, at) != 1:
            continue
        meant = _FONTS.get(_font(text_page, at), {}).get(raw.FPDFText_GetUnicode(text_page, at))
        index = raw.FPDFText_GetTextIndexFromCharIndex(text_page, at)
        if meant and 0 <= 2 * index < len(units):
            units[2 * index : 2 * index + 2] = meant.encode("utf-16-le")
    return units.decode("utf-16-le", "surrogatepass")


def joined(line: str) -> str:
    """A line with signs that TeX sets in two pieces as one: a slash and "=" are "≠", a bar and "→" are "↦"."""
    line = _STRUCK.sub(lambda match: unicodedata.normalize("NFC", f"{match[1]}\u0338"), line)
    return line.replace("↦→", "↦")


def _font(text_page: Any, at: int) -> str:
    """ "CMSY" for a character of CMSY10, "ABCDEF+CMSY10" in the file."""
    import pypdfium2.raw as raw

    name = ctypes.create_string_buffer(64)
    raw.FPDFText_GetFontInfo(text_page, at, name, len(name), ctypes.byref(ctypes.c_int()))
    return name.value.decode("ascii", "replace").rpartition("+")[2].rstrip("0123456789").upper()
