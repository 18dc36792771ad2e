"""BERT-type sentence encoders in plain numpy: mapped weights, exact float32, no start-up to speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ragcli import models
from ragcli.embedders import _weights
from ragcli.embedders._forward import Encoder
from ragcli.embedders._wordpieces import Wordpieces, unit

if TYPE_CHECKING:
    from ragcli.models import ModelFolder
    from ragcli.protocols import Vectors
    from ragcli.types import Span

MEMO_TEXTS: Final = 64


class Bert:
    """The forward pass of a BERT encoder, one text at a time, and mean pooling."""

    def __init__(self, folder: ModelFolder) -> None:
        found = models.traits(folder)
        self.fingerprint = models.fingerprint(folder)
        self.max_tokens = found.max_tokens
        self._prefixes = (found.query_prefix, found.passage_prefix)
        layout, weights = _weights.load_bert(folder.path, self.max_tokens)
        self.dim = layout.dim
        self._encoder = Encoder(layout, weights)
        rows = len(weights["embeddings.word_embeddings.weight"])
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
            vectors[row] = self._encoder.states(ids).mean(axis=0)
        return unit(vectors)

    def _remembered(self, text: str) -> tuple[list[Span], Vectors]:
        if text not in self._memo:
            [(ids, spans)] = self._pieces.framed([text])
            first = len(self._pieces.head)
            states = unit(self._encoder.states(ids)[first : first + len(spans)])
            while len(self._memo) >= MEMO_TEXTS:
                del self._memo[next(iter(self._memo))]
            self._memo[text] = (spans, states)
        return self._memo[text]


def create(rest: str, **_: object) -> Bert:
    """The encoder in the folder, or of the name, `rest`; "" is the default model."""
    return Bert(models.find(rest))
