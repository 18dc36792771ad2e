"""One decoding loop for any causal language model: constrained or free, greedy or sampled, with drafts.

What must come is appended without a pass. What is likely to come (the rest of an answer that is copied) is drafted and
verified in one pass: each position is decided as if it came alone, so the text is that of plain decoding.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import torch

from ragcli.chooser import Chooser
from ragcli.grammar import Grammar
from ragcli.types import Finish, Sampling
from ragcli.vocabulary import Vocabulary
from ragcli.writer import GroundedWriter

__all__ = ["CausalLM", "KeptCache", "Step", "Vocabulary", "decode"]

PREFILL_TOKENS: Final = 2048
"""Of a prompt at a time: activations of a longer stretch would need more memory than the weights leave."""
DRAFT_TOKENS: Final = 256
"""At a time: their logits take 128 MiB in 16 bits with a vocabulary of 256,000."""


class CausalLM(Protocol):
    """A `transformers` causal language model, or what behaves like one: a cache that can be cropped."""

    @property
    def device(self) -> torch.device:
        """Where its inputs go."""
        ...

    def __call__(self, *, input_ids: torch.Tensor, past_key_values: Any, use_cache: bool, logits_to_keep: int) -> Any:
        """`logits` (1, logits_to_keep, vocabulary), and `past_key_values` that hold the inputs too."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """What one pass brought: its text, and the counts of tokens and passes so far.

    `confidences`: of each citation opened in it, the model's odds (0..1) of opening there, among all that the
    grammar allowed; the n-th of a completion belongs to its n-th mark. `finish` is set on the last step only.
    """

    text: str
    tokens: int
    passes: int
    finish: Finish | None = None
    confidences: tuple[float, ...] = ()


@dataclass(slots=True)
class KeptCache:
    """Keys and values of `ids`, kept between calls: what a new prompt begins with alike is not computed again."""

    ids: list[int] = field(default_factory=list)
    past: Any = None

    def rewind(self, ids: Sequence[int]) -> list[int]:
        """Cuts back to what `ids` begins with too; returns the rest of `ids`, at least one."""
        shared = 0
        for mine, wanted in zip(self.ids, ids[:-1], strict=False):
            if mine != wanted:
                break
            shared += 1
        self.drop(len(self.ids) - shared)
        return list(ids[shared:])

    def drop(self, count: int) -> None:
        """Forgets the last `count` tokens."""
        if count:
            self.past.crop(-count)
            del self.ids[-count:]

    def run(self, model: CausalLM, ids: Sequence[int], keep: int) -> torch.Tensor:
        """(keep, vocabulary) logits behind each of the last `keep` of the ids, which are appended.

        A pass that fails leaves the cache empty.
        """
        known, past = self.ids, self.past
        self.ids, self.past = [], None
        at = 0
        while len(ids) - at > max(PREFILL_TOKENS, keep):
            past = _forward(model, list(ids[at : at + PREFILL_TOKENS]), past, 1).past_key_values
            at += PREFILL_TOKENS
        output = _forward(model, list(ids[at:]), past, keep)
        self.ids, self.past = [*known, *ids], output.past_key_values
        logits: torch.Tensor = output.logits[0, -keep:]
        return logits


def _forward(model: CausalLM, ids: list[int], past: Any, keep: int) -> Any:
    with torch.inference_mode():
        rows = torch.tensor([ids], device=model.device)
        return model(input_ids=rows, past_key_values=past, use_cache=True, logits_to_keep=keep)


class FreeWriter:
    """Whatever the model says, up to its end token."""

    def __init__(self, vocabulary: Vocabulary, sampling: Sampling) -> None:
        self.tokens = 0
        self.finish: Finish | None = Finish.LENGTH if sampling.max_tokens < 1 else None
        self._vocabulary = vocabulary
        self._limit = sampling.max_tokens
        self._chooser = Chooser(sampling)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._said: list[str] = []

    def draft(self) -> list[int]:
        """Nothing."""
        return []

    def forced(self) -> list[int]:
        """Nothing."""
        return []

    def take(self, row: torch.Tensor, top: int) -> int | None:
        """The next token by its logits (vocabulary,) and the best of them; None at the end."""
        token = top if self._chooser.greedy else self._chooser.choose(row)
        self.tokens += 1
        if token in self._vocabulary.ends:
            self.finish = Finish.STOP
        elif self.tokens >= self._limit:
            self.finish = Finish.LENGTH
        spelling = self._vocabulary.bytes_of([token])[0]
        self._said.append(self._decoder.decode(spelling, final=self.finish is not None))
        return None if self.finish is Finish.STOP else token

    def text(self) -> str:
        """What was written since it was asked last."""
        text = "".join(self._said)
        self._said.clear()
        return text

    def confidences(self) -> tuple[float, ...]:
        """None: what will be a tag is not known yet."""
        return ()


def decode(
    model: CausalLM,
    prompt_ids: Sequence[int],
    *,
    vocabulary: Vocabulary,
    grammar: Grammar | None,
    sampling: Sampling,
    prefix: KeptCache | None = None,
) -> Iterator[Step]:
    """The completion, a step a pass; `grammar` None: whatever the model says. At most `sampling.max_tokens` tokens.

    UsageError: too few tokens are allowed for a completion of this grammar.
    """
    kept = KeptCache() if prefix is None else prefix
    writer = FreeWriter(vocabulary, sampling) if grammar is None else GroundedWriter(vocabulary, sampling, grammar)
    todo = [*kept.rewind(prompt_ids), *writer.forced()]
    passes = 0
    while writer.finish is None:
        draft = writer.draft()[:DRAFT_TOKENS]
        rows = kept.run(model, [*todo, *draft], len(draft) + 1)
        passes += 1
        tops: list[int] = rows.argmax(-1).tolist()
        todo, agreed = [], 0
        for row, top, drafted in zip(rows, tops, [*draft, -1], strict=True):
            token = writer.take(row, top)
            if token is None or token != drafted:
                todo = [] if token is None else [token]
                break
            agreed += 1
        kept.drop(len(draft) - agreed)
        todo += writer.forced()
        yield Step(writer.text(), writer.tokens, passes, writer.finish, writer.confidences())
    if passes == 0:
        yield Step(writer.text(), writer.tokens, passes, writer.finish, ())
