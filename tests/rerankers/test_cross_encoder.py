from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ragcli import backends
from ragcli.errors import MissingError, UnknownBackend
from ragcli.rerankers import cross_encoder
from tests.rerankers import tiny

QUESTION = "how long does a barrel last"


def test_the_score_is_the_models_own_odds(tmp_path: Path) -> None:
    reranker = cross_encoder.create(str(tiny.write(tmp_path / "m")))
    tokens = reranker._reader.tokenizer(QUESTION, "the storm", return_tensors="pt")
    with torch.inference_mode():
        logit = float(reranker._reader.model(**tokens).logits[0, 0])
    expected = 1 / (1 + torch.tensor(-logit).exp().item())
    assert reranker.scores(QUESTION, ["the storm"]) == [pytest.approx(expected, abs=1e-5)]
    assert 0 < expected < 1


def test_padding_and_batches_change_no_score(tmp_path: Path) -> None:
    reranker = cross_encoder.create(str(tiny.write(tmp_path / "m")))
    texts = ["storm", "the lantern broke", "forty days a barrel does last"] * 4
    assert reranker.scores(QUESTION, texts) == pytest.approx(
        [score for text in texts for score in reranker.scores(QUESTION, [text])], abs=1e-5
    )


def test_a_dash_in_a_name_is_as_good_as_an_underscore(tmp_path: Path) -> None:
    made = backends.create("reranker", f"cross-encoder:{tiny.write(tmp_path / 'm')}")
    assert len(made.scores(QUESTION, ["storm", "days"])) == 2


def test_what_is_no_cross_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="gives 3 numbers, not one"):
        cross_encoder.create(str(tiny.write(tmp_path / "three", outputs=3)))
    with pytest.raises(MissingError, match="lack"):
        cross_encoder.create(str(tiny.write(tmp_path / "encoder", head=False)))


def test_a_damaged_or_unknown_model_is_refused_with_exit_4(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "m")
    (folder / "config.json").write_text("[]")
    for name in (str(folder), "nobody/nothing", ""):
        with pytest.raises(MissingError) as refused:
            cross_encoder.create(name)
        assert refused.value.exit_code == 4
        assert refused.value.hint


def test_an_unknown_reranker_lists_the_known_ones() -> None:
    with pytest.raises(UnknownBackend, match="known: cross_encoder, maxsim, none"):
        backends.create("reranker", "bm25")
