"""A document's cuts -> its snippets with windows and their vectors, ready to be stored."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from ragcli import lexical
from ragcli.errors import UnreadableFile
from ragcli.rows import NewSnippet, NewWindow
from ragcli.types import Cut, Document, Fields, Parsed
from ragcli.windows import windows

if TYPE_CHECKING:
    from ragcli.protocols import Embedder, Vectors

WINDOW_TOKENS: Final = 128
STRIDE_TOKENS: Final = 96
"""128/96 scored best or level with 256/192 on snippets of 150-400 words, at the same cost."""
OWN_FIELDS: Final = ("title", "section", "columns", "text")
HEADER_CHARS: Final = 160
"""Of title and section, and as many of column names, in front of an embedded window: about 40 tokens each, so that
all fit any 256."""


class Prepared(NamedTuple):
    """Snippets in order; vectors (windows, dim) float32 of all their windows in order; what was encoded."""

    snippets: list[NewSnippet]
    vectors: Vectors
    embedded: int
    reused: int


class Embedded(NamedTuple):
    """The windows of each snippet, in order; vectors (windows, dim) float32 of all of them; what was encoded."""

    windows: list[tuple[NewWindow, ...]]
    vectors: Vectors
    embedded: int
    reused: int


def prepare(
    document: Document,
    title: str,
    cuts: Sequence[Cut],
    embedder: Embedder,
    known: Callable[[bytes], bytes | None],
) -> Prepared:
    """`title` is what the file itself states, "" if nothing: a title made from a file's name is not embedded,
    so that a renamed file keeps its vectors. `known` gives the vector of a window embedded before.

    UnreadableFile where the embedder returns no usable vectors.
    """
    snippets = list(_snippets(document, cuts))
    made = embed([(header_of(title, s.fields), s.text) for s in snippets], embedder, known)
    complete = [replace(snippet, windows=cut) for snippet, cut in zip(snippets, made.windows, strict=True)]
    return Prepared(complete, made.vectors, made.embedded, made.reused)


def header_of(title: str, fields: Fields) -> str:
    """What is embedded in front of each window of a snippet; `title` as for `prepare`."""
    known = dict(fields)
    named = " > ".join(filter(None, (" ".join(title.split()), known.get("section", ""))))[:HEADER_CHARS]
    return f"{named}\n{known.get('columns', '')[:HEADER_CHARS]}".strip("\n")


def terms_of(uri: str, text: str, fields: Fields) -> tuple[list[str], list[str]]:
    """A snippet's terms as they are indexed: of its text, and of its title, section, columns and file name."""
    known = dict(fields)
    header = " ".join((known["title"], known.get("section", ""), known.get("columns", ""), stem_of(uri)))
    return lexical.terms(text), lexical.terms(header)


def stem_of(uri: str) -> str:
    """The name of a file without its suffix: the title of a document that states none."""
    return unicode_only(Path(uri).stem)


def embed(passages: Sequence[tuple[str, str]], embedder: Embedder, known: Callable[[bytes], bytes | None]) -> Embedded:
    """(header, text) of each snippet of a document -> its windows, cut by the embedder's own tokens.

    UnreadableFile where the embedder returns no usable vectors.
    """
    spans, texts = [], []
    for header, text in passages:
        cut = windows(embedder.token_spans(text), size=WINDOW_TOKENS, stride=STRIDE_TOKENS) or [(0, len(text))]
        spans.append(cut)
        texts += [f"{header}\n{text[start:end]}".lstrip("\n") for start, end in cut]
    digests = [window_digest(embedder.fingerprint, text) for text in texts]
    vectors, embedded = _vectors(texts, digests, embedder, known)
    rows = zip(digests, vectors, strict=True)
    made = []
    for cut in spans:
        pairs = zip(cut, rows, strict=False)
        made.append(tuple(NewWindow(start, end, digest, row.tobytes()) for (start, end), (digest, row) in pairs))
    return Embedded(made, vectors, embedded, len(texts) - embedded)


def _snippets(document: Document, cuts: Sequence[Cut]) -> Iterator[NewSnippet]:
    """Each snippet, still without windows."""
    breaks = [match.start() for match in re.finditer("\n", document.text)]
    starts = [page.start for page in document.pages]
    for cut in cuts:
        section = " ".join(cut.section.split())
        named = (("section", section), ("columns", cut.columns))
        fields = (("title", document.title), *(pair for pair in named if pair[1]), *document.metadata)
        lines = bisect_right(breaks, cut.start - 1) + 1, bisect_right(breaks, cut.end - 1) + 1
        first, last = bisect_right(starts, cut.start), bisect_right(starts, cut.end - 1)
        pages = tuple((n, document.pages[n - 1].label) for n in range(max(1, first), last + 1))
        text = document.text[cut.start : cut.end]
        yield NewSnippet(cut.start, cut.end, text, fields, lines, pages, ())


def window_digest(fingerprint: str, text: str) -> bytes:
    """Names the vector of an embedded text: equal texts are never embedded twice."""
    return hashlib.blake2b(f"{fingerprint}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _vectors(
    texts: Sequence[str], digests: Sequence[bytes], embedder: Embedder, known: Callable[[bytes], bytes | None]
) -> tuple[Vectors, int]:
    """(n, dim) float32 and how many texts were encoded: only those never seen, each once."""
    vectors: dict[bytes, Vectors] = {}
    missing: dict[bytes, str] = {}
    for digest, text in zip(digests, texts, strict=True):
        stored = known(digest)
        if stored is None:
            missing.setdefault(digest, text)
        else:
            vectors[digest] = np.frombuffer(stored, np.float32)
    if missing:
        fresh = embedder.passages(list(missing.values()))
        if fresh.shape != (len(missing), embedder.dim) or not np.isfinite(fresh).all():
            raise UnreadableFile("the embedder returned something that is no vector for it")
        vectors |= dict(zip(missing, fresh, strict=True))
    return np.stack([vectors[digest] for digest in digests]), len(missing)


def merged(metadata: Fields, extra: Fields) -> Fields:
    """The file's own metadata, then the user's, which wins; keys that the snippet itself uses are not taken."""
    merged = {unicode_only(key): unicode_only(" ".join(value.split())) for key, value in (*metadata, *extra)}
    return tuple((key, value) for key, value in merged.items() if key not in OWN_FIELDS and value)


def unicode_only(text: str) -> str:
    """File names and arguments may hold lone surrogates, which no database or model takes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def why_no_text(parsed: Parsed) -> str:
    """The ledger's reason for a document without a snippet."""
    return f"no text in it ({'; '.join(parsed.notes)})" if parsed.notes else "no text in it"
