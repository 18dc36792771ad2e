"""Text -> token ids and spans by a model's own tokenizer.json, cut where we say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from ragcli.errors import MissingError

if TYPE_CHECKING:
    from ragcli.types import Span

SURROGATES = re.compile("[\ud800-\udfff]")


class Wordpieces:
    """A tokenizer without the truncation and padding that its file may carry (MiniLM's: both 128)."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_buffer((folder / "tokenizer.json").read_bytes())
        except ValueError as error:
            raise MissingError(f"cannot use {folder / 'tokenizer.json'}: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        framed = self._tokenizer.encode("a").ids
        bare = self._tokenizer.encode("a", add_special_tokens=False).ids
        at = framed.index(bare[0])
        self.head, self.tail = framed[:at], framed[at + len(bare) :]
        self._room = max_tokens - len(self.head) - len(self.tail)

    def spans(self, text: str) -> list[Span]:
        """The span of each token of the whole text."""
        return list(self._encode([text])[0].offsets)

    def framed(self, texts: Sequence[str]) -> list[tuple[list[int], list[Span]]]:
        """Per text its ids with special tokens, cut to fit, and the spans of those that are not special."""
        return [
            ([*self.head, *encoding.ids[: self._room], *self.tail], encoding.offsets[: self._room])
            for encoding in self._encode(texts)
        ]

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        # one code point for another keeps the spans; a lone surrogate has no UTF-8
        clean = [SURROGATES.sub("\ufffd", text) for text in texts]
        return self._tokenizer.encode_batch(clean, add_special_tokens=False)
