"""The forward pass of a BERT encoder in plain numpy: exact float32, one text at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from ragcli.embedders._weights import Layout
    from ragcli.protocols import Vectors

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


class Encoder:
    """Tensors by name, as `_weights.load_bert` gives them."""

    def __init__(self, layout: Layout, weights: Mapping[str, Vectors]) -> None:
        self._layout = layout
        self._weights = weights

    def states(self, ids: Sequence[int], segments: Sequence[int] = ()) -> Vectors:
        """(tokens, dim): the last layer's states. `segments` of the ids, 0 or 1; all 0 where there are none."""
        weights = self._weights
        x = weights["embeddings.word_embeddings.weight"][list(ids)]
        x += weights["embeddings.position_embeddings.weight"][: len(ids)]
        x += weights["embeddings.token_type_embeddings.weight"][list(segments) or 0]
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
