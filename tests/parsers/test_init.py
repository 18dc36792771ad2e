from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.errors import UnreadableFile

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"%PDF-1.7\n", "a.txt", "pdf"),
        (b"\0\0 junk %PDF-1.4", "a", "pdf"),
        (b"text about %PDF- files", "a.md", "markdown"),
        (b"<!DOCTYPE html><p>", "page", "html"),
        (b"<!DOCTYPE html><p>", "page.txt", "text"),
        (b"plain", "LICENSE", "text"),
        (b"x = 1", "a.py", "code"),
        (b"x = 1", "a.toml", "text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.txt", None),
        (b"PK\x03\x04\x14\0\0\0\x08\0", "a.docx", "docx"),
        (b"PK\x03\x04\x14\0\0\0\x08\0", "a.zip", None),
        (OLE, "a.xls", "_ole"),
        (OLE, "a.xlsx", "_ole"),
        (OLE, "letter", "_ole"),
        (OLE, "a.bin", None),
        (b"not a zip", "a.pptx", "pptx"),
        (b"<html><table>", "a.xls", "html"),
        (b"{\\rtf1\\ansi text}", "a.rtf", None),
        ("Hello there, friend".encode("utf-16-le"), "a.txt", "text"),
        (b"", "empty", "text"),
    ],
)
def test_content_and_suffix_choose_the_parser(head: bytes, name: str, kind: str | None) -> None:
    assert parsers.kind_of(head, name) == kind


def test_binary_file_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="binary"):
        parsers.parse(bytes(range(256)), "a.bin")


def test_html_under_another_suffix_is_noted() -> None:
    assert "looks like HTML, read as plain text" in parsers.parse(b"<html><p>x", "a.txt").notes


@pytest.mark.parametrize(
    ("stream", "name", "reason"),
    [
        ("Workbook", "a.xls", "old binary Office format; save it as .xlsx"),
        ("PowerPoint Document", "a.ppt", "old binary Office format; save it as .pptx"),
        ("WordDocument", "a.docx", "old binary Office format; save it as .docx"),
        ("EncryptedPackage", "a.xlsx", "password-protected"),
        ("Other", "letter", "unknown format"),
    ],
)
def test_compound_file_says_what_it_is(stream: str, name: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        parsers.parse(OLE + f"{stream}\0".encode("utf-16-le"), name)
