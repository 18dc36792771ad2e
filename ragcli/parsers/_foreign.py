"""Files that no parser reads, by their first bytes: what each is, and what to do about it."""

from __future__ import annotations

from typing import Final

from ragcli.parsers import _ole
from ragcli.parsers._zip import names_in

UNKNOWN: Final = "binary, and no format that is known"

_RTF: Final = (b"{\\rtf", "rich text, RTF (save it as .docx)")
_POSTSCRIPT: Final = (b"%!PS", "PostScript (save it as .pdf)")
_PGP: Final = (b"-----BEGIN PGP MESSAGE", "encrypted (PGP)")
_UUENCODED: Final = (b"begin 644 ", "uuencoded (decode it)")
TEXTUAL: Final = tuple(magic for magic, _ in (_RTF, _POSTSCRIPT, _PGP, _UUENCODED))
"""How files begin that are text, but not the text that a person reads in them."""

_IMAGE: Final = "picture"
_SOUND: Final = "sound or film"
_ARCHIVE: Final = "archive (unpack it)"
_STARTS: Final = (
    *(_RTF, _POSTSCRIPT, _PGP, _UUENCODED),
    *((magic, _IMAGE) for magic in (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")),
    *((magic, _SOUND) for magic in (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"\xff\xfb")),
    *(
        (magic, _ARCHIVE)
        for magic in (b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ\0")
    ),
)
_RIFF: Final = {b"WEBP": _IMAGE, b"WAVE": _SOUND, b"AVI ": _SOUND}
_ODF: Final = {
    b"application/vnd.oasis.opendocument.text": ".docx",
    b"application/vnd.oasis.opendocument.spreadsheet": ".xlsx",
    b"application/vnd.oasis.opendocument.presentation": ".pptx",
}


def reason(raw: bytes) -> str:
    """Why a file that `parsers.kind_of` knows no parser for is left out: a short phrase for the ledger."""
    if raw.startswith(_ole.MAGIC):
        return _ole.what(raw) or UNKNOWN
    if raw.startswith(b"RIFF"):
        return _RIFF.get(raw[8:12], UNKNOWN)
    if raw[4:8] == b"ftyp":
        return _IMAGE if raw[8:12] in (b"heic", b"heix", b"mif1", b"avif") else _SOUND
    if raw[257:262] == b"ustar":
        return _ARCHIVE
    if names_in(raw[:200])[:1] == ["mimetype"]:
        target = next((target for kind, target in _ODF.items() if kind in raw[:200]), "")
        return f"OpenDocument (save it as {target})" if target else UNKNOWN
    return next((said for magic, said in _STARTS if raw.startswith(magic)), UNKNOWN)
