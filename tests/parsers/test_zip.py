from __future__ import annotations

import io
import struct
import warnings
import zipfile
from typing import TYPE_CHECKING

import pytest

from ragcli.errors import UnreadableFile
from ragcli.parsers import _zip
from ragcli.parsers._zip import Archive, names_in
from tests.data.office import zipped

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Pipe(io.RawIOBase):
    """What can be written and not sought in: sizes then follow each file."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: ReadableBuffer) -> int:
        self.written += piece
        return len(bytes(piece))


def test_files_are_found_by_name_case_and_slashes_aside() -> None:
    archive = Archive(zipped({"Word\\Document.xml": "a", "b": "b"}))
    assert archive.read("/word/document.xml") == b"a"
    assert archive.names() == ["Word\\Document.xml", "b"]
    with pytest.raises(UnreadableFile, match="c is missing"):
        archive.read("c")


def test_names_are_known_from_the_head_only() -> None:
    raw = zipped({"first": "x" * 50, "second/part": "y"})
    assert names_in(raw) == ["first", "second/part"]
    assert names_in(raw[:40]) == ["first"]
    assert names_in(b"junk" + raw) == []
    assert names_in(zipped({"inner.zip": raw, "last": "z"}, stored=("inner.zip",))) == ["inner.zip", "last"]


def test_names_are_known_of_an_archive_that_was_streamed() -> None:
    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first", "x" * 50)
        archive.writestr("second", "y")
    assert out.written[6] & 8
    assert names_in(bytes(out.written)) == ["first", "second"]


def test_bomb_is_refused_before_it_is_unpacked() -> None:
    raw = zipped({"a": bytes(30 << 20)})
    assert len(raw) < 40_000
    with pytest.raises(UnreadableFile, match=r"limit: .* would unpack to 30 MB"):
        Archive(raw)


def test_size_that_lies_ends_where_the_directory_says() -> None:
    raw = bytearray(zipped({"a": bytes(30 << 20)}))
    at = raw.rfind(b"PK\x01\x02") + 24
    raw[at : at + 4] = struct.pack("<I", 100)
    with pytest.raises(UnreadableFile, match="a cannot be unpacked"):
        Archive(bytes(raw)).read("a")


def test_crowd_of_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zip, "MAX_ENTRIES", 3)
    with pytest.raises(UnreadableFile, match="more than 3 files"):
        Archive(zipped(dict.fromkeys("abcd", "x")))


def test_file_larger_than_a_part_may_be_is_refused_when_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zip, "MAX_PART_BYTES", 1 << 20)
    archive = Archive(zipped({"a": bytes(2 << 20), "b": "b"}))
    assert archive.read("b") == b"b"
    with pytest.raises(UnreadableFile, match="limit: a unpacks to 2 MB"):
        archive.read("a")


def test_overlapping_files_are_refused() -> None:
    raw = bytearray(zipped({"a": "x" * 1000, "b": "y"}))
    second = raw.rfind(b"PK\x01\x02")
    raw[second + 42 : second + 46] = struct.pack("<I", 0)
    with pytest.raises(UnreadableFile, match="overlap"):
        Archive(bytes(raw))


def test_two_files_of_one_name_are_refused() -> None:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a", "1")
        archive.writestr("A", "2")
    with pytest.raises(UnreadableFile, match="two files of one name"):
        Archive(out.getvalue())


def test_encrypted_entry_says_password() -> None:
    raw = bytearray(zipped({"a": "x"}))
    raw[raw.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableFile, match="password-protected"):
        Archive(bytes(raw))


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_methods_are_refused(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a", "x" * 100)
    with pytest.raises(UnreadableFile, match="method"):
        Archive(out.getvalue())


def test_damaged_file_is_named() -> None:
    raw = bytearray(zipped({"part.xml": "text of the part"}, stored=("part.xml",)))
    raw[raw.index(b"text")] ^= 1
    with pytest.raises(UnreadableFile, match=r"damaged: part\.xml"):
        Archive(bytes(raw)).read("part.xml")
