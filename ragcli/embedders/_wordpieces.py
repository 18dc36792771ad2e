"""Text -> token ids and spans by a model's own tokenizer.json, cut where we say; and unit rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from ragcli.errors import MissingError

if TYPE_CHECKING:
    from ragcli.protocols import Vectors
    from ragcli.types import Span

    Framed = tuple[list[int], list[Span]]

SURROGATES = re.compile("[\ud800-\udfff]")


class Wordpieces:
    """A tokenizer without the truncation and padding that its file may carry (MiniLM's: both 128).

    `vocabulary` is the number of rows that the model has for ids; MissingError beyond it.
    """

    def __init__(self, folder: Path, max_tokens: int, vocabulary: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_buffer((folder / "tokenizer.json").read_bytes())
        except ValueError as error:
            raise MissingError(f"cannot use {folder / 'tokenizer.json'}: {error}", "name another model") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        framed = self._tokenizer.encode("a").ids
        bare = self._tokenizer.encode("a", add_special_tokens=False).ids
        at = framed.index(bare[0]) if bare and bare[0] in framed else 0
        self.head, self.tail = framed[:at], framed[at + len(bare) :]
        self._vocabulary = vocabulary
        self._room = max_tokens - len(self.head) - len(self.tail)

    def spans(self, text: str) -> list[Span]:
        """The span of each token of the whole text."""
        return list(self._encode([text])[0].offsets)

    def framed(self, texts: Sequence[str]) -> list[Framed]:
        """Per text its ids with special tokens, cut to fit, and the spans of those that are not special."""
        framed = []
        for encoding in self._encode(texts):
            ids = [*self.head, *encoding.ids[: self._room], *self.tail]
            if max(ids) >= self._vocabulary:
                raise MissingError("the tokenizer knows more tokens than the model", "name another model")
            framed.append((ids, encoding.offsets[: self._room]))
        return framed

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        # one code point for another keeps the spans; a lone surrogate has no UTF-8
        clean = [SURROGATES.sub("\ufffd", text) for text in texts]
        return self._tokenizer.encode_batch(clean, add_special_tokens=False)


def unit(rows: Vectors) -> Vectors:
    """The rows scaled to length one."""
    scaled: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
    return scaled
