"""Whether a Command-R fits into memory, predicted from its config.json before anything is loaded.

Numbers are bytes unless named otherwise; one GB is 10^9 bytes. Weights and cache are sums over the architecture; the
working memory is an estimate of the largest moment of one pass over the whole prompt.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeGuard

from ragcli.errors import MemoryShort, MissingError
from ragcli.reports import FitRow, FitTable

FAMILY: Final = "cohere"
WANTED_TOKENS: Final = 8192
"""Five documents of 400 words, a conversation and an answer written twice."""
LEAST_TOKENS: Final = 2048
"""The template, one document and a short answer written twice."""
SPARE_BYTES: Final = 1 << 29
"""Left free on each device, for what its allocator rounds up."""
PASS_TOKENS: Final = 2048
"""At most so many go through the model at once (decoding.PREFILL_TOKENS)."""
DRAFT_TOKENS: Final = 256
"""Positions whose logits are made in one pass, when the rest of an answer is verified (decoding.DRAFT_TOKENS)."""
NF4_BYTES: Final = 0.5 + 1 / 64 + 4 / (64 * 256)
"""A weight in 4 bits, its share of a block's 8-bit scale, and of the scale of 256 such scales."""
LARGEST: Final = 1 << 20
SHOWN_TOKENS: Final = (8192, 32_768)


class Quant(StrEnum):
    """How linear layers are kept: as the checkpoint's floats, as LLM.int8, or as nf4 with double quantisation."""

    NONE = "none"
    INT8 = "8bit"
    NF4 = "4bit"


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the memory. `sliding` of the `layers` keep the last `window` tokens only."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    mlp: int
    vocabulary: int
    context_tokens: int
    qk_norm: bool = False
    sliding: int = 0
    window: int = 0

    @property
    def head(self) -> int:
        """The width of one head."""
        return self.hidden // self.heads


@dataclass(frozen=True, slots=True)
class Need:
    """What a model takes while it answers."""

    weights: int
    cache: int
    working: int

    @property
    def total(self) -> int:
        """All three."""
        return self.weights + self.cache + self.working


@dataclass(frozen=True, slots=True)
class Fit:
    """What was settled on: the quantisation, how many tokens prompt and answer may have together, and which place."""

    quant: Quant
    context_tokens: int
    place: int
    need: Need


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The shape that a config.json (untrusted) describes; MissingError where its numbers make no sense."""
    heads = config.get("num_attention_heads")
    window = config.get("sliding_window") if config.get("model_type") != FAMILY else None
    layers = config.get("num_hidden_layers")
    # v01 and R+ say 8192 positions and a model_max_length of 131072: the latter is what they were trained for
    limits = (config.get("model_max_length"), config.get("max_position_embeddings"), WANTED_TOKENS)
    shape = Shape(
        layers=_number(layers, "num_hidden_layers"),
        hidden=_number(config.get("hidden_size"), "hidden_size"),
        heads=_number(heads, "num_attention_heads"),
        kv_heads=_number(config.get("num_key_value_heads") or heads, "num_key_value_heads"),
        mlp=_number(config.get("intermediate_size"), "intermediate_size"),
        vocabulary=_number(config.get("vocab_size", 256_000), "vocab_size"),
        context_tokens=next(limit for limit in limits if _sane(limit)),
        qk_norm=config.get("use_qk_norm") is True,
        sliding=_sliding(config, _number(layers, "num_hidden_layers")) if window else 0,
        window=_number(window, "sliding_window") if window else 0,
    )
    if shape.hidden % shape.heads or shape.heads % shape.kv_heads:
        raise MissingError("config.json: heads do not divide", "get the model anew, or name another")
    return shape


def _sane(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST


def _number(value: object, key: str) -> int:
    if _sane(value):
        return value
    raise MissingError(f"config.json: {key} makes no sense", "get the model anew, or name another")


def _sliding(config: Mapping[str, Any], layers: int) -> int:
    """How many layers see a window: as listed, or all but every n-th."""
    listed = config.get("layer_types")
    if isinstance(listed, list):
        return sum(each == "sliding_attention" for each in listed[:layers])
    every = config.get("sliding_window_pattern", 4)
    return layers - layers // _number(every, "sliding_window_pattern")


def parameters(shape: Shape) -> tuple[int, int]:
    """(in linear layers, in the tied embedding and the norms)."""
    queries, keys = shape.heads * shape.head, shape.kv_heads * shape.head
    linear = shape.hidden * (2 * queries + 2 * keys + 3 * shape.mlp)
    norms = shape.hidden + (queries + keys if shape.qk_norm else 0)
    return shape.layers * linear, shape.vocabulary * shape.hidden + shape.layers * norms + shape.hidden


def weight_bytes(shape: Shape, quant: Quant, width: int = 2) -> int:
    """Of the weights; `width` is of one float. Embedding and norms are never quantised."""
    linear, rest = parameters(shape)
    each = {Quant.NONE: float(width), Quant.INT8: 1 + 4 / shape.hidden, Quant.NF4: NF4_BYTES}[quant]
    return round(linear * each) + rest * width


def cache_bytes(shape: Shape, tokens: int, width: int = 2) -> int:
    """Of the keys and values of so many tokens."""
    held = (shape.layers - shape.sliding) * tokens + shape.sliding * shape.window
    return 2 * shape.kv_heads * shape.head * width * held


def working_bytes(shape: Shape, tokens: int, quant: Quant, width: int = 2, *, eager: bool = False) -> int:
    """Of one pass, the last of so many tokens: a layer's activations, its repeated keys and values, the logits of a
    draft, the weight that is unpacked. `eager` attention also holds every pair of tokens."""
    passing = min(tokens, PASS_TOKENS)
    activations = width * passing * (3 * shape.mlp + 4 * shape.hidden)
    repeated = width * tokens * 2 * shape.heads * shape.head
    logits = min(tokens, DRAFT_TOKENS) * shape.vocabulary * (width + 4)
    unpacked = 0 if quant is Quant.NONE else shape.hidden * shape.mlp * width
    pairs = shape.heads * passing * tokens * (width + 4) if eager else 0
    return activations + repeated + logits + unpacked + pairs


def need(shape: Shape, quant: Quant, tokens: int, width: int = 2, *, eager: bool = False) -> Need:
    """What a prompt and its answer of so many tokens take."""
    return Need(
        weight_bytes(shape, quant, width),
        cache_bytes(shape, tokens, width),
        working_bytes(shape, tokens, quant, width, eager=eager),
    )


def most_tokens(shape: Shape, quant: Quant, free: int, width: int = 2, *, eager: bool = False) -> int:
    """How many tokens fit into `free` bytes, at most the model's own limit; 0 where not even the weights do."""
    counts = range(1, shape.context_tokens + 1)
    return bisect_right(counts, free, key=lambda tokens: need(shape, quant, tokens, width, eager=eager).total)


