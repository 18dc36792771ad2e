"""Store, vectors, lexicon and embedder kept in step; the only writer.

SQLite is the truth. `vectors.faiss` is a cache of its vectors: it carries the store's generation and a
recorded SHA-256, and where either disagrees it is caught up from SQLite or made anew, never believed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from ragcli import backends, chunk, lexical
from ragcli.cachefile import read_cache, write_cache
from ragcli.errors import DamagedIndex, MissingError
from ragcli.failpoints import failpoint
from ragcli.lock import WriterLock
from ragcli.prepare import STRIDE_TOKENS, WINDOW_TOKENS, prepare
from ragcli.store import Pins, Store
from ragcli.types import NO_STAT, Document, Fields, File, FileOutcome, FileState, Parsed, Span, Stat

if TYPE_CHECKING:
    from types import TracebackType

    from ragcli.protocols import Embedder, Ids, LexicalIndex, VectorIndex, Vectors

ANALYSIS: Final = 1
"""Goes up when `lexical.terms` gives other terms: stored terms and questions must be analysed alike."""
CACHE: Final = "vectors.faiss"


class Near(NamedTuple):
    """A snippet found by its best window: cosine, and that window's span inside the snippet."""

    snippet_id: int
    score: float
    span: Span


def silent(_: str) -> None:
    """Takes a notice and drops it."""


def pinned_model(folder: Path) -> str | None:
    """The embedder's name in an index's pins, None before its first ingest; MissingError without an index."""
    store = Store.open(folder)
    try:
        pins = store.pins()
    finally:
        store.close()
    return None if pins is None else pins.embedder


@contextmanager
def open_index(
    folder: Path,
    embedder: Embedder | None,
    *,
    name: str = "",
    words: tuple[int, int] = (150, 220),
    write: bool = False,
    notice: Callable[[str], None] = silent,
) -> Iterator[Index]:
    """The index in `folder`. `name` is the embedder's as the user gave it; `words` are a snippet's (min, max).

    With `write` the folder is made, the writer's lock taken and a new index pinned; without, what is read is
    one snapshot. `embedder` None does for all that embeds nothing. MissingError, DamagedIndex, Busy.
    """
    lock = None
    if write:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = WriterLock(str(folder / "lock"))
    try:
        store = Store.open(folder, write=write)
        try:
            _check_pins(store, embedder, name, words, write)
            with Index(folder, store, embedder, notice, write=write) as index:
                yield index
        finally:
            store.close()
    finally:
        if lock is not None:
            lock.close()


