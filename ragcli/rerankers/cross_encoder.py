"""A cross-encoder of transformers by name (torch): local files, safetensors, no remote code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch

from ragcli import pairs
from ragcli.errors import MissingError

if TYPE_CHECKING:
    from ragcli.pairs import Reader

SHARE: Final = 0.5
NEAR: Final = 0.6
MOST: Final = 20
"""Its say is bounded: such a model, trained before our first stage was, also takes good hits down."""


class CrossEncoder:
    """One model that reads question and text as one sequence, and says with one number how well they fit."""

    near = NEAR
    most = MOST

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def share(self, question: str) -> float:
        """The same for every question: which languages the model reads is not known."""
        return SHARE

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """The odds as 0..1. What is longer than the model reads is cut at the text's end."""
        asked = [(question, text) for text in texts]
        return [float(torch.sigmoid(logits[0])) for logits in self._reader.logits(asked)]


def create(rest: str, **_: object) -> CrossEncoder:
    """The model in the folder, or of the name, `rest`. MissingError where it is not here or is no cross-encoder."""
    if not rest:
        raise MissingError("which cross-encoder is not said", "--reranker cross-encoder:MODEL")
    reader = pairs.load(rest)
    outputs = len(reader.labels)
    if outputs != 1:
        message = f"{rest} is no cross-encoder for ranking: it gives {outputs} numbers, not one"
        raise MissingError(message, "name another model, such as one of cross-encoder/ms-marco-*")
    return CrossEncoder(reader)
