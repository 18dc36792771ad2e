"""The seams, on one page. A second implementation of one is a file in its family's folder (backends.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragcli.types import Model, Parsed, Piece, Prompt, Sampling, Span

    Vectors = NDArray[np.float32]
    Ids = NDArray[np.int64]
    Arrays = Mapping[str, NDArray[Any]]
    """What a cache's file holds."""

Ranked = list[tuple[int, float]]
"""(id, score), best first; equal scores by smaller id; an id is never negative."""


class Parser(Protocol):
    """Bytes -> text and structure. `name` is the file's name, for its suffix only."""

    def __call__(self, raw: bytes, name: str, /) -> Parsed:
        """Raises UnreadableFile(reason) on bad input, and nothing else."""
        ...


class Embedder(Protocol):
    """Text -> unit vectors. `fingerprint` names the vectors (weights, pooling, prefixes, dim), not the
    library that computed them: embedders with equal fingerprints agree to cosine >= 0.9999."""

    fingerprint: str
    dim: int
    max_tokens: int

    def passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, unit rows, input order. Text beyond `max_tokens` is not seen."""
        ...

    def query(self, text: str) -> Vectors:
        """(dim,) float32, unit."""
        ...

    def token_spans(self, text: str) -> list[Span]:
        """The span of each token in `text`, in order, without truncation or special tokens."""
        ...

    def token_states(self, texts: Sequence[str]) -> list[tuple[list[Span], Vectors]]:
        """For MaxSim: per text its token spans (special tokens left out, cut at `max_tokens`) and their
        last-layer states, (tokens, dim) float32, unit rows."""
        ...


class VectorIndex(Protocol):
    """Window vectors by id; scores are exact cosines, and one of the k nearest is seldom missed. Rows must be unit and
    ids new and >= 0."""

    def __len__(self) -> int: ...

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """ids (n,) int64, vectors (n, dim) float32."""
        ...

    def remove(self, ids: Ids) -> int:
        """How many were there and are gone."""
        ...

    def search(self, query: Vectors, k: int, only: Ids | None = None) -> Ranked:
        """The k nearest of all, or of `only`: the filter comes before the top-k."""
        ...

    def ids(self) -> Ids:
        """The ids it holds, in any order."""
        ...


class LexicalIndex(Protocol):
    """Terms of snippets by id, scored by BM25."""

    def add(self, id: int, terms: Sequence[str], header: Sequence[str]) -> None:
        """`terms` of the text; `header` of title, section and file name, a field of its own weight."""
        ...

    def remove(self, ids: Sequence[int]) -> int:
        """How many were there and are gone."""
        ...

    def search(self, terms: Sequence[str], k: int, only: Sequence[int] | None = None) -> Ranked:
        """Any term may match (OR). Scores are positive."""
        ...

    def whole(self, terms: Sequence[str], owners: Mapping[int, int]) -> dict[int, float]:
        """BM25 of each owner as if its snippets were one text, `owners` being the owner of each snippet. Terms weigh
        what they weigh among snippets; an owner is as long as its snippets together, against the mean of these."""
        ...

    def clear(self) -> None:
        """Removes every row, even of a damaged index."""
        ...

    def document_frequency(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many snippets' text each term occurs; 0 where unknown."""
        ...


class Reranker(Protocol):
    """Reads question and text together. Of the first `most` hits it reads those whose first score is at least `near`
    of the best one's; the others keep their places."""

    @property
    def near(self) -> float: ...

    @property
    def most(self) -> int: ...

    def share(self, question: str) -> float:
        """Of its score in the mix with the first one: 0 (the question is not for it) to 1."""
        ...

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Up to 1, of each of the first texts in order, as many as it has the time for."""
        ...


class Entailer(Protocol):
    """Whether a claim follows from a text."""

    def judge(self, claims: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """(it follows, it is contradicted) as 0..1 of each (text, claim)."""
        ...


class Runtime(Protocol):
    """Prompt -> pieces of a completion in Command-R's grammar. Ids, never rendered text, go to a model; `model` is
    None where there is none."""

    name: str
    context_tokens: int
    model: Model | None

    def count_tokens(self, text: str) -> int: ...

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Piece]:
        """Yields at least one piece; the last one, and only it, has `finish`."""
        ...
