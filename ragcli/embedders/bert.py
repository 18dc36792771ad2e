"""BERT-type sentence encoders in plain numpy: mapped weights, exact float32, no start-up to speak of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ragcli import models
from ragcli.embedders import _weights
from ragcli.embedders._wordpieces import Wordpieces

if TYPE_CHECKING:
    from ragcli.models import ModelFolder
    from ragcli.protocols import Vectors
    from ragcli.types import Span

MEMO_TEXTS: Final = 64

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
        config = json.loads((folder.path / "config.json").read_bytes())
        self.fingerprint = models.fingerprint(folder)
        self.max_tokens = 256
        self.dim: int = config["hidden_size"]
        self._heads: int = config["num_attention_heads"]
        self._layers: int = config["num_hidden_layers"]
        self._epsilon = np.float32(config["layer_norm_eps"])
        self._weights = _weights.load(folder.path / "model.safetensors")
        self._pieces = Wordpieces(folder.path, self.max_tokens)
        self._memo: dict[str, tuple[list[Span], Vectors]] = {}

    def passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, unit rows, input order."""
        vectors = np.empty((len(texts), self.dim), np.float32)
        for row, (ids, _) in enumerate(self._pieces.framed(texts)):
            vectors[row] = self._states(ids).mean(axis=0)
        return unit(vectors)

    def query(self, text: str) -> Vectors:
        """(dim,) float32, unit."""
        row: Vectors = self.passages([text])[0]
        return row

    def token_spans(self, text: str) -> list[Span]:
        """The span of each token of the whole text."""
        return self._pieces.spans(text)

    def token_states(self, texts: Sequence[str]) -> list[tuple[list[Span], Vectors]]:
        """Per text its tokens' spans and unit last-layer states, cut at `max_tokens`."""
        return [self._remembered(text) for text in texts]

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
        for number in range(self._layers):
            name = f"encoder.layer.{number}"
            x = self._norm(self._attend(x, f"{name}.attention") + x, f"{name}.attention.output.LayerNorm")
            inner = gelu(self._linear(x, f"{name}.intermediate.dense"))
            x = self._norm(self._linear(inner, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")
        return x

    def _attend(self, x: Vectors, name: str) -> Vectors:
        tokens, dim = x.shape
        query, key, value = (
            self._linear(x, f"{name}.self.{part}").reshape(tokens, self._heads, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(1, 2) / np.float32(np.sqrt(dim / self._heads))
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return self._linear((scores @ value).swapaxes(0, 1).reshape(tokens, dim), f"{name}.output.dense")

    def _linear(self, x: Vectors, name: str) -> Vectors:
        product: Vectors = x @ self._weights[f"{name}.weight"].T
        product += self._weights[f"{name}.bias"]
        return product

    def _norm(self, x: Vectors, name: str) -> Vectors:
        centred = x - x.mean(axis=-1, keepdims=True)
        centred /= np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self._epsilon)
        normed: Vectors = centred * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normed


def create(rest: str, **_: object) -> Bert:
    """The encoder in the folder, or of the name, `rest`; "" is the default model."""
    return Bert(models.find(rest))


def gelu(x: Vectors) -> Vectors:
    """x (1 + erf(x / sqrt 2)) / 2."""
    z = np.clip(x * np.float32(0.5**0.5), -4, 4)
    square = z * z
    over, under = np.full_like(z, ERF_P[0]), np.full_like(z, ERF_Q[0])
    for term in ERF_P[1:]:
        over *= square
        over += np.float32(term)
    for term in ERF_Q[1:]:
        under *= square
        under += np.float32(term)
    z *= over
    z /= under
    z += 1
    z *= x
    z *= np.float32(0.5)
    return z


def unit(rows: Vectors) -> Vectors:
    """The rows scaled to length one."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
