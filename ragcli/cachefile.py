"""A file of numpy arrays beside the store: written so that a crash leaves it whole or not at all, never changed
afterwards, mapped into memory to be read.

It is believed while its size, times and inode are those it was recorded with; else its SHA-256 is looked at. How arrays
lie in it is a `Form`. The one made here is that of safetensors: the length of a JSON header, the header, the arrays;
each begins at a multiple of 64 bytes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
from collections.abc import Callable, Iterable
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from ragcli.errors import StorageError
from ragcli.failpoints import failpoint
from ragcli.private import opener, sync_folder

if TYPE_CHECKING:
    from ragcli.protocols import Arrays

ALIGNED: Final = 64
HEADER_BYTES: Final = 1 << 16
TYPES: Final = {"U16": "<u2", "U32": "<u4", "I64": "<i8", "U64": "<u8"}
_NAMES: Final = {np.dtype(type): name for name, type in TYPES.items()}


class Form(NamedTuple):
    """Arrays to a file's bytes and back, in place: both of "ids" and others. `arrays` raises ValueError for bytes that
    `pieces` does not make, `verify` for what a deep look finds besides."""

    suffix: str
    pieces: Callable[[Arrays], Iterable[bytes | memoryview]]
    arrays: Callable[[mmap.mmap], Arrays]
    verify: Callable[[mmap.mmap, Arrays], None]


class Entry(NamedTuple):
    """A file as it was written: it covers the ids `first` to `last`, and has `rows` of them."""

    name: str
    first: int
    last: int
    rows: int
    bytes: int
    sha256: str
    mtime_ns: int
    ctime_ns: int
    inode: int


def write(folder: Path, cache: str, form: Form, arrays: Arrays, covered: tuple[int, int]) -> Entry:
    """Temporary file, length check, fsync, rename, fsync of the folder. The name is that of its content."""
    pieces = form.pieces(arrays)
    temporary = folder / f"{cache}.tmp"
    failpoint("cache.before_write")
    digest, size = hashlib.sha256(), 0
    try:
        with open(temporary, "wb", opener=opener) as file:
            for piece in pieces:
                if size:
                    failpoint("cache.half_written")
                file.write(piece)
                digest.update(piece)
                size += len(piece)
            file.flush()
            if os.fstat(file.fileno()).st_size != size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            failpoint("cache.before_fsync")
            os.fsync(file.fileno())
        failpoint("cache.before_rename")
        path = folder / f"{cache}.{digest.hexdigest()[:16]}{form.suffix}"
        temporary.replace(path)
        failpoint("cache.after_rename")
        sync_folder(folder)
        stat = path.stat()
    except OSError as error:
        temporary.unlink(missing_ok=True)
        hint = "free some space and run the command again: nothing ingested is lost"
        raise StorageError(f"cannot write {temporary}: {error.strerror}", hint) from error
    rows, sha256 = len(arrays["ids"]), digest.hexdigest()
    return Entry(path.name, *covered, rows, size, sha256, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def _pieces(arrays: Arrays) -> Iterable[bytes | memoryview]:
    head: dict[str, Any] = {}
    at = 0
    for name, array in arrays.items():
        head[name] = {"dtype": _NAMES[array.dtype], "shape": array.shape, "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes + -array.nbytes % ALIGNED
    raw = json.dumps(head, separators=(",", ":")).encode()
    raw += b" " * (-(len(raw) + 8) % ALIGNED)
    yield len(raw).to_bytes(8, "little") + raw
    for array in arrays.values():
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        yield bytes(-array.nbytes % ALIGNED)


def read(folder: Path, entry: Entry, form: Form, *, deep: bool = False) -> tuple[Arrays, Entry]:
    """The arrays, and the entry with the file's stat as it is now. ValueError says what is wrong with the file."""
    try:
        with open(folder / entry.name, "rb") as file:
            stat = os.fstat(file.fileno())
            if stat.st_size != entry.bytes:
                raise ValueError(f"{entry.name} has not the length it was written with")
            now = entry._replace(mtime_ns=stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns, inode=stat.st_ino)
            if (deep or now != entry) and hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
                raise ValueError(f"{entry.name} is not the file that was written")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ValueError(f"{entry.name}: {error.strerror}") from error
    try:
        arrays = form.arrays(mapped)
        if deep:
            form.verify(mapped, arrays)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{entry.name} is not of the form it was written in: {error}") from error
    if "ids" not in arrays or len(arrays["ids"]) != entry.rows:
        raise ValueError(f"{entry.name} has not the rows it was written with")
    return arrays, now


def _arrays(mapped: mmap.mmap) -> Arrays:
    size = int.from_bytes(mapped[:8], "little")
    if not 0 < size <= min(HEADER_BYTES, len(mapped) - 8):
        raise ValueError("its header is too long")
    head, made = json.loads(mapped[8 : 8 + size]), {}
    if not isinstance(head, dict):
        raise ValueError("its header is no object")
    for name, told in head.items():
        dtype, shape, start = np.dtype(TYPES[told["dtype"]]), tuple(map(int, told["shape"])), told["data_offsets"][0]
        if min((start, *shape)) < 0 or 8 + size + start + prod(shape) * dtype.itemsize > len(mapped):
            raise ValueError("an array lies outside the file")
        made[name] = np.frombuffer(mapped, dtype, prod(shape), 8 + size + start).reshape(shape)
    return made


ARRAYS: Final = Form("", _pieces, _arrays, lambda mapped, arrays: None)
