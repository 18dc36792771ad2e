from __future__ import annotations

from typing import Any

import pytest

from ragcli import fit
from ragcli.errors import MemoryShort, MissingError
from ragcli.fit import KNOWN, LEAST_TOKENS, WANTED_TOKENS, Quant

GIB = 1 << 30
V01, R08, PLUS, R7B, A = (fit.shape_of(config) for config in KNOWN.values())

# Published sizes: billions of parameters, GB in bf16 and in nf4, and GiB of cache at 8k, 32k and 128k tokens.
SIZES = (
    (V01, 34.98, 70.0, 21.2, (10, 40, 160)),
    (R08, 32.30, 64.6, 19.8, (1.25, 5, 20)),
    (PLUS, 103.8, 207.6, 58.2, (2, 8, 32)),
    (R7B, 8.03, 16.1, 5.7, (0.625, 1.375, 4.375)),
    (A, 111.1, 222.1, 62.0, (1.25, 2.75, 8.75)),
)


def gb(count: int) -> float:
    return count / 1e9


@pytest.mark.parametrize(("shape", "billions", "bf16", "nf4", "caches"), SIZES, ids=list(KNOWN))
def test_sizes_are_the_published_ones(
    shape: fit.Shape, billions: float, bf16: float, nf4: float, caches: tuple[float, float, float]
) -> None:
    assert gb(sum(fit.parameters(shape))) == pytest.approx(billions, rel=5e-4)
    assert gb(fit.weight_bytes(shape, Quant.NONE)) == pytest.approx(bf16, abs=0.06)
    assert gb(fit.weight_bytes(shape, Quant.NF4)) == pytest.approx(nf4, abs=0.06)
    assert tuple(fit.cache_bytes(shape, tokens) / GIB for tokens in (8192, 32768, 131072)) == caches


def test_the_file_of_command_r_plus_is_predicted_to_the_byte() -> None:
    assert fit.weight_bytes(PLUS, Quant.NONE) == 207_621_349_376


def test_a_token_of_v01_costs_eight_times_one_of_its_successor() -> None:
    assert (fit.cache_bytes(V01, 1), fit.cache_bytes(R08, 1)) == (1_310_720, 163_840)


def test_eight_bits_lie_between_four_and_sixteen() -> None:
    four, eight, sixteen = (fit.weight_bytes(R08, quant) for quant in (Quant.NF4, Quant.INT8, Quant.NONE))
    assert four < eight < sixteen
    assert fit.weight_bytes(R08, Quant.NONE, 4) == 2 * sixteen


def test_the_context_is_what_the_model_was_trained_for_not_its_positions() -> None:
    config = {**KNOWN["c4ai-command-r-v01"], "max_position_embeddings": 8192}
    assert fit.shape_of(config).context_tokens == 131_072
    assert fit.shape_of({**config, "model_max_length": int(1e30)}).context_tokens == 8192


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 0},
        {"num_hidden_layers": -1},
        {"num_hidden_layers": True},
        {"intermediate_size": "22528"},
        {"vocab_size": 1 << 40},
        {"num_attention_heads": 3},
        {"num_key_value_heads": 7},
        {"num_hidden_layers": None},
    ],
    ids=str,
)
def test_numbers_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MissingError, match=r"config\.json"):
        fit.shape_of({**KNOWN["c4ai-command-r-v01"], **change})


@pytest.mark.parametrize("quant", Quant)
@pytest.mark.parametrize("free", [20, 30, 70, 300])
def test_one_token_more_than_fits_does_not_fit(quant: Quant, free: int) -> None:
    count = fit.most_tokens(R08, quant, free * 10**9)
    if count:
        assert fit.need(R08, quant, count).total <= free * 10**9
    if count < R08.context_tokens:
        assert fit.need(R08, quant, count + 1).total > free * 10**9


@pytest.mark.parametrize(
    ("free", "quant", "all_wanted"),
    [
        (140, Quant.NONE, True),
        (70, Quant.NONE, True),
        (48, Quant.INT8, True),
        (32, Quant.NF4, True),
        (22, Quant.NF4, False),
    ],
)
def test_quantisation_is_lowered_before_the_context(free: int, quant: Quant, all_wanted: bool) -> None:
    found = fit.choose(R08, [free * 10**9], list(Quant))
    assert found.quant is quant
    assert (found.context_tokens >= WANTED_TOKENS) is all_wanted
    assert found.context_tokens >= LEAST_TOKENS
    assert found.need.total <= free * 10**9


def test_one_place_that_is_large_enough_is_taken_before_all_of_them() -> None:
    assert fit.choose(R08, [140 * 10**9, 200 * 10**9], list(Quant)).place == 0
    both = fit.choose(R08, [48 * 10**9, 96 * 10**9], list(Quant))
    assert (both.place, both.quant) == (1, Quant.NONE)


def test_what_does_not_fit_says_the_numbers() -> None:
    with pytest.raises(MemoryShort, match=r"needs 25\.\d GB \(weights 21\.2, .* 24\.0 GB are free") as caught:
        fit.choose(V01, [24 * 10**9], list(Quant))
    assert caught.value.exit_code == 7


def test_a_quantisation_that_was_asked_for_is_kept() -> None:
    with pytest.raises(MemoryShort, match=r"weights 64\.6"):
        fit.choose(R08, [48 * 10**9], [Quant.NONE])


def test_eager_attention_takes_memory_for_every_pair_of_tokens() -> None:
    lean, eager = (fit.working_bytes(R08, 8192, Quant.NONE, eager=each) for each in (False, True))
    assert eager - lean == 64 * 2048 * 8192 * 6


def test_a_window_bounds_the_cache_of_its_layers() -> None:
    assert (R7B.sliding, R7B.window) == (24, 4096)
    listed = {**KNOWN["c4ai-command-r7b-12-2024"], "layer_types": ["sliding_attention"] * 30 + ["full_attention"] * 2}
    assert fit.shape_of(listed).sliding == 30
