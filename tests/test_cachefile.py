from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ragcli import cachefile
from ragcli.cachefile import ARRAYS as FORM
from ragcli.cachefile import Entry

if TYPE_CHECKING:
    from ragcli.protocols import Arrays

ARRAYS: Arrays = {
    "ids": np.array([3, 5, 9], np.int64),
    "signs": np.arange(6, dtype=np.uint64).reshape(3, 2),
    "rows": np.array([1, 65_535], np.uint16),
    "none": np.empty(0, np.uint32),
}


def test_what_was_written_is_read_mapped_and_aligned(tmp_path: Path) -> None:
    entry = cachefile.write(tmp_path, "terms", FORM, ARRAYS, (1, 9))
    assert (entry.first, entry.last, entry.rows) == (1, 9, 3)
    assert entry.bytes == (tmp_path / entry.name).stat().st_size
    arrays, now = cachefile.read(tmp_path, entry, FORM, deep=True)
    assert now == entry
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        assert np.array_equal(array, ARRAYS[name])
        assert not array.flags.writeable
        assert array.ctypes.data % cachefile.ALIGNED == 0
    assert [path.name for path in tmp_path.iterdir()] == [entry.name]
    assert (tmp_path / entry.name).stat().st_mode & 0o077 == 0


def test_equal_content_has_one_name(tmp_path: Path) -> None:
    one, other = (cachefile.write(tmp_path, "terms", FORM, ARRAYS, (1, last)) for last in (9, 20))
    assert (one.name, one.sha256) == (other.name, other.sha256)


def written(folder: Path) -> tuple[Entry, Path]:
    entry = cachefile.write(folder, "terms", FORM, ARRAYS, (1, 9))
    return entry, folder / entry.name


@pytest.mark.parametrize("damage", ["flipped", "shorter", "longer", "gone", "folder"])
def test_another_file_in_its_place_is_not_believed(tmp_path: Path, damage: str) -> None:
    entry, path = written(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes({"flipped": raw, "shorter": raw[:-1], "longer": raw + b"x"}[damage])
    with pytest.raises(ValueError, match=entry.name):
        cachefile.read(tmp_path, entry, FORM)


def test_damage_without_a_trace_in_the_stat_is_found_in_depth(tmp_path: Path) -> None:
    """A failing disk: here the record is given the stat of the damaged file."""
    entry, path = written(tmp_path)
    with open(path, "r+b") as file:
        file.seek(-64, os.SEEK_END)
        file.write(b"\x07")
    stat = path.stat()
    entry = entry._replace(mtime_ns=stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns)
    cachefile.read(tmp_path, entry, FORM)
    with pytest.raises(ValueError, match="not the file that was written"):
        cachefile.read(tmp_path, entry, FORM, deep=True)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{}",
        b"[]",
        b"{",
        b'{"ids": 1}',
        b'{"ids": {"dtype": "I64", "shape": [3], "data_offsets": [1000000, 1000024]}}',
        b'{"ids": {"dtype": "I64", "shape": [-3], "data_offsets": [0, 24]}}',
        b'{"ids": {"dtype": "O", "shape": [3], "data_offsets": [0, 24]}}',
        b'{"ids": {"dtype": "I64", "shape": [2], "data_offsets": [0, 16]}}',
        b"[" * 50_000,
    ],
)
def test_a_header_that_lies_is_an_error_and_nothing_else(tmp_path: Path, header: bytes) -> None:
    entry, path = written(tmp_path)
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(64))
    stat = path.stat()
    lying = entry._replace(bytes=stat.st_size, mtime_ns=stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns, inode=stat.st_ino)
    with pytest.raises(ValueError, match=entry.name):
        cachefile.read(tmp_path, lying, FORM)
