"""Late interaction over the embedder's own token states: each token of the question meets its best match.

The states of the best hits are needed for choosing sentences anyway, and embedders remember them; so this costs
only what is read of hits that are close, but do not stay among the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ragcli import sentences
from ragcli.tuning import DEFAULT
from ragcli.windows import SPECIAL_TOKENS, legibility, readable

if TYPE_CHECKING:
    from ragcli.protocols import Embedder

NEAR: Final = 0.9
MOST: Final = 5
"""XQuAD en, first hit right of 1,190: 95.8 % without, 97.0 % with these, as with all of the first ten at five times
the cost. Two questions in ten have a second hit this near. MTRAG-UN, nDCG@10 of 116 follow-ups: .916, .915; the turns
before, read together with the question, lower it to .905."""
TOKENS: Final = 640
"""Read for one question, about a third of a second of one core: two or three snippets."""


class MaxSim:
    """Mean over the question's tokens of the best cosine with any of the text's."""

    near = NEAR
    most = MOST

    def __init__(self, embedder: Embedder, share: float = DEFAULT.rerank) -> None:
        self._embedder = embedder
        self._share = share

    def share(self, question: str) -> float:
        """Less where the embedder reads the question's script badly."""
        return self._share * legibility(self._embedder.token_spans(question))

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """In the texts' order, as far as TOKENS go, but never fewer than two."""
        [(_, asked)] = self._embedder.token_states([question])
        found: list[float] = []
        left = TOKENS
        for text in texts:
            tokens = self._embedder.token_spans(text)
            left -= len(tokens)
            if left < 0 and len(found) > 1:
                break
            room = self._embedder.max_tokens - SPECIAL_TOKENS
            parts = readable(sentences.spans(text), tokens, room)
            read = self._embedder.token_states([text[start:end] for start, end in parts])
            best = asked.sum(axis=1) * 0.0 - 1.0
            for _, states in read:
                if len(states):
                    best = best.clip(min=(asked @ states.T).max(axis=1))
            found.append(float(best.mean()) if len(best) else 0.0)
        return found


def create(rest: str = "", *, embedder: Embedder, share: float = DEFAULT.rerank, **_: object) -> MaxSim:
    """With the index's embedder; `share` is that of its scores where all of a question is read."""
    return MaxSim(embedder, share)
