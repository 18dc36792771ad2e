"""Bytes of a text file -> str: BOM, UTF-16/32 where evident, UTF-8, detection, Latin-1."""

from __future__ import annotations

import codecs
import re
from typing import Final

BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose BOM it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES: Final = 32_768  # detection is super-linear in practice; this much decides
_GOOD_PER_BAD: Final = 10  # UTF-8 with a few damaged bytes, not another encoding
_BINARY_CONTROLS: Final = 0.02
_BINARY_NULS: Final = 0.01
# What files are found in; without the list short Latin text is taken for EBCDIC or Mac code pages.
_CANDIDATES: Final = [
    *("cp1252", "gb18030", "big5", "cp932", "euc_jp", "iso2022_jp", "cp949", "cp1251", "koi8_r"),
    *("cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp874"),
]
# Code units that any UTF-16 prose holds: space, newline, ideographic comma and full stop, fullwidth comma.
_UNITS: Final = (0x0020, 0x000A, 0x3001, 0x3002, 0xFF0C)
_CONTROLS: Final = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1b")
_NO_CONTROLS: Final = dict.fromkeys(_CONTROLS)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_HTML_START: Final = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html)[\s>]", re.I | re.S
)


def decode(raw: bytes) -> tuple[str, tuple[str, ...]]:
    r"""The text, line ends as "\n", and notes on how it was read. Never fails."""
    encoding = bom_encoding(raw) or _wide_encoding(raw)
    if encoding:
        text, notes = decode_as(raw, encoding)
        return clean(text.removeprefix("\ufeff"), () if encoding == "utf-8" else (f"decoded as {encoding}", *notes))
    try:
        return clean(raw.decode("utf-8"), ())
    except UnicodeDecodeError:
        return clean(*_guess(raw))


def decode_as(raw: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """`raw` in a known encoding; what does not fit becomes U+FFFD and is counted in a note."""
    try:
        return raw.decode(encoding), ()
    except UnicodeDecodeError:
        text = raw.decode(encoding, "replace")
        return text, (f"{text.count(chr(0xFFFD))} characters are not {encoding}, replaced",)


def clean(text: str, notes: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Without NUL and lone surrogates, which no store keeps: U+FFFD each, noted."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, count = _UNSTORABLE.subn("\ufffd", text)
    return text, (*notes, f"{count} NUL or surrogate characters replaced") if count else notes


def is_binary(head: bytes) -> bool:
    """Whether these first bytes are no text: by the share of NUL and other control bytes."""
    if not head or bom_encoding(head) or _wide_encoding(head):
        return False
    nuls = head.count(0)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return nuls > len(head) * _BINARY_NULS or controls > len(head) * _BINARY_CONTROLS


def looks_like_html(head: bytes) -> bool:
    """Whether these first bytes open an HTML page."""
    return _HTML_START.match(head.removeprefix(codecs.BOM_UTF8)) is not None


def bom_encoding(raw: bytes) -> str:
    """The encoding that a byte order mark names, "" without one."""
    return next((encoding for bom, encoding in BOMS if raw.startswith(bom)), "")


def _wide_encoding(raw: bytes) -> str:
    """UTF-16 or UTF-32 without BOM, where NUL bytes or common code units give it away; else ""."""
    sample = raw[: 4096 & ~3]
    size = len(sample) // 4 * 4
    if size < 8:
        return ""
    columns = [sample[i:size:4].count(0) * 4 / size for i in range(4)]
    if min(columns[2:]) > 0.9 and max(columns[:2]) < 0.5 + columns[1] and columns[0] < 0.1:
        return "utf-32-le" if _decodes(sample[:size], "utf-32-le") else ""
    if min(columns[:2]) > 0.9 and columns[3] < 0.1:
        return "utf-32-be" if _decodes(sample[:size], "utf-32-be") else ""
    counts = {
        order: sum(sample[at : at + 2] in units for at in range(0, size, 2))
        for order, units in (("le", _unit_bytes("little")), ("be", _unit_bytes("big")))
    }
    odd, even = columns[1] + columns[3], columns[0] + columns[2]
    for order, nul, other in (("le", odd, even), ("be", even, odd)):
        common, rival = counts[order], counts["be" if order == "le" else "le"]
        latin = nul > 0.8 and other < 0.1
        prose = common > size / 2 * 0.01 and common > 10 * rival and not _is_utf8(sample)
        if (latin or prose) and _decodes(sample[:size], f"utf-16-{order}"):
            return f"utf-16-{order}"
    return ""


def _unit_bytes(order: str) -> frozenset[bytes]:
    return frozenset(unit.to_bytes(2, "little" if order == "little" else "big") for unit in _UNITS)


def _decodes(sample: bytes, encoding: str) -> bool:
    """Whether the sample is valid, up to a character cut off at its end, and hardly any of it control characters."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(sample, final=False)
    except UnicodeDecodeError:
        return False
    return len(text) - len(text.translate(_NO_CONTROLS)) <= len(text) * _BINARY_NULS


def _guess(raw: bytes) -> tuple[str, tuple[str, ...]]:
    lossy = raw.decode("utf-8", "replace")
    bad = lossy.count("\ufffd") - raw.count(b"\xef\xbf\xbd")
    beyond_ascii = len(lossy) - len(lossy.encode("ascii", "ignore"))
    if beyond_ascii - bad >= _GOOD_PER_BAD * bad:
        return lossy, (f"{bad} bytes are not UTF-8, replaced",)
    encoding = _detect(raw)
    if encoding:
        text, notes = decode_as(raw, encoding)
        return text, (f"decoded as {encoding} (detected)", *notes)
    try:
        return raw.decode("cp1252"), ("encoding unknown, decoded as cp1252",)
    except UnicodeDecodeError:
        return raw.decode("latin-1"), ("encoding unknown, decoded as latin-1",)


def _detect(raw: bytes) -> str:
    """The encoding charset-normalizer finds in a sample that holds bytes beyond ASCII; "" if none."""
    from charset_normalizer import from_bytes

    first = next((at for at in range(len(raw)) if raw[at] > 127), 0)
    start = raw.rfind(b"\n", 0, first) + 1 if first > _SAMPLE_BYTES // 2 else 0
    start = max(start, first - _SAMPLE_BYTES // 2)
    best = from_bytes(raw[start : start + _SAMPLE_BYTES], cp_isolation=_CANDIDATES, enable_fallback=False).best()
    return best.encoding if best else ""


def _is_utf8(sample: bytes) -> bool:
    return "\ufffd" not in sample[: len(sample) - 3].decode("utf-8", "replace").rstrip("\ufffd")
