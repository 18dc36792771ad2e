"""A small real embedder for tests: words hashed to signed buckets. Same words, same vector; no model, no files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ragcli.errors import UsageError

if TYPE_CHECKING:
    from ragcli.protocols import Vectors
    from ragcli.types import Span

WORD = re.compile(r"\w+")


class Hashing:
    """A bag of words in `dim` buckets. `encoded` counts the texts that became vectors so far."""

    max_tokens = 256

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.fingerprint = f"hashing-{dim}"
        self.encoded = 0

    def passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, unit rows; a text without words, or whose words cancel, is the first axis."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for state in self._states(text, self.token_spans(text)[: self.max_tokens]):
                row += state
            length = float(np.linalg.norm(row))
            if length:
                row /= length
            else:
                row[0] = 1
        self.encoded += len(texts)
        return vectors

    def query(self, text: str) -> Vectors:
        """(dim,) float32, unit."""
        row: Vectors = self.passages([text])[0]
        return row

    def token_spans(self, text: str) -> list[Span]:
        """The span of each word."""
        return [match.span() for match in WORD.finditer(text)]

    def token_states(self, texts: Sequence[str]) -> list[tuple[list[Span], Vectors]]:
        """Per text its words' spans and vectors, cut at `max_tokens`."""
        spans = [self.token_spans(text)[: self.max_tokens] for text in texts]
        return [(places, self._states(text, places)) for text, places in zip(texts, spans, strict=True)]

    def _states(self, text: str, spans: list[Span]) -> Vectors:
        states = np.zeros((len(spans), self.dim), np.float32)
        for row, (start, end) in zip(states, spans, strict=True):
            word = text[start:end].casefold().encode("utf-8", "surrogatepass")
            digest = int.from_bytes(hashlib.blake2b(word, digest_size=8).digest())
            row[(digest >> 1) % self.dim] = 1 if digest & 1 else -1
        return states


def create(rest: str = "64", **_: object) -> Hashing:
    """`rest` is the number of buckets, 1 to 65536; "" is 64."""
    if not (rest or "64").isdecimal() or not 1 <= int(rest or "64") <= 65536:
        raise UsageError(f"hashing takes a number of buckets, not {rest!r}", "hashing:64")
    return Hashing(int(rest or "64"))
