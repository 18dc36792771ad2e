"""Store, vectors, lexicon and embedder kept in step; the only writer.

SQLite is the truth. What is searched are files made from it (segments.py): what they lack is added from SQLite,
and one that is not the file that was written is made anew, never believed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from ragcli import backends, chunk, lexical, segments, tuning
from ragcli.errors import DamagedIndex, MissingError
from ragcli.failpoints import failpoint
from ragcli.lock import Patience, WriterLock
from ragcli.prepare import STRIDE_TOKENS, WINDOW_TOKENS, merged, prepare, stem_of, terms_of, why_no_text
from ragcli.private import make_folder
from ragcli.rows import Pins
from ragcli.store import Store
from ragcli.types import NO_STAT, Document, Fields, File, FileOutcome, FileState, Parsed, Span, Stat

if TYPE_CHECKING:
    from ragcli.protocols import Arrays, Embedder, LexicalIndex, VectorIndex, Vectors

MIN_WORDS: Final = 150
MAX_WORDS: Final = 220
"""Of a snippet: within Cohere's 100-400, and short enough for its windows to be alike."""
ANALYSIS: Final = 2
"""Goes up when `lexical.terms` gives other terms: stored terms and questions must be analysed alike."""


class Near(NamedTuple):
    """A snippet found by its best window: cosine, and that window's span inside the snippet."""

    snippet_id: int
    score: float
    span: Span


def silent(_: str) -> None:
    """Takes a notice and drops it."""


def pinned_model(folder: Path) -> str | None:
    """The embedder's name in an index's pins, None before its first ingest; MissingError without an index."""
    with closing(Store.open(folder, outdated=True)) as store:
        pins = store.pins()
    return None if pins is None else pins.embedder


@contextmanager
def open_index(
    folder: Path,
    embedder: Embedder | None,
    *,
    name: str = "",
    words: tuple[int | None, int | None] = (None, None),
    write: bool = False,
    wait_s: float = 0.0,
    notice: Callable[[str], None] = silent,
) -> Iterator[Index]:
    """The index in `folder`. `name` is the embedder's as the user gave it; `words` are a snippet's (min, max),
    None for what the index was made with, or the default.

    With `write` the folder is made, the writer's lock taken (within `wait_s`) and a new index pinned; without, what is
    read is one snapshot. `embedder` None does for all that embeds nothing. MissingError, DamagedIndex, Busy.
    """
    lock = None
    if write:
        make_folder(folder)
        lock = WriterLock(folder, Patience(wait_s, notice))
    try:
        with closing(Store.open(folder, write=write)) as store:
            _check_pins(store, embedder, name, words, write)
            with Index(folder, store, embedder, notice, write=write) as index:
                yield index
    finally:
        if lock is not None:
            lock.close()


def _check_pins(
    store: Store, embedder: Embedder | None, name: str, words: tuple[int | None, int | None], write: bool
) -> None:
    pins = store.pins()
    if pins is None:
        if write and embedder is not None:
            least, most = words[0] or min(MIN_WORDS, words[1] or MIN_WORDS), words[1] or max(MAX_WORDS, words[0] or 0)
            rules = (least, most, WINDOW_TOKENS, STRIDE_TOKENS, ANALYSIS)
            store.set_pins(Pins(name, embedder.fingerprint, embedder.dim, *rules))
        return
    if pins.analysis != ANALYSIS:
        raise DamagedIndex("the index was cut into words by other rules", "ragcli rebuild")
    if write and (pins.window_tokens, pins.stride_tokens) != (WINDOW_TOKENS, STRIDE_TOKENS):
        hint = f"ragcli rebuild --embedder {pins.embedder}"
        raise DamagedIndex("the index was cut into windows by other rules", hint)
    if embedder is not None and pins.fingerprint != embedder.fingerprint:
        message = f"the index was made with embedder {pins.embedder} ({pins.fingerprint}), not {embedder.fingerprint}"
        raise DamagedIndex(message, f"use --embedder {pins.embedder}, or ragcli rebuild --embedder NAME")
    asked = (words[0] or pins.min_words, words[1] or pins.max_words)
    if asked != (pins.min_words, pins.max_words):
        message = f"the index holds snippets of {pins.min_words}-{pins.max_words} words, not {asked[0]}-{asked[1]}"
        raise DamagedIndex(
            message, f"use --min-words {pins.min_words} --max-words {pins.max_words}, or another --index"
        )