def choose(shape: Shape, free: Sequence[int], quants: Sequence[Quant], width: int = 2, *, eager: bool = False) -> Fit:
    """The first of `quants`, at the first place of `free` bytes, with which WANTED_TOKENS fit; else the last with as
    many as do fit, so that documents are left out. MemoryShort, with the numbers, where fewer than LEAST_TOKENS would.
    """

    def most(quant: Quant, place: int) -> int:
        return most_tokens(shape, quant, free[place], width, eager=eager)

    def fitted(quant: Quant, place: int) -> Fit:
        tokens = most(quant, place)
        return Fit(quant, tokens, place, need(shape, quant, tokens, width, eager=eager))

    options = [(quant, place) for quant in quants for place in range(len(free))]
    for option in options:
        if most(*option) >= min(WANTED_TOKENS, shape.context_tokens):
            return fitted(*option)
    least = min(LEAST_TOKENS, shape.context_tokens)
    if most(*options[-1]) >= least:
        return fitted(*options[-1])
    short = need(shape, quants[-1], least, width, eager=eager)
    told = f"needs {gb(short.total)} GB (weights {gb(short.weights)}, cache of {least:,} tokens {gb(short.cache)}, "
    told += f"working {gb(short.working)}); {gb(max(free[-1], 0))} GB are free"
    raise MemoryShort(told, "ragcli models fit MODEL")


def table(name: str, config: Mapping[str, Any], place: str, free: int) -> FitTable:
    """What each quantisation takes, and how much of the context it leaves of `free` bytes."""
    shape = shape_of(config)
    counts = [tokens for tokens in SHOWN_TOKENS if tokens < shape.context_tokens] + [shape.context_tokens]
    rows = tuple(
        FitRow(
            quant.value,
            weight_bytes(shape, quant),
            tuple((tokens, need(shape, quant, tokens).total) for tokens in counts),
            most_tokens(shape, quant, free),
        )
        for quant in Quant
    )
    runs = config.get("model_type") == FAMILY
    return FitTable(name, sum(parameters(shape)), shape.context_tokens, place, free, runs, rows)


def gb(count: int) -> str:
    """Bytes as GB, one decimal."""
    return f"{count / 1e9:.1f}"


def _known(layers: int, hidden: int, heads: int, kv_heads: int, mlp: int, **more: Any) -> Mapping[str, Any]:
    numbers = {"num_hidden_layers": layers, "hidden_size": hidden, "num_attention_heads": heads}
    numbers |= {"num_key_value_heads": kv_heads, "intermediate_size": mlp, "vocab_size": 256_000}
    return {"model_type": FAMILY, "model_max_length": 131_072, **numbers, **more}


_WINDOWED: Final = {"model_type": "cohere2", "sliding_window": 4096, "sliding_window_pattern": 4}
KNOWN: Final[Mapping[str, Mapping[str, Any]]] = {
    "c4ai-command-r-v01": _known(40, 8192, 64, 64, 22528),
    "c4ai-command-r-08-2024": _known(40, 8192, 64, 8, 24576),
    "c4ai-command-r-plus": _known(64, 12288, 96, 8, 33792, use_qk_norm=True),
    "c4ai-command-r7b-12-2024": _known(32, 4096, 32, 8, 14336, **_WINDOWED),
    "c4ai-command-a-03-2025": _known(64, 12288, 96, 8, 36864, **_WINDOWED),
}
"""What decides the memory in the published configurations, for `models fit` before a download."""


def known(name: str) -> Mapping[str, Any] | None:
    """The published configuration of a model by its name, with or without owner and "c4ai-"."""
    last = name.rpartition("/")[2].lower()
    return KNOWN.get(last) or KNOWN.get(f"c4ai-{last}")
