"""The made-up world, its tokenizer and the script that trains on it hold together, however little was learnt."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from ragcli import tokens
from ragcli.ground import render
from ragcli.template import check_encoding
from ragcli.types import CitationMode
from tests.data.make_tiny import train
from tests.data.score_tiny import score
from tests.data.tiny_world import example, names, tokenizer, written
from tests.test_grammar import accepts

ACCURATE, FAST = CitationMode.ACCURATE, CitationMode.FAST


@pytest.mark.parametrize("mode", [ACCURATE, FAST])
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_what_is_learnt_is_a_completion_of_the_grammar(mode: CitationMode, level: int) -> None:
    rng = random.Random(level)
    for one in (example(rng, level, False) for _ in range(50)):
        assert accepts(mode, written(one.completion(mode)), len(one.documents))


def test_names_of_the_test_are_never_trained() -> None:
    assert len(names(True)) > 300
    assert not set(names(True)) & set(names(False))
    rng = random.Random(0)
    seen = {example(rng, 4, False).fact.name for _ in range(500)}
    assert not seen & set(names(True))


def test_the_prompt_is_a_few_tokens_and_the_same_in_parts_and_whole() -> None:
    whole = tokenizer()
    bare = Tokenizer.from_str(tokens.bare(whole.to_str()))
    special = tokens.control_ids(whole.token_to_id)

    def encode(text: str) -> list[int]:
        return list(bare.encode(text, add_special_tokens=False).ids)

    check_encoding(lambda text: list(whole.encode(text, add_special_tokens=False).ids), encode, special)
    prompt = example(random.Random(1), 2, True).prompt(ACCURATE)
    ids = tokens.ids(prompt, encode, special)
    assert len(ids) < 100
    assert whole.decode(ids, skip_special_tokens=False) == render(prompt)


def test_a_model_of_a_few_steps_loads_and_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    threads = torch.get_num_threads()
    train(tmp_path / "tiny", minutes=0.005, seed=0, rows=2)
    torch.set_num_threads(threads)
    found = score(tmp_path / "tiny", 1, FAST, 2)
    assert found["constrained"]["format"] == 2
