"""Zip archives that nobody has to trust: everything is checked in the central directory before a byte is unpacked."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Final, TypeVar

from ragcli.errors import UnreadableFile

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

T = TypeVar("T")

MAX_ENTRIES: Final = 20_000
MAX_TOTAL_BYTES: Final = 1 << 30
"""Declared sizes added up, pictures included."""
MAX_PART_BYTES: Final = 256 << 20
MAX_RATIO: Final = 100
"""Unpacked bytes a packed one, once there are more than _FREE_BYTES; honest XML has 5 to 30."""
_FREE_BYTES: Final = 20 << 20
_ENTRY: Final = b"PK\x01\x02"
_LOCAL: Final = b"PK\x03\x04"
_LOCAL_BYTES: Final = 30  # a local header without its name
_NAME_CHARS: Final = 100  # of a name in a message
_ENCRYPTED: Final = 0x1
_METHODS: Final = (0, 8)  # stored, deflated: what the formats allow
_LOCAL_FORM: Final = "<6xH10xI4xHH"  # flags, packed size, length of the name, of extra fields
_SIZE_FOLLOWS: Final = 0x8


def names_in(head: bytes) -> list[str]:
    """The names of the files whose headers lie in the first bytes of an archive; [] for what is none.

    Files are stepped over by their size, so that an archive inside the archive does not speak for it.
    """
    names = []
    at = 0
    while head.startswith(_LOCAL, at) and at + _LOCAL_BYTES <= len(head):
        flags, size, name_bytes, extra_bytes = struct.unpack_from(_LOCAL_FORM, head, at)
        start = at + _LOCAL_BYTES
        name = head[start : start + name_bytes]
        if len(name) == name_bytes:
            names.append(name.decode("utf-8", "replace"))
        at = start + name_bytes + extra_bytes + size
        if flags & _SIZE_FOLLOWS:
            at = max(head.find(_LOCAL, start), 0) or len(head)
    return names


def is_office(head: bytes, folder: str) -> bool:
    """Whether an archive that begins so is an Office file whose parts lie in `folder` ("word/")."""
    names = names_in(head)
    marks = ("[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "docProps/core.xml")
    return any(name.startswith(folder) for name in names) and any(name in marks for name in names)


class Archive:
    """The files of an archive by name, case and slashes aside. Raises UnreadableFile for what is no honest one."""

    def __init__(self, raw: bytes) -> None:
        from zipfile import ZipFile

        if raw.count(_ENTRY) > MAX_ENTRIES:  # before zipfile makes an object of each
            raise UnreadableFile(f"limit: more than {MAX_ENTRIES} files in the archive")
        self._zip: ZipFile = _guarded("the archive", lambda: ZipFile(io.BytesIO(raw)))
        self._entries = _checked(self._zip.infolist(), len(raw))

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._entries

    def names(self) -> list[str]:
        """As written in the archive, in its order."""
        return [entry.filename for entry in self._entries.values()]

    def read(self, name: str) -> bytes:
        """A file's bytes; UnreadableFile where it is missing, damaged or too large."""
        with self.open(name) as stream:
            return _guarded(name[:_NAME_CHARS], stream.read)

    def open(self, name: str) -> IO[bytes]:
        """A stream that ends after the declared size; to be read within `reading`."""
        entry = self._entries.get(_key(name))
        name = name[:_NAME_CHARS]
        if entry is None:
            raise UnreadableFile(f"damaged: {name} is missing")
        if entry.file_size > MAX_PART_BYTES:
            raise UnreadableFile(f"limit: {name} unpacks to {entry.file_size >> 20} MB")
        return _guarded(name, lambda: self._zip.open(entry))


def _guarded(name: str, work: Callable[[], T]) -> T:
    """What zipfile raises for damaged bytes, as the one error that a parser raises."""
    import zlib
    from struct import error as StructError
    from zipfile import BadZipFile, LargeZipFile

    damage = (BadZipFile, LargeZipFile, zlib.error, StructError, EOFError, OSError, ValueError, NotImplementedError)
    try:
        return work()
    except damage as error:
        raise UnreadableFile(f"damaged: {name} cannot be unpacked") from error


def _checked(entries: list[ZipInfo], packed_bytes: int) -> dict[str, ZipInfo]:
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL_BYTES or total > max(_FREE_BYTES, MAX_RATIO * packed_bytes):
        raise UnreadableFile(f"limit: {packed_bytes} bytes would unpack to {total >> 20} MB")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise UnreadableFile("password-protected")
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise UnreadableFile("packed by a method that its format does not allow")
    spans = sorted((entry.header_offset, entry.header_offset + _LOCAL_BYTES + entry.compress_size) for entry in entries)
    if any(later < end for (_, end), (later, _) in pairwise(spans)):
        raise UnreadableFile("limit: files in the archive overlap")
    by_name = {_key(entry.filename): entry for entry in entries}
    if len(by_name) < len(entries):
        raise UnreadableFile("limit: the archive holds two files of one name")
    return by_name


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()
