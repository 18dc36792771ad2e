from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

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
        (OLE, "a.xls", None),
        (OLE, "a.xlsx", "_ole"),
        (OLE, "letter", None),
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
        ("Workbook", "a.xls", "old binary Office format (save it as .xlsx)"),
        ("PowerPoint Document", "a.ppt", "old binary Office format (save it as .pptx)"),
        ("WordDocument", "a.docx", "old binary Office format (save it as .docx)"),
        ("EncryptedPackage", "a.xlsx", "password-protected (save it without a password)"),
        ("__properties_version1.0", "a.msg", "Outlook message (save it as .eml or .mht)"),
        ("Other", "letter", "binary, and no format that is known"),
        ("Other", "a.docx", "binary file of an unknown format"),
    ],
)
def test_compound_file_says_what_it_is(stream: str, name: str, reason: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        parsers.parse(OLE + f"{stream}\0".encode("utf-16-le"), name)
    assert caught.value.message == reason


def zipped(name: str, content: str) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr(name, content)
    return raw.getvalue()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{\\rtf1\\ansi text}", "rich text, RTF (save it as .docx)"),
        (b"%!PS-Adobe-3.0", "PostScript (save it as .pdf)"),
        (b"-----BEGIN PGP MESSAGE-----", "encrypted (PGP)"),
        (b"\x89PNG\r\n\x1a\n\0", "picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "picture"),
        (b"\0\0\0\x18ftypheic", "picture"),
        (b"\0\0\0\x18ftypmp42", "sound or film"),
        (b"\x1f\x8b\x08\0", "archive (unpack it)"),
        (bytes(257) + b"ustar\x0000", "archive (unpack it)"),
        (zipped("notes.md", "text"), "archive (unpack it)"),
        (zipped("mimetype", "application/vnd.oasis.opendocument.text"), "OpenDocument (save it as .docx)"),
        (zipped("mimetype", "application/x-other"), "binary, and no format that is known"),
        (b"", "binary, and no format that is known"),
        (bytes(range(256)), "binary, and no format that is known"),
    ],
)
def test_file_that_no_parser_reads_says_what_it_is_and_the_mend(raw: bytes, reason: str) -> None:
    assert parsers.why_not(raw) == reason


def test_finding_the_parsers_loads_no_library_of_theirs() -> None:
    script = "import sys; from ragcli import parsers; parsers.suffixes(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    late = {"email.message", "statistics", "zipfile", "xml.etree", "ragcli.parsers._declarations"}
    assert not late & set(done.stdout.split())


SHOUT = '''"""Capitals."""

from __future__ import annotations

from ragcli.types import Block, BlockKind, Parsed

SUFFIXES = (".shout",)


def parse(raw: bytes, name: str, /) -> Parsed:
    text = raw.decode().lower()
    return Parsed(text, (Block(BlockKind.PARAGRAPH, 0, len(text)),))
'''
INGEST = """
import sys
from pathlib import Path
import ragcli
from tests.library import ingested, opened
assert Path(ragcli.__file__).is_relative_to(sys.argv[1])
folder = Path(sys.argv[1]) / "files"
print(*(f"{o.uri} {o.state}" for o in ingested(folder).outcomes if o.uri != ".ragcli"))
with opened(folder) as index:
    print(index.store.document("a.shout").text)
"""


def test_a_new_format_is_one_new_file_in_a_copy_of_the_package(tmp_path: Path) -> None:
    shutil.copytree(Path(parsers.__file__).parents[1], tmp_path / "ragcli", ignore=shutil.ignore_patterns("*.pyc"))
    (tmp_path / "ragcli/parsers/shout.py").write_text(SHOUT, encoding="utf-8")
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.shout").write_text("THE LAMP IS LIT", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])}
    done = subprocess.run(
        [sys.executable, "-P", "-c", INGEST, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.stdout == "a.shout added\nthe lamp is lit\n", done.stderr
