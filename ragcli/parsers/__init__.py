"""One file a format: `SUFFIXES` and `parse(raw, name)`. Adding a format is adding a file here.

A binary format also has `claims(head)`: whether a file that begins so is its own, whatever the name; by its
suffixes it gets any bytes, and says itself what is wrong with them.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType, ModuleType
from typing import Final

from ragcli.errors import UnreadableFile
from ragcli.parsers import _foreign, _ole
from ragcli.parsers._decode import is_binary, looks_like_html
from ragcli.parsers._mojibake import note as mojibake_note
from ragcli.types import Parsed

HEAD_BYTES: Final = 8192
"""How much of a file `kind_of` wants to see."""

_PDF_MAGIC: Final = b"%PDF-"
_PDF_GARBAGE: Final = 1024  # readers accept the magic anywhere in the first 1024 bytes
_MOCK_SUFFIX: Final = ".ragcli-mock"


@functools.cache
def suffixes() -> Mapping[str, str]:
    """Suffix (".md") -> the module that parses it. Cheap: modules import their library inside `parse`."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return MappingProxyType({suffix: name for name in names for suffix in _module(name).SUFFIXES})


def kind_of(raw_head: bytes, name: str) -> str | None:
    """The module that parses such a file, None for content no parser knows: `why_not` says what it is.

    `raw_head` is the first HEAD_BYTES or all of the file; `name` is looked at for its suffix only.
    """
    suffix = _suffix(name)
    if suffix == _MOCK_SUFFIX and os.environ.get("RAGCLI_TEST") == "1":
        return "_mock"
    named = suffixes().get(suffix)
    if named == "pdf" or raw_head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PDF_MAGIC):
        return "pdf"
    binaries = _binaries()
    if named in binaries and raw_head.startswith(_ole.MAGIC):
        return "_ole"
    claimed = next((module for module in binaries if _module(module).claims(raw_head)), None)
    if claimed or named in binaries:
        return claimed or named
    if is_binary(raw_head):
        return "pdf" if _PDF_MAGIC in raw_head[:_PDF_GARBAGE] else None
    if raw_head.startswith(_foreign.TEXTUAL):
        return None
    if named is None and looks_like_html(raw_head):
        return "html"
    return named or "text"


def why_not(raw: bytes) -> str:
    """What a file is that no parser knows, and what to do about it, in a short phrase."""
    return _foreign.reason(raw)


def parse(raw: bytes, name: str) -> Parsed:
    """The text and structure of a file. Raises UnreadableFile where no parser knows it, or its parser refuses it."""
    head = raw[:HEAD_BYTES]
    kind = kind_of(head, name)
    if kind is None:
        raise UnreadableFile(why_not(raw))
    parsed: Parsed = _module(kind).parse(raw, name)
    notes = filter(None, (_mismatch(head, kind, name), mojibake_note(parsed.text)))
    return replace(parsed, notes=(*parsed.notes, *notes))


def holds_files(kind: str) -> bool:
    """Whether files of a format (a name that `kind_of` gives) may hold files: its module says so by HOLDS_FILES."""
    return bool(getattr(_module(kind), "HOLDS_FILES", False))


def _mismatch(head: bytes, kind: str, name: str) -> str:
    """A note where the content is not what the suffix says."""
    if kind == "pdf" and _suffix(name) != ".pdf":
        return "a PDF by its content"
    if kind in _binaries() and _suffix(name) not in _module(kind).SUFFIXES:
        return f"{'an' if kind[0] in 'ex' else 'a'} {kind.upper()} file by its content"
    if kind in ("text", "markdown") and looks_like_html(head):
        return "looks like HTML, read as plain text"
    return ""


@functools.cache
def _binaries() -> tuple[str, ...]:
    """The modules that know their files by the first bytes."""
    return tuple(name for name in sorted(set(suffixes().values())) if hasattr(_module(name), "claims"))


def _suffix(name: str) -> str:
    return os.path.splitext(os.path.basename(name))[1].lower()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
