"""A random-weight Command-R and a small BPE tokenizer of its kind, made in a second; and one that says what it is told.

`tokenizer()` trains on a few sentences: byte-level, NFC, digits one by one, Cohere's control tokens. `model()` is a
real `CohereForCausalLM`. `behaving(completion)` is one whose logits want that completion, whatever tokens led there.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import CohereConfig, CohereForCausalLM

from ragcli.vocabulary import Vocabulary

CONTROL = (
    "<PAD> <UNK> <CLS> <SEP> <MASK_TOKEN> <BOS_TOKEN> <EOS_TOKEN> <|START_OF_TURN_TOKEN|> <|END_OF_TURN_TOKEN|> "
    "<|USER_TOKEN|> <|CHATBOT_TOKEN|> <|SYSTEM_TOKEN|>"
).split()
PROMPT = "<BOS_TOKEN><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"
SENTENCES = (
    "Relevant Documents: 0,1\nCited Documents: 0\nAnswer: The tower of the harbour is 35 metres tall.",
    "Grounded answer: The tower of the <co: 0>harbour is 35 metres</co: 0> tall.",
    "Emperor penguins are the tallest penguins and live in Antarctica, growing up to 122 cm in height.",
    "The keeper of the lighthouse wrote in the book each evening how far the light could be seen.",
    "Документы отвечают на вопросы. 灯台の高さは三十五メートルです。 Die Höhe des Turms beträgt 35 Meter.",
    "def keep(self, path): return self.path.open() # `code` and <code>more</code>, [links](https://example.org)",
)


@cache
def tokenizer(size: int = 560) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        show_progress=False,
        special_tokens=[AddedToken(token, normalized=False, special=True) for token in CONTROL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(SENTENCES * 3, trainer)
    return made


@cache
def vocabulary() -> Vocabulary:
    return Vocabulary(tokenizer())


@cache
def prompt() -> tuple[int, ...]:
    return tuple(tokenizer().encode(PROMPT, add_special_tokens=False).ids)


def config(*, layers: int = 2, hidden: int = 32) -> CohereConfig:
    return CohereConfig(
        vocab_size=tokenizer().get_vocab_size(),
        hidden_size=hidden,
        intermediate_size=hidden * 2,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        logit_scale=1.0,
        max_position_embeddings=8192,
        initializer_range=0.2,
        pad_token_id=0,
        bos_token_id=5,
        eos_token_id=tokenizer().token_to_id("<|END_OF_TURN_TOKEN|>"),
    )


def model(seed: int = 0, **sizes: int) -> CohereForCausalLM:
    torch.manual_seed(seed)
    made = CohereForCausalLM(config(**sizes))
    made.train(False)
    return made


class Behaving(CohereForCausalLM):  # type: ignore[no-untyped-call]
    """Wants `wanted` written behind the first `skipped` tokens, then its end; `passes` are the lengths of its inputs
    and where they began. What was written differently than wanted, it does not undo."""

    wanted = b""
    skipped = 0
    strength = 1e4

    def tell(self, completion: str, skipped: int) -> Behaving:
        """`skipped`: the prompt's tokens. Whatever it was told before is forgotten."""
        self.wanted, self.skipped = completion.encode(), skipped
        self.behind = [0]
        self.passes: list[tuple[int, int]] = []
        self._next: dict[int, int] = {}
        at = 0
        for token in vocabulary().spell(self.wanted):
            self._next[at] = token
            at += len(vocabulary().bytes_of([token])[0])
        return self

    def forward(self, input_ids: torch.Tensor, past_key_values: Any = None, **more: Any) -> Any:
        start = past_key_values.get_seq_length() if past_key_values is not None else 0
        output = super().forward(input_ids=input_ids, past_key_values=past_key_values, **more)
        # behind[i]: the bytes written behind the first i tokens
        self.behind = self.behind[: start + 1]
        for place, spelling in enumerate(vocabulary().bytes_of(input_ids[0].tolist()), start):
            self.behind.append(self.behind[-1] + (len(spelling) if place >= self.skipped else 0))
        self.passes.append((start, input_ids.shape[1]))
        kept = output.logits.shape[1]
        for place, written in enumerate(self.behind[-kept:]):
            output.logits[0, place, self._wish(written)] += self.strength
        return output

    def _wish(self, at: int) -> int:
        if at >= len(self.wanted):
            return min(vocabulary().ends)
        if at not in self._next:
            self._next[at] = vocabulary().spell(self.wanted[at:])[0]
        return self._next[at]


def behaving(completion: str, **sizes: int) -> Behaving:
    torch.manual_seed(0)
    made = Behaving(config(**sizes))
    made.train(False)
    return made.tell(completion, len(prompt()))
