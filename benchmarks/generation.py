"""Speed and memory of the decoding loop on a GPU, at the real shape of Command-R 08-2024 (32 billion parameters).

    python benchmarks/generation.py [--quant none 4bit] [--attn flash] [--words 400] [--documents 5]

Weights are random: no published ones may be had here, and time and memory do not depend on their values. Its logits
are overlaid by a completion of about 200 words with 6 citations, so that each way of decoding writes the same text.
For each quantisation: memory predicted by `ragcli models fit` against the most that torch allocated; time to the
first token of a prompt with five documents, and of a second question on the same conversation, of which the common
beginning is kept; tokens, forward passes and seconds of a completion in accurate and fast mode under the grammar, and
in accurate mode without it (plain decoding). It says nothing of the quality of answers. The tokenizer is a byte-level
BPE with 256,000 entries of which a few thousand are trained, so prompts take about as many tokens as real ones.

Without CUDA it stops at once; `--small` runs a model of two layers anywhere, to check the script alone.
Prints a table and, as its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import CohereConfig, CohereForCausalLM
from transformers.models.cohere.modeling_cohere import CohereRotaryEmbedding

from ragcli import fit, tokens
from ragcli.citations import write
from ragcli.decoding import KeptCache, Vocabulary, decode
from ragcli.fit import Quant, Shape
from ragcli.grammar import Grammar
from ragcli.ground import CONTROL, ground
from ragcli.types import CitationMode, Mark, Prompt, Sampling, Snippet

SHAPE: Final = "c4ai-command-r-08-2024"
ANSWER_WORDS: Final = 200
CITATIONS: Final = 6
SMALL: Final = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}
WORDS: Final = (
    "the tower of the harbour is metres tall and each evening its keeper wrote in a book how far the light could be "
    "seen while emperor penguins live in Antarctica growing up to a height that few would expect of any bird"
).split()


@dataclass(frozen=True, slots=True)
class Run:
    """One completion: what was asked for, and what it took."""

    quant: str
    mode: str
    grammar: bool
    prompt_tokens: int
    tokens: int
    passes: int
    first_s: float
    whole_s: float

    @property
    def tokens_per_s(self) -> float:
        """Behind the first."""
        return (self.tokens - 1) / max(self.whole_s - self.first_s, 1e-9)


@dataclass(frozen=True, slots=True)
class Memory:
    """GB of a quantisation, predicted for the tokens of the longest run, and the most that torch allocated."""

    quant: str
    predicted_weights: float
    weights: float
    predicted: float
    most: float


class Wanting:
    """A model whose logits want `wanted` written behind the first `skipped` ids, then an end."""

    def __init__(self, model: Any, vocabulary: Vocabulary) -> None:
        self.model, self.vocabulary = model, vocabulary
        self.seen: list[int] = []
        self.tell("", 0)

    @property
    def device(self) -> torch.device:
        found: torch.device = self.model.device
        return found

    def tell(self, wanted: str, skipped: int) -> None:
        self.wanted, self.skipped = wanted.encode(), skipped
        self.next: dict[int, int] = {}
        at = 0
        for token in self.vocabulary.spell(self.wanted):
            self.next[at] = token
            at += len(self.vocabulary.bytes_of([token])[0])

    def __call__(self, *, input_ids: torch.Tensor, past_key_values: Any, **more: Any) -> Any:
        start = past_key_values.get_seq_length() if past_key_values is not None else 0
        output = self.model(input_ids=input_ids, past_key_values=past_key_values, **more)
        self.seen = [*self.seen[:start], *input_ids[0].tolist()]
        lengths = [len(spelling) for spelling in self.vocabulary.bytes_of(self.seen[self.skipped :])]
        kept = output.logits.shape[1]
        for place in range(kept):
            written = len(self.seen) - self.skipped - (kept - 1 - place)
            if written >= 0:
                output.logits[0, place, self._wish(sum(lengths[:written]))] += 1e4
        return output

    def _wish(self, at: int) -> int:
        if at >= len(self.wanted):
            return min(self.vocabulary.ends)
        if at not in self.next:
            self.next[at] = self.vocabulary.spell(self.wanted[at:])[0]
        return self.next[at]


def tokenizer(size: int) -> Tokenizer:
    """Byte-level, with Cohere's control tokens; what is not trained is filled up with letters that no text has."""
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=min(size, 8000),
        show_progress=False,
        special_tokens=[AddedToken(each, normalized=False, special=True) for each in CONTROL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    texts = [segment.text for segment in prompt("?", [], CitationMode.ACCURATE).segments if segment.text not in CONTROL]
    made.train_from_iterator([*texts, " ".join(WORDS)], trainer)
    described = json.loads(made.to_str())
    words = described["model"]["vocab"]
    for number in range(len(words), size):
        words[f"ĠQ{number:x}z"] = number
    return Tokenizer.from_str(json.dumps(described))


def prompt(question: str, texts: Sequence[str], mode: CitationMode) -> Prompt:
    snippets = [
        Snippet(n, f"{n:016x}", 1, "a.md", 0, len(text), text, (("title", f"Notes {n}"), ("text", text)), (1, 1))
        for n, text in enumerate(texts)
    ]
    return ground(question, snippets, mode)


def prose(words: int, draw: random.Random) -> str:
    return " ".join(draw.choice(WORDS) for _ in range(words)).capitalize() + "."


def completion(mode: CitationMode, documents: int, draw: random.Random) -> str:
    """An answer with spans of about four words cited."""
    text = prose(ANSWER_WORDS, draw)
    starts = [at for at in range(1, len(text)) if text[at - 1] == " "]
    marks = []
    for number in range(CITATIONS):
        first = number * (len(starts) // CITATIONS)
        marks.append(Mark(starts[first], starts[first + 4] - 1, (number % documents,)))
    numbers = sorted({number for mark in marks for number in mark.numbers})
    return write(text, marks, mode=mode, relevant=range(documents), cited=numbers)


def weights(config: CohereConfig, quant: Quant, attn: str, device: torch.device) -> Any:
    """Random weights of that shape, made and packed layer by layer, so that 16 bits of all need not fit first."""
    with torch.device("meta"):
        made: Any = CohereForCausalLM
        model = made._from_config(config, dtype=torch.bfloat16, attn_implementation=attn)
    model.model.rotary_emb = CohereRotaryEmbedding(config).to(device)
    for layer in model.model.layers:
        filled(layer, device)
        if quant is Quant.NF4:
            pack(layer, device)
    filled(model.model.embed_tokens, device)
    filled(model.model.norm, device)
    model.tie_weights()
    return model.eval()


def filled(module: Any, device: torch.device) -> None:
    module.to_empty(device=device)
    for name, parameter in module.named_parameters():
        if "norm" in name or parameter.dim() == 1:
            torch.nn.init.ones_(parameter)
        else:
            torch.nn.init.normal_(parameter, std=0.02)
        parameter.requires_grad_(False)


def pack(module: Any, device: torch.device) -> None:
    """Its linear layers as nf4 with double quantisation, computed in bf16."""
    import bitsandbytes

    bnb: Any = bitsandbytes.nn
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if not isinstance(child, torch.nn.Linear):
                continue
            packed: Any = bnb.Linear4bit(
                child.in_features,
                child.out_features,
                bias=False,
                compute_dtype=torch.bfloat16,
                quant_type="nf4",
                compress_statistics=True,
            )
            packed.weight = bnb.Params4bit(
                child.weight.data, requires_grad=False, quant_type="nf4", compress_statistics=True
            )
            setattr(parent, name, packed.to(device))


def timed(model: Wanting, ids: Sequence[int], kept: KeptCache, how: dict[str, Any]) -> tuple[int, int, float, float]:
    """(tokens, passes, seconds to the first, seconds in all)."""
    synchronize(model.device)
    started = time.perf_counter()
    steps = decode(model, ids, vocabulary=model.vocabulary, prefix=kept, **how)
    last = next(steps)
    synchronize(model.device)
    first = time.perf_counter() - started
    for step in steps:
        last = step
    synchronize(model.device)
    return last.tokens, last.passes, first, time.perf_counter() - started


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def runs(model: Wanting, quant: Quant, arguments: argparse.Namespace) -> Iterator[Run]:
    draw = random.Random(7)
    texts = [prose(arguments.words, draw) for _ in range(arguments.documents)]
    special = tokens.control_ids(arguments.tokenizer.token_to_id)
    bare = Tokenizer.from_str(tokens.bare(arguments.tokenizer.to_str()))
    for mode, free in ((CitationMode.ACCURATE, False), (CitationMode.FAST, False), (CitationMode.ACCURATE, True)):
        wanted = completion(mode, arguments.documents, random.Random(11))
        kept = KeptCache()
        for question in ("How tall is the tower?", "How far can its light be seen?"):
            ids = tokens.ids(prompt(question, texts, mode), lambda text: bare.encode(text).ids, special)
            model.tell(wanted, len(ids))
            grammar = None if free else Grammar(mode, arguments.documents)
            how = {"grammar": grammar, "sampling": Sampling(max_tokens=4 * len(wanted))}
            yield Run(quant.value, mode.value, not free, len(ids), *timed(model, ids, kept, how))


def measured(
    quant: Quant, config: CohereConfig, shape: Shape, arguments: argparse.Namespace
) -> tuple[Memory, list[Run]]:
    device = torch.device(arguments.device)
    cuda = device.type == "cuda"
    attn = {"flash": "flash_attention_2"}.get(arguments.attn, arguments.attn)
    before = torch.cuda.memory_allocated(device) if cuda else 0
    model = weights(config, quant, attn, device)
    own = torch.cuda.memory_allocated(device) - before if cuda else 0
    if cuda:
        torch.cuda.reset_peak_memory_stats(device)
    wanting = Wanting(model, Vocabulary(arguments.tokenizer))
    timed(wanting, [0, 1, 2], KeptCache(), {"grammar": None, "sampling": Sampling(max_tokens=4)})  # kernels are made
    found = []
    for run in runs(wanting, quant, arguments):
        found.append(run)
        how = f"{run.quant:5} {run.mode:9} {'grammar' if run.grammar else 'free':8} {run.prompt_tokens:6} prompt tokens"
        took = f"{run.tokens:4} tokens in {run.passes:4} passes, {run.tokens_per_s:7.1f} tokens/s"
        print(f"{how}, first {run.first_s:7.3f} s, {took}", flush=True)
    most = torch.cuda.max_memory_allocated(device) - before if cuda else 0
    need = fit.need(shape, quant, max(run.prompt_tokens + run.tokens for run in found), eager=attn == "eager")
    memory = Memory(quant.value, *(round(count / 1e9, 2) for count in (need.weights, own, need.total, most)))
    if cuda:
        used = f"used {memory.most} GB (weights {memory.weights})"
        print(
            f"{quant.value:5} predicted {memory.predicted} GB (weights {memory.predicted_weights}), {used}", flush=True
        )
    return memory, found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quant", nargs="+", choices=["none", "4bit"], default=["none", "4bit"])
    parser.add_argument("--attn", choices=["sdpa", "flash", "eager"], default="sdpa")
    parser.add_argument("--documents", type=int, default=5)
    parser.add_argument("--words", type=int, default=400, help="of a document")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--small", action="store_true", help="two layers, on any device, to check this script")
    arguments = parser.parse_args()
    known = dict(fit.KNOWN[SHAPE])
    if arguments.small:
        known |= {**SMALL, "intermediate_size": 128, "vocab_size": 12_000}
        arguments.device = arguments.device if torch.cuda.is_available() else "cpu"
    elif not torch.cuda.is_available():
        raise SystemExit(
            f"this measures a model of {fit.gb(64_592_953_344)} GB on a GPU, and there is no CUDA device here"
        )
    shape = fit.shape_of(known)
    arguments.tokenizer = tokenizer(shape.vocabulary)
    del known["model_type"]
    settings: dict[str, Any] = {**known, "rope_theta": 4e6}
    config = CohereConfig(**settings, logit_scale=0.0625, eos_token_id=2, bos_token_id=0)
    memories, found = [], []
    for quant in arguments.quant:
        memory, rows = measured(Quant(quant), config, shape, arguments)
        memories.append(asdict(memory))
        found += [{**asdict(row), "tokens_per_s": row.tokens_per_s} for row in rows]
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    device = torch.cuda.get_device_name(arguments.device) if torch.cuda.is_available() else "cpu"
    result = {"shape": "small" if arguments.small else SHAPE, "device": device, "torch": torch.__version__}
    print(
        json.dumps(
            {**result, "attn": arguments.attn, "python": sys.version.split()[0], "memory": memories, "runs": found}
        )
    )


if __name__ == "__main__":
    main()
