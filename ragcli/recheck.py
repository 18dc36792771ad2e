"""Saved answers against the index and the files: does each quote still stand where it was cited from, or elsewhere?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from ragcli import sentences, support, verbatim
from ragcli.reports import Rechecked, SourceState
from ragcli.types import Span, Stat

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.protocols import Entailer
    from ragcli.reports import Saved, SavedSource
    from ragcli.types import Snippet

CHANGED_FILE: Final = "the file has changed since it was indexed"
OURS: Final = '"ragcli.answer/'
GONE_FILE: Final = "the file is gone; the index still has its text"


def recheck(answers: Sequence[Saved], index: Index, entailer: Entailer | None = None) -> list[Rechecked]:
    """What became of each source, in order, and whether its text still supports the claim. Other documents are looked
    through, once for all, only for quotes that left their own."""
    files = _Files(index)
    found = [_own(saved, source, index, files) for saved in answers for source in saved.sources]
    lost = {each.source.quote for each in found if each.snippet is None and each.source.quote}
    elsewhere = _elsewhere(lost, index)
    moved = [_moved(each, elsewhere, index) for each in found]
    told = {id(source): saved for saved in answers for source in saved.sources}
    return [_supported(each, told[id(each.source)].text, index, entailer) for each in moved]


def _own(saved: Saved, source: SavedSource, index: Index, files: _Files) -> Rechecked:
    """What became of a source in its own document."""
    known = Rechecked(saved.line, saved.question, saved.text[slice(*source.claim)], source, SourceState.OK)
    document = index.store.document(source.uri)
    if document is None:
        return replace(known, state=SourceState.GONE, detail="the document is not in the index")
    if source.quote is None:
        refs = [each for each in index.store.snippets_of(source.uri) if each.ref == source.ref]
        if not refs:
            return replace(known, state=SourceState.CHANGED, detail="the passage is no longer in the document")
        return _intact(replace(known, snippet=refs[0], span=(refs[0].start, refs[0].end)), files)
    if document.text[slice(*source.span)] == source.quote:
        snippet = _around(index, document.uri, source.span)
        return _intact(replace(known, snippet=snippet, span=source.span), files)
    places = verbatim.places(source.quote, document.text)
    if not places:
        return replace(known, state=SourceState.CHANGED, detail="the quote is no longer in the document")
    span = min(places, key=lambda place: abs(place[0] - source.span[0]))
    detail = "elsewhere in the same document"
    return replace(known, state=SourceState.MOVED, detail=detail, snippet=_around(index, document.uri, span), span=span)


def _intact(each: Rechecked, files: _Files) -> Rechecked:
    """A source whose text is in the index as it was: is its file, too?"""
    fault = files.fault(each.source.uri)
    if not fault:
        return each
    return replace(each, state=SourceState.GONE if fault == GONE_FILE else SourceState.CHANGED, detail=fault)


def _elsewhere(quotes: set[str], index: Index) -> dict[str, tuple[str, Span]]:
    """The first document that has each quote, and where."""
    found: dict[str, tuple[str, Span]] = {}
    if not quotes:
        return found
    for known in index.store.documents():
        document = index.store.document(known.uri) if found.keys() != quotes else None
        text = document.text if document else ""
        if OURS in text:  # a saved answer in the index repeats every quote
            continue
        for quote in quotes - found.keys():
            at = text.find(quote)
            if at >= 0:
                found[quote] = known.uri, (at, at + len(quote))
    return found


def _moved(each: Rechecked, elsewhere: dict[str, tuple[str, Span]], index: Index) -> Rechecked:
    if each.snippet is not None or each.source.quote not in elsewhere:
        return each
    uri, span = elsewhere[each.source.quote]
    snippet = _around(index, uri, span)
    return replace(each, state=SourceState.MOVED, detail="in another document", snippet=snippet, span=span)


def _supported(each: Rechecked, answer: str, index: Index, entailer: Entailer | None) -> Rechecked:
    """The check of the claim against the snippet in which its quote is now."""
    if each.snippet is None or not each.claim:
        return each
    start, end = each.source.claim
    context = " ".join(answer[first:last] for first, last in sentences.spans(answer) if first < end and last > start)
    found = support.locate(each.claim, each.snippet, idf=index.idf, context=context, embedder=index.embedder)
    if entailer is not None:
        found = support.inferred(found, each.snippet, context, entailer)
    return replace(each, support=found)


def _around(index: Index, uri: str, span: Span) -> Snippet | None:
    """The snippet of a document that holds most of a span."""

    def shared(snippet: Snippet) -> int:
        return min(snippet.end, span[1]) - max(snippet.start, span[0])

    return max(index.store.snippets_of(uri), key=shared, default=None)


class _Files:
    """The files behind documents, each looked at once."""

    def __init__(self, index: Index) -> None:
        self._base = index.base
        self._lines = index.store.ledger.lines()
        self._known: dict[str, str] = {}

    def fault(self, uri: str) -> str:
        """What is wrong with the file behind a document, "" for nothing: also for what came through a pipe."""
        host = next((each for each in _hosts(uri) if each in self._lines and self._lines[each][1].ctime_ns > 0), "")
        if host and host not in self._known:
            self._known[host] = self._look(host)
        return self._known.get(host, "")

    def _look(self, uri: str) -> str:
        _, known, sha256 = self._lines[uri]
        try:
            found = os.stat(self._base / uri)
            if Stat(found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns) == known:
                return ""
            with open(self._base / uri, "rb") as stream:
                same = hashlib.file_digest(stream, "sha256").hexdigest() == sha256
        except OSError as error:
            return GONE_FILE if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        return "" if same else CHANGED_FILE


def _hosts(uri: str) -> Iterator[str]:
    """A uri and what it may be inside of: an attachment is a part of a file."""
    yield uri
    yield from (str(parent) for parent in PurePath(uri).parents)
