"""EPUB: the chapters in the order of the spine, without the book's own navigation. An EPUB has no pages."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ragcli.errors import UnreadableFile
from ragcli.parsers._decode import decode
from ragcli.parsers._draft import Draft, one_line
from ragcli.parsers._html import read
from ragcli.parsers._xml import child, tree
from ragcli.parsers._zip import Archive, names_in
from ragcli.types import BlockKind, Fields, Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

SUFFIXES: Final = (".epub",)

_TYPE: Final = b"application/epub+zip"
_CONTAINER: Final = "META-INF/container.xml"
_ENCRYPTION: Final = "META-INF/encryption.xml"
_CHAPTERS: Final = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_MAX_CHAPTERS: Final = 10_000
_VALUE_CHARS: Final = 1000
_SELF_CLOSED: Final = re.compile(r"<([A-Za-z][\w:-]{0,30})((?:\s[^<>]*)?)/>")
_VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_KEYS: Final = {
    "language": "lang",
    "creator": "author",
    "date": "date",
    "publisher": "publisher",
    "subject": "keywords",
}


def claims(head: bytes) -> bool:
    """Whether a file that begins so is an EPUB, whatever its name."""
    return names_in(head)[:1] == ["mimetype"] and _TYPE in head[:100]


def parse(raw: bytes, name: str, /) -> Parsed:
    """The chapters' text; one without a heading is headed as the table of contents calls it."""
    if not raw.strip():
        return Parsed(text="", notes=("empty file",))
    if not raw.startswith(b"PK"):
        raise UnreadableFile("not an EPUB: no zip archive")
    archive = Archive(raw)
    if _CONTAINER not in archive:
        raise UnreadableFile("not an EPUB: no container")
    found = next((e.get("full-path", "") for e in tree(archive.read(_CONTAINER), _CONTAINER).iter("rootfile")), "")
    if found not in archive:
        raise UnreadableFile("not an EPUB: its container names no package")
    package = tree(archive.read(found), found)
    items = _items(package, found)
    chapters = list(_spine(package, items))
    missing = [part for part in chapters if part not in archive]
    _refuse_locked(archive, set(chapters))
    draft = Draft()
    notes = [f"chapters missing in the file: {len(missing)}"] if missing else []
    titles = _contents(archive, items)
    for part in chapters[:_MAX_CHAPTERS]:
        if part in archive:
            chapter = read(_expanded(decode(archive.read(part))[0]))
            if chapter.text.strip() and not any(block.kind is BlockKind.HEADING for block in chapter.blocks):
                draft.heading(titles.get(part.casefold(), ""), 1)
            draft.insert(chapter.text, chapter.blocks)
    text, blocks, _, more = draft.close()
    title, metadata = _metadata(package)
    return Parsed(text, blocks, (), title, metadata, (*notes, *more))


def _items(package: Element, opf: str) -> dict[str, tuple[str, str, str]]:
    """Id -> (part, media type, properties) of the manifest."""
    listed = child(package, "manifest")
    return {
        item.get("id", ""): (
            _resolved(opf, item.get("href", "")),
            item.get("media-type", ""),
            item.get("properties", ""),
        )
        for item in (listed if listed is not None else ())
    }


def _spine(package: Element, items: dict[str, tuple[str, str, str]]) -> Iterator[str]:
    """Parts of the chapters in reading order, each once."""
    listed = child(package, "spine")
    seen = set()
    for reference in listed if listed is not None else ():
        part, media_type, properties = items.get(reference.get("idref", ""), ("", "", ""))
        if media_type in _CHAPTERS and "nav" not in properties.split() and part not in seen:
            seen.add(part)
            yield part


def _contents(archive: Archive, items: dict[str, tuple[str, str, str]]) -> dict[str, str]:
    """Part -> the first title that a table of contents gives it; {} where there is none that can be read."""
    for part, media_type, properties in items.values():
        is_nav = "nav" in properties.split()
        if part not in archive or not (is_nav or media_type == "application/x-dtbncx+xml"):
            continue
        try:
            pairs = list(_links(archive.read(part)) if is_nav else _points(tree(archive.read(part), part)))
        except UnreadableFile:
            continue  # the chapters can be read without it
        found: dict[str, str] = {}
        for target, title in pairs:
            found.setdefault(_resolved(part, target).casefold(), title)
        return found
    return {}


def _links(raw: bytes) -> Iterator[tuple[str, str]]:
    from selectolax.lexbor import LexborHTMLParser

    for link in LexborHTMLParser(_expanded(decode(raw)[0])).css("nav a[href]"):
        yield link.attributes.get("href") or "", link.text()


def _points(root: Element) -> Iterator[tuple[str, str]]:
    for point in root.iter("navPoint"):
        label, content = child(point, "navLabel", "text"), child(point, "content")
        if label is not None and content is not None:
            yield content.get("src", ""), label.text or ""


def _refuse_locked(archive: Archive, chapters: set[str]) -> None:
    """Raises UnreadableFile where chapters are encrypted; fonts often are, and are not read."""
    if _ENCRYPTION in archive:
        locked = {
            unquote(e.get("URI", "")) for e in tree(archive.read(_ENCRYPTION), _ENCRYPTION).iter("CipherReference")
        }
        if locked & chapters:
            raise UnreadableFile("encrypted by its seller (DRM)")


def _metadata(package: Element) -> tuple[str, Fields]:
    """(title, metadata) as the publisher states them; of several of a kind all authors, else the first."""
    stated: dict[str, list[str]] = {}
    listed = child(package, "metadata")
    for element in listed.iter() if listed is not None else ():
        value = one_line(element.text or "")[:_VALUE_CHARS]
        if value:
            stated.setdefault(str(element.tag), []).append(value)
    fields = []
    for tag, key in _KEYS.items():
        values = stated.get(tag, [])
        if values:
            fields.append((key, ", ".join(values)[:_VALUE_CHARS] if tag in ("creator", "subject") else values[0]))
    return stated.get("title", [""])[0], tuple(fields)


def _resolved(base: str, href: str) -> str:
    """The part that a link in `base` names, without its fragment."""
    target = unquote(href.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(base), target)).lstrip("/")


def _expanded(source: str) -> str:
    """XHTML as HTML reads it: `<title/>` is an empty element there too, not the start of one that never ends."""

    def closed(match: re.Match[str]) -> str:
        return match[0] if match[1].lower() in _VOID else f"<{match[1]}{match[2]}></{match[1]}>"

    return _SELF_CLOSED.sub(closed, source)
