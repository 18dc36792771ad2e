"""Draws a token by its logits.

Temperature, then top-k, then top-p apply to the tokens that may come, as `transformers` has it behind a grammar.
"""

from __future__ import annotations

import math

import torch

from ragcli.types import Sampling


class Chooser:
    """Draws one of some tokens; temperature 0 is greedy."""

    def __init__(self, sampling: Sampling) -> None:
        self.greedy = sampling.temperature <= 0
        self._sampling = sampling
        self._random: torch.Generator | None = None

    def choose(self, scores: torch.Tensor) -> int:
        """The place in `scores` (n,) that is drawn."""
        if self.greedy:
            return int(scores.argmax())
        scores = scores.float() / self._sampling.temperature
        if 0 < self._sampling.top_k < len(scores):
            scores = scores.masked_fill(scores < scores.topk(self._sampling.top_k).values[-1], -math.inf)
        if self._sampling.top_p < 1:
            ranked, order = scores.sort(descending=True, stable=True)
            chances = ranked.softmax(-1)
            beyond = chances.cumsum(-1) - chances >= self._sampling.top_p
            beyond[0] = False
            scores = scores.masked_fill(beyond.scatter(0, order, beyond), -math.inf)
        if self._random is None:
            self._random = torch.Generator(scores.device).manual_seed(self._sampling.seed)
        return int(torch.multinomial(scores.softmax(-1), 1, generator=self._random))
