"""BERT-type sentence encoders in plain numpy: mapped weights, exact float32, no start-up to speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ragcli import models
from ragcli.embedders import _weights
from ragcli.embedders._wordpieces import Wordpieces, unit

if TYPE_CHECKING:
    from ragcli.models import ModelFolder
    from ragcli.protocols import Vectors
    from ragcli.types import Span

MEMO_TEXTS: Final = 64
GELU_ROWS: Final = 16

# erf(x) ~ x P(x^2) / Q(x^2) on [-4, 4], a few float32 ulp: Eigen, generic_fast_erf_float
ERF_P: Final = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
ERF_Q: Final = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


class Bert:
    """The forward pass of a BERT encoder, one text at a time, and mean pooling."""

    def __init__(self, folder: ModelFolder) -> None:
        found = models.traits(folder)
        self.fingerprint = models.fingerprint(folder)
        self.max_tokens = found.max_tokens
        self._prefixes = (found.query_prefix, found.passage_prefix)
        self._layout, self._weights = _weights.load_bert(folder.path, self.max_tokens)
        self.dim = self._layout.dim
        rows = len(self._weights["embeddings.word_embeddings.weight"])
        self._pieces = Wordpieces(folder.path, self.max_tokens, rows)
        self._memo: dict[str, tuple[list[Span], Vectors]] = {}

    def passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, unit rows, input order."""
        return self._pooled([self._prefixes[1] + text for text in texts])

    def query(self, text: str) -> Vectors:
        """(dim,) float32, unit."""
        row: Vectors = self._pooled([self._prefixes[0] + text])[0]
        return row

    def token_spans(self, text: str) -> list[Span]:
        """The span of each token of the whole text."""
        return self._pieces.spans(text)

    def token_states(self, texts: Sequence[str]) -> list[tuple[list[Span], Vectors]]:
        """Per text its tokens' spans and unit last-layer states, cut at `max_tokens`."""
        return [self._remembered(text) for text in texts]

    def _pooled(self, texts: list[str]) -> Vectors:
        # text by text: numpy gains nothing from batches, and nothing is padded
        vectors = np.empty((len(texts), self.dim), np.float32)
        for row, (ids, _) in enumerate(self._pieces.framed(texts)):
            vectors[row] = self._states(ids).mean(axis=0)
        return unit(vectors)

    def _remembered(self, text: str) -> tuple[list[Span], Vectors]:
        if text not in self._memo:
            [(ids, spans)] = self._pieces.framed([text])
            first = len(self._pieces.head)
            states = unit(self._states(ids)[first : first + len(spans)])
            while len(self._memo) >= MEMO_TEXTS:
                del self._memo[next(iter(self._memo))]
            self._memo[text] = (spans, states)
        return self._memo[text]

    def _states(self, ids: list[int]) -> Vectors:
        """(tokens, dim): the last layer's states."""
        weights = self._weights
        x = weights["embeddings.word_embeddings.weight"][ids]
        x += weights["embeddings.position_embeddings.weight"][: len(ids)]
        x += weights["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        for number in range(self._layout.layers):
            name = f"encoder.layer.{number}"
            x = self._norm(self._attend(x, f"{name}.attention") + x, f"{name}.attention.output.LayerNorm")
            inner = gelu(self._linear(x, f"{name}.intermediate.dense"))
            x = self._norm(self._linear(inner, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")
        return x

    def _attend(self, x: Vectors, name: str) -> Vectors:
        tokens, dim = x.shape
        query, key, value = (
            self._linear(x, f"{name}.self.{part}").reshape(tokens, self._layout.heads, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores: Vectors = query @ key.swapaxes(1, 2)
        scores *= np.float32((dim // self._layout.heads) ** -0.5)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed: Vectors = (scores @ value).swapaxes(0, 1).reshape(tokens, dim)
        return self._linear(mixed, f"{name}.output.dense")

    def _linear(self, x: Vectors, name: str) -> Vectors:
        product: Vectors = x @ self._weights[f"{name}.weight"].T
        product += self._weights[f"{name}.bias"]
        return product

    def _norm(self, x: Vectors, name: str) -> Vectors:
        centred = x - x.mean(axis=-1, keepdims=True)
        centred /= np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(self._layout.epsilon))
        normed: Vectors = centred * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normed


def create(rest: str, **_: object) -> Bert:
    """The encoder in the folder, or of the name, `rest`; "" is the default model."""
    return Bert(models.find(rest))


def gelu(x: Vectors) -> Vectors:
    """x (1 + erf(x / sqrt 2)) / 2, in place, in blocks of rows that stay in the processor's cache."""
    for start in range(0, len(x), GELU_ROWS):
        rows = x[start : start + GELU_ROWS]
        z = np.clip(rows * np.float32(0.5**0.5), -4, 4)
        square = z * z
        over, under = np.full_like(z, ERF_P[0]), np.full_like(z, ERF_Q[0])
        for terms, total in ((ERF_P[1:], over), (ERF_Q[1:], under)):
            for term in terms:
                total *= square
                total += np.float32(term)
        z *= over
        z /= under
        z += 1
        z *= np.float32(0.5)
        rows *= z
    return x
