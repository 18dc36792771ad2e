"""What Office's formats share: parts found by relationship, properties, refusals in the user's words."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from ragcli.errors import UnreadableFile
from ragcli.parsers._ole import MAGIC, refusal
from ragcli.parsers._xml import attribute, tree
from ragcli.parsers._zip import Archive
from ragcli.types import Fields

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_VALUE_CHARS: Final = 1000
_TOOL_TITLES: Final = re.compile(
    r"untitled.{0,4}|(?:powerpoint[- ])?pr[eä]sentation\d*|document\d*|word document|workbook\d*|book\d*|title", re.I
)
_NO_AUTHORS: Final = frozenset(
    ("anonymous", "unknown", "administrator", "admin", "user", "author", "root", "openpyxl", "python-docx", "microsoft")
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Related(NamedTuple):
    """The target of a relationship: the last word of its type, and the part's name."""

    kind: str
    part: str


class Package:
    """An Office file: `main` is its main part's root, which must be a `root` element."""

    def __init__(self, raw: bytes, root: str, format_name: str) -> None:
        if raw.startswith(MAGIC):
            raise refusal(raw)
        if b"PK\x05\x06" not in raw and not raw.startswith(b"PK"):
            raise UnreadableFile(f"not {format_name}: no zip archive")
        self.archive = Archive(raw)
        self._related: dict[str, dict[str, Related]] = {}
        starts = [related.part for related in self.related("").values() if related.kind == "officeDocument"]
        if not starts:
            raise UnreadableFile(f"not {format_name}: it names no main part")
        self.main_part = starts[0]
        if self.main_part.endswith(".bin"):
            raise UnreadableFile("a binary workbook; save it as .xlsx")
        self.main = tree(self.archive.read(self.main_part), self.main_part)
        if self.main.tag != root:
            raise UnreadableFile(f"not {format_name}: its main part is a {self.main.tag[:40]}")

    def related(self, part: str) -> dict[str, Related]:
        """Relationship id -> target, of targets inside the file; {} for a part without any."""
        if part not in self._related:
            self._related[part] = self._read_related(part)
        return self._related[part]

    def root(self, kind: str, part: str = "") -> Element | None:
        """The root of the first part of that kind related to `part` (the main part); None without one."""
        for related in self.related(part or self.main_part).values():
            if related.kind == kind and related.part in self.archive:
                return tree(self.archive.read(related.part), related.part)
        return None

    def properties(self) -> tuple[str, Fields]:
        """(title, metadata): what the author stated, without what the program filled in."""
        core = self.root("core-properties", part="/")
        stated = {} if core is None else {e.tag: " ".join((e.text or "").split())[:_VALUE_CHARS] for e in core}
        title = stated.get("title", "")
        author = stated.get("creator", "")
        date = _DATE.match(stated.get("created", ""))
        fields = {
            "lang": stated.get("language", ""),
            "author": "" if author.casefold() in _NO_AUTHORS else author,
            "date": date[0] if date else "",
            "description": "" if "python-" in stated.get("description", "") else stated.get("description", ""),
            "keywords": stated.get("keywords", ""),
        }
        return (
            "" if _TOOL_TITLES.fullmatch(title) else title,
            tuple((key, value) for key, value in fields.items() if value),
        )

    def _read_related(self, part: str) -> dict[str, Related]:
        folder, base = posixpath.split(part)
        name = posixpath.join(folder, "_rels", f"{base}.rels")
        if name not in self.archive:
            return {}
        found = {}
        for element in tree(self.archive.read(name), name):
            target = unquote(element.get("Target", "")).replace("\\", "/")
            if target and element.get("TargetMode") != "External":
                path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found[element.get("Id", "")] = Related(element.get("Type", "").rpartition("/")[2], path)
        return found


def switched_on(element: Element | None) -> bool:
    """Whether a property that is set by its presence is on: `<w:vanish/>`, not `<w:vanish w:val="0"/>`."""
    return element is not None and attribute(element, "val") not in ("0", "false", "off", "none")
