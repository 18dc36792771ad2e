"""XML parts by expat: no entity of a document is expanded, nothing is fetched, depth and size are bounded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Final

from ragcli.errors import UnreadableFile

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_DEPTH: Final = 250
MAX_ELEMENTS: Final = 2_000_000
"""About 600 MB as a tree; a novel of 1,000 pages in Word has some 300,000."""
_MOST_STREAMED: Final = 50_000_000
_NAME_CHARS: Final = 100  # of a name in a message
_CHUNK: Final = 1 << 16


class _Seen(Exception):
    """The root element was reached: what may be declared has been."""


def tree(raw: bytes, name: str) -> Element:
    """The root of a part, tags without their namespace. UnreadableFile where it is no XML or over a limit."""
    root = None
    for element, opens in events(io.BytesIO(raw), name, most=MAX_ELEMENTS):
        if opens and root is None:
            root = element
    if root is None:
        raise UnreadableFile(f"damaged: {name} is not XML")
    return root


def events(stream: IO[bytes], name: str, *, most: int = _MOST_STREAMED) -> Iterator[tuple[Element, bool]]:
    """(element, opens) as elements begin and end, tags without namespace; the caller clears what it has read."""
    import zlib
    from xml.etree.ElementTree import ParseError, iterparse
    from zipfile import BadZipFile

    name = name[:_NAME_CHARS]
    depth = count = 0
    try:
        for event, element in iterparse(_Checked(stream, name), ("start", "end")):
            if event == "start":
                depth += 1
                count += 1
                if depth > MAX_DEPTH or count > most:
                    raise UnreadableFile(f"limit: {name} has more than {MAX_DEPTH} levels or {most} elements")
                element.tag = element.tag.rpartition("}")[2]
            else:
                depth -= 1
            yield element, event == "start"
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableFile(f"damaged: {name} is not XML") from error
    except (BadZipFile, zlib.error, EOFError) as error:
        raise UnreadableFile(f"damaged: {name} cannot be unpacked") from error


def attribute(element: Element, name: str) -> str:
    """An attribute by its local name, the one with a namespace first (`r:id` before `id`); "" without it."""
    for key, value in element.attrib.items():
        if key.endswith("}" + name):
            return value
    return element.get(name, "")


def child(element: Element | None, *path: str) -> Element | None:
    """The element down a path of tags, the first of each; None where there is none."""
    for tag in path:
        if element is None:
            return None
        element = element.find(tag)
    return element


class _Checked:
    """A stream whose first bytes were looked at: an internal subset, where entities are declared, is refused."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._head = stream.read(_CHUNK)
        _refuse_declarations(self._head, name)

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._stream.read(size)


def _refuse_declarations(head: bytes, name: str) -> None:
    from xml.parsers import expat

    def doctype(_name: str, _system: str | None, _public: str | None, has_subset: bool) -> None:
        if has_subset:
            raise UnreadableFile(f"{name} declares entities, which its format does not allow")

    def element(_name: str, _attributes: dict[str, str]) -> None:
        raise _Seen

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = element
    try:
        parser.Parse(head, False)
    except _Seen:
        return
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadableFile(f"damaged: {name} is not XML") from error
    if len(head) == _CHUNK:
        raise UnreadableFile(f"{name} does not begin as XML does")