class Index:
    """What is searched and written. Made by `open_index`."""

    def __init__(
        self, folder: Path, store: Store, embedder: Embedder | None, notice: Callable[[str], None], *, write: bool
    ) -> None:
        self.folder = folder
        self.base = Path(os.path.abspath(folder)).parent
        self.store = store
        self.embedded = 0
        self.reused = 0
        self._embedder = embedder
        self._notice = notice
        self._write = write
        self._vectors: VectorIndex | None = None
        self._frequencies: dict[str, int] = {}
        self._queries: dict[str, Vectors] = {}
        self.lexicon: LexicalIndex = backends.create(
            "lexicon", "postings", connection=store.connection, parts=lambda: self._parts(segments.TERMS)
        )
        self._unpublished = 0
        self._snippet_count: int | None = None

    def __enter__(self) -> Index:
        if not self._write:  # one snapshot: an ingest beside us changes nothing we see
            self.store.hold()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._write and self.store.connection.in_transaction:
            self.store.connection.execute("rollback")

    @property
    def embedder(self) -> Embedder:
        """The embedder; MissingError where the index was opened without one."""
        if self._embedder is None:
            raise MissingError("this needs an embedder", "name one with --embedder")
        return self._embedder

    @cached_property
    def tuning(self) -> tuning.Tuning:
        """How much each part of search counts here. DamagedIndex."""
        return tuning.read(self.store.meta(tuning.KEY))

    @property
    def vectors(self) -> VectorIndex:
        """Every window's vector, caught up with the store; loaded at first use."""
        if self._vectors is None:
            pins = self.store.pins()
            dim = pins.dim if pins is not None else self.embedder.dim
            found = {"parts": self._parts(segments.vectors(dim)), "exact": partial(segments.exact, self.store, dim)}
            self._vectors = backends.create("vectors", "faiss", dim=dim, **found)
        return self._vectors

    def _parts(self, cache: segments.Cache) -> list[Arrays]:
        return [segment.arrays for segment in segments.current(self.folder, self.store, cache, self._notice)]

    # -- reading ----------------------------------------------------------------------------------------

    def dense(self, text: str, k: int, only: Sequence[int] | None = None) -> list[Near]:
        """The k snippets (of `only`) with the nearest window, best first."""
        if text not in self._queries:  # retrieval asks twice: for the best, and for what only terms found
            self._queries = {text: self.embedder.query(text)}
        query = self._queries[text]
        among = None if only is None else np.array(self.store.window_ids(only), np.int64)
        count = 4 * k
        while True:  # several windows belong to one snippet: fetch more until there are k snippets
            found = self.vectors.search(query, count, among)
            owners = self.store.windows([id for id, _ in found])
            best: dict[int, Near] = {}
            for id, score in found:
                if id in owners:
                    snippet_id, span = owners[id]
                    best.setdefault(snippet_id, Near(snippet_id, score, span))
            if len(best) >= k or len(found) < count:
                return list(best.values())[:k]
            count *= 4

    def lexical(self, text: str, k: int, only: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """(snippet id, BM25) of the k best (of `only`), best first."""
        return self.lexicon.search(lexical.terms(text), k, only)

    def idf(self, term: str) -> float:
        """log(1 + (N - n + .5) / (n + .5)): how much a term tells, over the snippets of this index; > 0."""
        if self._snippet_count is None:
            self._snippet_count = self.store.covered.snippet_count()
        if term not in self._frequencies:
            self._frequencies |= self.lexicon.document_frequency([term])
        frequency = self._frequencies[term]
        return math.log(1 + (max(self._snippet_count, frequency) - frequency + 0.5) / (frequency + 0.5))

    # -- writing ----------------------------------------------------------------------------------------

    def put(
        self, file: File, parsed: Parsed, *, state: FileState, metadata: Fields = (), replaces: str = ""
    ) -> FileOutcome:
        """Stores a document in one transaction, in place of what `file.uri` and `replaces` had before.

        Windows whose text was embedded before keep that vector. A document without words becomes `no_text`.
        """
        pins = self.store.pins()
        if pins is None:
            raise MissingError("the index was opened without an embedder to pin", "name one with --embedder")
        cuts = chunk.cut(parsed, min_words=pins.min_words, max_words=pins.max_words)
        if not cuts:
            outcome = FileOutcome(file.uri, FileState.NO_TEXT, why_no_text(parsed), notes=parsed.notes)
            self.settle(outcome, file.stat, file.sha256, drop=(file.uri, replaces))
            return outcome
        title = " ".join(parsed.title.split()) or stem_of(file.uri)
        document = Document(
            0, file.uri, file.sha256, title, parsed.text, parsed.pages, merged(parsed.metadata, metadata)
        )
        prepared = prepare(document, parsed.title, cuts, self.embedder, self.store.vector_by_digest)
        self.embedded += prepared.embedded
        self.reused += prepared.reused
        snippets = prepared.snippets
        failpoint("index.after_embed")
        outcome = FileOutcome(file.uri, state, snippets=len(snippets), notes=parsed.notes)
        with self.store.transaction():
            self._drop_rows((file.uri, replaces))
            placed = self.store.put_document(file, document, snippets)
            for (snippet_id, _), new in zip(placed, snippets, strict=True):
                self.lexicon.add(snippet_id, *terms_of(file.uri, new.text, new.fields))
            failpoint("store.after_terms")
            if replaces:
                self.store.ledger.drop(replaces)
            self.store.ledger.put(outcome, file.stat, file.sha256)
        self._keep_step()
        self._unpublished += len(prepared.vectors)
        if self._unpublished >= segments.ROWS:  # a reader beside a long ingest finds files, and a kill costs few
            self.publish()
        return outcome

    def settle(self, outcome: FileOutcome, stat: Stat, sha256: str = "", *, drop: Sequence[str] = ()) -> None:
        """Writes a ledger line, dropping the documents of `drop`, in one transaction."""
        with self.store.transaction():
            self._drop_rows(drop)
            for uri in drop:
                self.store.ledger.drop(uri)
            self.store.ledger.put(outcome, stat, sha256)
        self._keep_step()

    def record(self, left_out: Sequence[tuple[FileOutcome, str]], unchanged: Sequence[str]) -> None:
        """The ledger lines of files that were not read, where they differ from what stands there."""
        ledger = self.store.ledger.lines()
        fresh = [(outcome, sha256) for outcome, sha256 in left_out if ledger.get(outcome.uri, (None,))[0] != outcome]
        moved = [uri for uri in unchanged if ledger[uri][0].state is not FileState.UNCHANGED]
        if not fresh and not moved:
            return
        with self.store.transaction():
            self._drop_rows([o.uri for o, _ in fresh if o.state is FileState.SKIPPED and o.uri in ledger])
            for outcome, sha256 in fresh:
                self.store.ledger.put(outcome, NO_STAT, sha256)
            for uri in moved:
                self.store.ledger.set_state(uri, FileState.UNCHANGED)
        self._keep_step()

    def drop(self, uris: Sequence[str]) -> None:
        """Removes documents and their ledger lines, all in one transaction."""
        if not uris:
            return
        with self.store.transaction():
            self._drop_rows(uris)
            for uri in uris:
                self.store.ledger.drop(uri)
        self._keep_step()

    def publish(self) -> None:
        """Brings the caches' files up to the store; nothing of what was removed stays in them."""
        segments.publish_all(self.folder, self.store, self._notice)
        self._unpublished = 0
        self.store.checkpoint()

    def _drop_rows(self, uris: Sequence[str]) -> None:
        """Inside the caller's transaction."""
        for uri in filter(None, dict.fromkeys(uris)):
            snippet_ids, window_ids = self.store.drop_document(uri)
            self.lexicon.remove(snippet_ids)
            self.store.covered.put_gone("terms", snippet_ids)
            self.store.covered.put_gone("vectors", window_ids)

    def _keep_step(self) -> None:
        """What was read before the commit just made is read again at the next use."""
        self._frequencies.clear()
        self._snippet_count = None
        self._vectors = None