def _check_pins(store: Store, embedder: Embedder | None, name: str, words: tuple[int, int], write: bool) -> None:
    pins = store.pins()
    if pins is None:
        if write and embedder is not None:
            made_with = Pins(name, embedder.fingerprint, embedder.dim, *words, WINDOW_TOKENS, STRIDE_TOKENS, ANALYSIS)
            store.set_pins(made_with)
        return
    if pins.analysis != ANALYSIS:
        raise DamagedIndex("the index was made by a ragcli that analysed words differently", "remove it, ingest again")
    if embedder is not None and pins.fingerprint != embedder.fingerprint:
        message = (
            f"the index was made with the embedder {pins.embedder} ({pins.fingerprint}), not {embedder.fingerprint}"
        )
        raise DamagedIndex(message, f"use --embedder {pins.embedder}, or another --index")
    if write and embedder is not None and (pins.min_words, pins.max_words) != words:
        message = f"the index holds snippets of {pins.min_words}-{pins.max_words} words, not {words[0]}-{words[1]}"
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
        self.lexicon: LexicalIndex = backends.create("lexicon", "fts5", connection=store.connection)
        self._snippet_count: int | None = None

    def __enter__(self) -> Index:
        if not self._write:  # one snapshot: an ingest beside us changes nothing we see
            self.store.connection.execute("begin")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._write and self.store.connection.in_transaction:
            self.store.connection.execute("rollback")

    @property
    def embedder(self) -> Embedder:
        """The embedder; MissingError where the index was opened without one."""
        if self._embedder is None:
            raise MissingError("this needs an embedder", "name one with --embedder")
        return self._embedder

    @property
    def vectors(self) -> VectorIndex:
        """Every window's vector, caught up with the store; loaded at first use."""
        if self._vectors is None:
            self._vectors = self._load_vectors()
        return self._vectors

    # -- reading ----------------------------------------------------------------------------------------

    def dense(self, text: str, k: int, only: Sequence[int] | None = None) -> list[Near]:
        """The k snippets (of `only`) with the nearest window, best first."""
        query = self.embedder.query(text)
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
            self._snippet_count = self.store.count()[1]
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
            outcome = FileOutcome(file.uri, FileState.NO_TEXT, _why_no_text(parsed), notes=parsed.notes)
            self.settle(outcome, file.stat, file.sha256, drop=(file.uri, replaces))
            return outcome
        name = _unicode(Path(file.uri).stem)
        title = " ".join(parsed.title.split()) or name
        document = Document(
            0, file.uri, file.sha256, title, parsed.text, parsed.pages, _merge(parsed.metadata, metadata)
        )
        prepared = prepare(document, parsed.title, cuts, self.embedder, self.store.vector_by_digest)
        self.embedded += prepared.embedded
        self.reused += prepared.reused
        snippets = prepared.snippets
        failpoint("index.after_embed")
        outcome = FileOutcome(file.uri, state, snippets=len(snippets), notes=parsed.notes)
        with self.store.transaction():
            gone = self._drop_rows((file.uri, replaces))
            placed = self.store.put_document(file, document, snippets)
            for (snippet_id, _), new in zip(placed, snippets, strict=True):
                fields = dict(new.fields)
                header = " ".join((fields["title"], fields.get("section", ""), name))
                self.lexicon.add(snippet_id, lexical.terms(document.text[new.start : new.end]), lexical.terms(header))
            failpoint("store.after_terms")
            if replaces:
                self.store.drop_file(replaces)
            self.store.put_file(outcome, file.stat, file.sha256)
        self._keep_step(gone, np.array([id for _, ids in placed for id in ids], np.int64), prepared.vectors)
        return outcome

    def settle(self, outcome: FileOutcome, stat: Stat, sha256: str = "", *, drop: Sequence[str] = ()) -> None:
        """Writes a ledger line, dropping the documents of `drop`, in one transaction."""
        with self.store.transaction():
            gone = self._drop_rows(drop)
            for uri in drop:
                self.store.drop_file(uri)
            self.store.put_file(outcome, stat, sha256)
        self._keep_step(gone)

    def record(self, left_out: Sequence[tuple[FileOutcome, str]], unchanged: Sequence[str]) -> None:
        """The ledger lines of files that were not read, where they differ from what stands there."""
        ledger = self.store.files()
        fresh = [(outcome, sha256) for outcome, sha256 in left_out if ledger.get(outcome.uri, (None,))[0] != outcome]
        moved = [uri for uri in unchanged if ledger[uri][0].state is not FileState.UNCHANGED]
        if not fresh and not moved:
            return
        with self.store.transaction():
            gone = self._drop_rows([o.uri for o, _ in fresh if o.state is FileState.SKIPPED and o.uri in ledger])
            for outcome, sha256 in fresh:
                self.store.put_file(outcome, NO_STAT, sha256)
            for uri in moved:
                self.store.set_state(uri, FileState.UNCHANGED)
        self._keep_step(gone)

    def drop(self, uris: Sequence[str]) -> None:
        """Removes documents and their ledger lines, all in one transaction."""
        if not uris:
            return
        with self.store.transaction():
            gone = self._drop_rows(uris)
            for uri in uris:
                self.store.drop_file(uri)
        self._keep_step(gone)

    def publish(self, *, erased: bool = False) -> None:
        """Writes the vector cache. `erased`: also scrub removed text from the lexical index and the log."""
        if erased:
            self.lexicon.optimize()
        write_cache(self.folder / CACHE, self.vectors.dump(), self.store)
        self.store.checkpoint()

    def _drop_rows(self, uris: Sequence[str]) -> Ids:
        """The ids of the windows that are gone."""
        windows: list[int] = []
        for uri in filter(None, dict.fromkeys(uris)):
            snippet_ids, window_ids = self.store.drop_document(uri)
            self.lexicon.remove(snippet_ids)
            windows += window_ids
        return np.array(windows, np.int64)

    def _keep_step(self, gone: Ids, ids: Ids | None = None, vectors: Vectors | None = None) -> None:
        """Brings memory up to the commit just made."""
        self._frequencies.clear()
        self._snippet_count = None
        if self._vectors is not None:
            self._vectors.remove(gone)
            if ids is not None and vectors is not None and len(ids):
                self._vectors.add(ids, vectors)

    def _load_vectors(self) -> VectorIndex:
        pins = self.store.pins()
        dim = pins.dim if pins is not None else self.embedder.dim
        cached, problem = read_cache(self.folder / CACHE, self.store)
        if problem:
            self._notice(f"{problem}; made anew from the store")
        try:
            vectors: VectorIndex = backends.create("vectors", "faiss", dim=dim, dump=cached.dump if cached else None)
        except ValueError as error:
            self._notice(f"{CACHE} is damaged ({error}); made anew from the store")
            vectors, cached = backends.create("vectors", "faiss", dim=dim), None
        if cached is None or cached.generation != self.store.generation():
            self._catch_up(vectors)
        return vectors

    def _catch_up(self, vectors: VectorIndex) -> None:
        """Ids never return to life, so the difference of the two id sets is the difference in content."""
        held, wanted = set(vectors.ids().tolist()), set(self.store.window_ids())
        vectors.remove(np.array(sorted(held - wanted), np.int64))
        missing = sorted(wanted - held)
        for at in range(0, len(missing), 10_000):
            rows = list(self.store.vectors(missing[at : at + 10_000]))
            ids = np.array([id for id, _ in rows], np.int64)
            vectors.add(ids, np.frombuffer(b"".join(vector for _, vector in rows), np.float32).reshape(len(rows), -1))


def _merge(metadata: Fields, extra: Fields) -> Fields:
    """The file's own metadata, then the user's, which wins; keys that the snippet itself uses are not taken."""
    merged = {_unicode(key): _unicode(" ".join(value.split())) for key, value in (*metadata, *extra)}
    return tuple((key, value) for key, value in merged.items() if key not in ("title", "section", "text") and value)


def _unicode(text: str) -> str:
    """File names and arguments may hold lone surrogates, which no database or model takes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _why_no_text(parsed: Parsed) -> str:
    if parsed.pages:
        return f"{len(parsed.pages)} pages without a text layer: probably scanned images"
    return "no text in it"
