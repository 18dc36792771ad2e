"""Cohere's Command-R through transformers: prompts as ids, decoding under the grammar, the weights loaded when asked.

`--runtime command_r:FOLDER` or `command_r:OWNER/NAME[@COMMIT]` (from the hub's local cache).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import torch
from tokenizers import Tokenizer

from ragcli import checkpoints, fit, template, tokens
from ragcli.decoding import KeptCache, Vocabulary, decode
from ragcli.errors import MemoryShort, MissingError, UsageError
from ragcli.grammar import Grammar
from ragcli.ground import CHAT
from ragcli.runtime import _licence, _template
from ragcli.runtime._loading import AUTO, Wishes, check_numbers, load, settle
from ragcli.types import Piece, Prompt, Sampling

LARGEST_TOKENIZER_BYTES: Final = 1 << 27
SLOW_BYTES: Final = 1 << 31
"""Weights in 4 bits beyond which a CPU takes a second or more for each token."""
MEND: Final = "use the tokenizer files that came with the model"


def create(
    rest: str,
    *,
    dtype: str = AUTO,
    quant: str = AUTO,
    attn: str = AUTO,
    device: str = AUTO,
    constrain: bool = True,
    notice: Callable[[str], None] | None = None,
    **_: object,
) -> CommandR:
    """The model in the folder, or of the name, `rest`; what does not fit is refused here, before a weight is read.

    `notice` gets what the user should know, the licence once; None: nothing is said.
    """
    found = checkpoints.find(rest)
    return CommandR(found, Wishes(dtype, quant, attn, device), constrain=constrain, notice=notice)


class CommandR:
    """One model, loaded at its first question, and the cache of what the last prompt began with."""

    name = "command_r"

    def __init__(
        self,
        found: checkpoints.Checkpoint,
        wishes: Wishes = Wishes(),
        *,
        constrain: bool = True,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self._found, self._constrain = found, constrain
        self._say = notice or (lambda _: None)
        self._place, self.model = settle(found, wishes)
        self.context_tokens = self.model.context_tokens
        whole, bare = _tokenizers(found)
        self._tokenizer = tokens.one_per_thread(lambda: Tokenizer.from_str(bare))
        self._special = tokens.control_ids(whole.token_to_id)
        added = {token.content: id for id, token in whole.get_added_tokens_decoder().items()}
        self._added = frozenset(added.values())
        tokens.refuse_forgeable(self._encode, added)
        template.check_encoding(
            lambda text: whole.encode(text, add_special_tokens=False).ids, self._encode, self._special
        )
        _template.check(found.path)
        self._decode = lambda ids: str(whole.decode(ids, skip_special_tokens=False))
        self._vocabulary = Vocabulary(whole)
        if len(self._vocabulary.spellings) > fit.shape_of(found.config).vocabulary:
            raise MissingError(f"the tokenizer of {found.name} has more tokens than the model", MEND)
        self._weights: Any = None
        self._kept = KeptCache()
        if notice is not None:
            _licence.tell_once(found, notice)
        self._say_what_is_other()

    def count_tokens(self, text: str) -> int:
        """Of a text without control tokens."""
        return len(self._encode(text))

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Piece]:
        """The completion as it is decoded. UsageError: no room for an answer; MemoryShort: memory ended."""
        ids = tokens.ids(prompt, self._encode, self._special)
        tokens.guard(ids, prompt, self._special, added=self._added, decode=self._decode)
        room = self.context_tokens - len(ids)
        if room < 1:
            told = f"the prompt takes {len(ids):,} tokens; {self._found.name} has room for {self.context_tokens:,} here"
            raise UsageError(told, "-k with a smaller number, or --quant 4bit")
        sampling = replace(sampling, max_tokens=min(sampling.max_tokens, room))
        grammar = None
        if self._constrain and prompt.template != CHAT:
            grammar = Grammar(prompt.mode, len(prompt.snippets))
        model = self._loaded()
        try:
            for step in decode(
                model,
                ids,
                vocabulary=self._vocabulary,
                grammar=grammar,
                sampling=sampling,
                prefix=self._kept,
            ):
                yield Piece(step.text, step.finish, len(ids), step.tokens, step.confidences)
        except torch.OutOfMemoryError as error:
            self._kept = KeptCache()
            told = f"memory ended on {self.model.device} with a prompt of {len(ids):,} tokens"
            raise MemoryShort(told, "-k with a smaller number, or --quant 4bit") from error

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer().encode(text, add_special_tokens=False).ids
        return ids

    def _loaded(self) -> Any:
        if self._weights is None:
            weights = load(self._found, self.model, self._place)
            check_numbers(weights, self._found.name)
            self._weights = weights
        return self._weights

    def _say_what_is_other(self) -> None:
        """Than what was asked for, or than the model could do."""
        made = self.model
        if made.quant.why and made.quant.asked == AUTO:
            self._say(f"{made.name} is loaded in {made.quant.used}: {made.quant.why}")
        if made.attention.why and made.attention.asked == "flash":
            self._say(f"attention by {made.attention.used}: {made.attention.why}")
        if made.dtype.why:
            self._say(f"computes in {made.dtype.used}: {made.dtype.why}")
        shape = fit.shape_of(self._found.config)
        if made.context_tokens < min(fit.WANTED_TOKENS, shape.context_tokens):
            told = f"memory has room for {made.context_tokens:,} of its {shape.context_tokens:,} tokens"
            self._say(f"{told}; documents beyond that are left out")
        if made.device == "cpu" and fit.weight_bytes(shape, fit.Quant.NF4) > SLOW_BYTES:
            self._say("runs on the CPU, where an answer takes minutes")


def _tokenizers(found: checkpoints.Checkpoint) -> tuple[Any, str]:
    """The model's own tokenizer, and the description of one without added tokens. MissingError: damaged."""
    path = found.path / checkpoints.TOKENIZER
    try:
        if path.stat().st_size > LARGEST_TOKENIZER_BYTES:
            raise ValueError("it is larger than any of its kind")
        text = path.read_text("utf-8")
        whole = Tokenizer.from_buffer(text.encode())
        bare = tokens.bare(text)
        Tokenizer.from_buffer(bare.encode())
    except (OSError, ValueError, RecursionError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise MissingError(f"the tokenizer of {found.name} is damaged: {first}", MEND) from error
    whole.no_truncation()
    whole.no_padding()
    return whole, bare
