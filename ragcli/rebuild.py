"""Both search indexes anew, from the store alone; with an embedder, every window's vector too.

Readers get the old answers until all is there: what is embedded waits in a file of its own (`scratch.py`), and
terms, windows and pins change in one transaction. A killed rebuild leaves the old index, and the next one goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ragcli import backends, segments, tuning
from ragcli.database import existing
from ragcli.failpoints import failpoint
from ragcli.index import ANALYSIS
from ragcli.lock import Patience, WriterLock
from ragcli.prepare import STRIDE_TOKENS, WINDOW_TOKENS, Embedded, embed, header_of, stem_of, terms_of
from ragcli.reports import Counts, Rebuilt
from ragcli.rows import Pins
from ragcli.scratch import NAME as SCRATCH
from ragcli.scratch import Scratch
from ragcli.store import Store
from ragcli.types import Document, Snippet

if TYPE_CHECKING:
    from ragcli.protocols import Embedder, LexicalIndex

Step = Callable[[str, int, int, int], None]
"""Takes a document's uri, snippets done, snippets in all, windows embedded so far."""
KEPT: Final = 256
"""Vectors after which the scratch file is written: what a kill can cost."""


def quiet(uri: str, done: int, total: int, windows: int) -> None:
    """Takes a step and says nothing."""


def rebuild(
    folder: Path,
    embedder: Embedder | None = None,
    *,
    name: str = "",
    step: Step = quiet,
    patience: Patience = Patience(),
) -> Rebuilt:
    """Makes terms and vector cache anew; with `embedder`, called `name`, also embeds every window whose vector the
    store has not, and pins it. MissingError, DamagedIndex, Busy; UnreadableFile where the embedder gives no vectors."""
    started = time.monotonic()
    with _opened(folder, patience) as store:
        pins, embedded = store.pins(), 0
        if pins is None:
            return Rebuilt(Counts(), "", 0, 0, time.monotonic() - started)
        pins = replace(pins, analysis=ANALYSIS)
        if embedder is None:
            _swap(store, pins)
        else:
            with Scratch(folder / SCRATCH) as scratch:
                pins = replace(pins, embedder=name, fingerprint=embedder.fingerprint, dim=embedder.dim)
                pins = replace(pins, window_tokens=WINDOW_TOKENS, stride_tokens=STRIDE_TOKENS)
                embedded = _embed(store, embedder, scratch, step)
                _swap(store, pins, lambda passages: embed(passages, embedder, _known(store, scratch, embedder.dim)))
        segments.publish_all(folder, store)
        failpoint("rebuild.published")
        if embedder is not None:
            scratch.remove()
        store.checkpoint()
        counts = Counts(*store.count())
    reused = 0 if embedder is None else counts.windows - embedded
    return Rebuilt(counts, pins.embedder, embedded, reused, time.monotonic() - started)


@contextmanager
def _opened(folder: Path, patience: Patience) -> Iterator[Store]:
    """The store for writing, whatever it is pinned to: to mend that is what a rebuild is for."""
    existing(folder)
    with WriterLock(folder, patience), closing(Store.open(folder, write=True)) as store:
        yield store


def _embed(store: Store, embedder: Embedder, scratch: Scratch, step: Step) -> int:
    """Puts what neither store nor scratch has into the scratch; how many windows that were."""
    fresh: dict[bytes, bytes] = {}
    kept = _known(store, scratch, embedder.dim)

    def known(digest: bytes) -> bytes | None:
        return fresh.get(digest) or kept(digest)

    total, done, embedded = store.count()[1], 0, 0
    for document in list(store.documents()):
        snippets = store.snippets_of(document.uri)
        made = embed(_passages(document, snippets), embedder, known)
        if made.embedded:
            fresh.update((window.digest, window.vector) for cut in made.windows for window in cut)
        if len(fresh) >= KEPT:
            scratch.put(fresh)
            fresh.clear()
            failpoint("rebuild.embedded")
        done += len(snippets)
        embedded += made.embedded
        step(document.uri, done, total, embedded)
    scratch.put(fresh)
    failpoint("rebuild.all_embedded")
    return embedded


def _known(store: Store, scratch: Scratch, dim: int) -> Callable[[bytes], bytes | None]:
    def known(digest: bytes) -> bytes | None:
        vector = scratch.get(digest) or store.vector_by_digest(digest)
        return vector if vector is not None and len(vector) == 4 * dim else None

    return known


def _passages(document: Document, snippets: Sequence[Snippet]) -> list[tuple[str, str]]:
    """What `prepare` embeds. A title that is the file's name was not stated by the file (or says no more than it)."""
    title = "" if document.title == stem_of(document.uri) else document.title
    return [(header_of(title, snippet.fields), snippet.text) for snippet in snippets]


def _swap(store: Store, pins: Pins, windows: Callable[[Sequence[tuple[str, str]]], Embedded] | None = None) -> None:
    """Terms, pins and, by `windows`, all windows, in one transaction."""
    lexicon: LexicalIndex = backends.create("lexicon", "postings", connection=store.connection)
    with store.transaction():
        store.forget_caches()
        lexicon.clear()
        failpoint("rebuild.cleared")
        for document in list(store.documents()):
            snippets = store.snippets_of(document.uri)
            for snippet in snippets:
                lexicon.add(snippet.id, *terms_of(document.uri, snippet.text, snippet.fields))
            if windows is not None:
                made = windows(_passages(document, snippets))
                for snippet, cut in zip(snippets, made.windows, strict=True):
                    store.replace_windows(snippet.id, cut)
        held = store.pins()
        if held is not None and held.fingerprint != pins.fingerprint:  # another embedder's scores weigh otherwise
            store.set_meta(tuning.KEY, tuning.write(tuning.DEFAULT))
        store.set_pins(pins)
        failpoint("rebuild.replaced")
