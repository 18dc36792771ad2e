"""The index of a question set: made once from its corpus or its files, kept, and opened to ask."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ragcli import testsets
from ragcli.database import MIGRATIONS, NAME
from ragcli.errors import MissingError
from ragcli.index import ANALYSIS, MAX_WORDS, MIN_WORDS, open_index
from ragcli.ingest import ingest
from ragcli.parsers import text as plain
from ragcli.plan import IngestOptions
from ragcli.prepare import STRIDE_TOKENS, WINDOW_TOKENS
from ragcli.types import PIPED, File, FileState, Stat
from ragcli.walk import WalkOptions

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.testsets import QuestionSet, Row

    Make = Callable[[], Any]
    """Makes an embedder for bulk, where it is needed."""
    Step = Callable[[str, int, int, int], None]

RULES: Final = (
    "rows of one title are parts of one file",
    len(MIGRATIONS),
    ANALYSIS,
    MIN_WORDS,
    MAX_WORDS,
    WINDOW_TOKENS,
    STRIDE_TOKENS,
)
_SAFE: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


def folder_of(test: QuestionSet, embedder: str, within: Path) -> Path:
    """Where the set's index is kept: its name, and a hash of its corpus or of where its files are, with all that the
    index depends on. A set without documents has none."""
    known = testsets.digest(test.corpus) if test.corpus else str((test.files or Path()).resolve())
    key = hashlib.sha256(repr((known, embedder, RULES)).encode("utf-8", "surrogateescape")).hexdigest()
    return within / f"{''.join(each if each in _SAFE else '-' for each in test.name)[:40]}-{key[:16]}"


def make_index(
    test: QuestionSet, folder: Path, make: Make, embedder: str, *, fresh: bool = False, on_step: Step = lambda *_: None
) -> None:
    """The set's index in `folder`: made, brought up to date, or left as it is. `embedder` is the name of what `make`
    makes; `fresh` makes the index anew. A killed run goes on where it was."""
    if fresh and (folder / NAME).exists():
        shutil.rmtree(folder)
    if test.corpus is not None:
        wanted = sum(1 for _ in testsets.rows(test.corpus))
        if not _complete(folder, wanted):
            with open_index(folder, make(), name=embedder, write=True) as index:
                fill(index, testsets.rows(test.corpus), wanted, on_step)
    elif test.files is not None:
        options = IngestOptions(walk=WalkOptions(exclude=(f"/{testsets.QUESTIONS}",)))
        with open_index(folder, make(), name=embedder, write=True) as index:
            ingest(
                [test.files],
                index,
                options=options,
                on_file=lambda outcome, so_far: on_step(outcome.uri, so_far.done, so_far.total, so_far.windows),
            )


def _complete(folder: Path, count: int) -> bool:
    if not (folder / NAME).exists():
        return False
    with open_index(folder, None) as index:
        return len(index.store.ledger.lines()) >= count


def fill(index: Index, rows: Iterable[Row], total: int, on_step: Step = lambda *_: None) -> None:
    """Puts each row into the index as a document of its own: its text is the document's, its title the title."""
    known = index.store.ledger.lines()
    for number, (row, uri) in enumerate(placed(rows)):
        if uri in known:
            continue
        raw = row.text.encode("utf-8", "replace")
        parsed = plain.parse(raw, uri)
        file = File(uri, Stat(len(raw), 0, 0, PIPED), hashlib.sha256(raw).hexdigest())
        index.put(file, replace(parsed, title=row.title or parsed.title, metadata=()), state=FileState.ADDED)
        on_step(row.id, number + 1, total, index.embedded)
    index.publish()


def placed(rows: Iterable[Row]) -> Iterator[tuple[Row, str]]:
    """Each row with its document's uri. Rows that share a title are passages of one work: parts of the first's file."""
    first: dict[str, str] = {}
    for number, row in enumerate(rows):
        uri = uri_of(number)
        if row.title:
            holder = first.setdefault(row.title, uri)
            uri = uri if holder == uri else f"{holder}/{uri}"
        yield row, uri


def uri_of(number: int) -> str:
    """The name of a corpus's n-th document, from 0: it says nothing, since a file's name is searched too."""
    return f"{number:07}.txt"


def places(test: QuestionSet, index: Index, *, own: bool) -> dict[str, str]:
    """Document id -> uri. Of the whole set where the index was made from it (`own`); else of all that its questions
    name, by the end of a path or a file's name. What is not in the index is left out."""
    if own and test.corpus is not None:
        return {row.id: uri for row, uri in placed(testsets.rows(test.corpus))}
    uris = [document.uri for document in index.store.documents()]
    if own and test.files is not None:
        folder = os.path.abspath(test.files)
        return {os.path.relpath(os.path.join(index.base, uri), folder).replace(os.sep, "/"): uri for uri in uris}
    named = {document for question in test.questions for document, _ in question.grades}
    found = {name: uri for uri in sorted(uris, key=len, reverse=True) for name in _names(uri) if name in named}
    if named and not found:
        raise MissingError("no document that the questions name is in this index", "name the right one: --index DIR")
    return found


def _names(uri: str) -> Iterator[str]:
    """What a document may be called: its name without suffix, the ends of its path, its path."""
    parts = uri.replace(os.sep, "/").split("/")
    yield Path(parts[-1]).stem
    yield from ("/".join(parts[at:]) for at in range(len(parts) - 1, -1, -1))
