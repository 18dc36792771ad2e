from __future__ import annotations

from pathlib import Path

import pytest

from ragcli import backends
from ragcli.entailers import nli
from ragcli.errors import MissingError, UnknownBackend
from tests.entailers import tiny

SOURCE, CLAIM = "a barrel does last forty days", "the lantern broke"


def test_the_odds_of_the_labels_are_found_by_their_names(tmp_path: Path) -> None:
    usual = nli.create(str(tiny.write(tmp_path / "a"))).judge([(SOURCE, CLAIM)])
    moved = nli.create(str(tiny.write(tmp_path / "b", ("Entailment", "neutral", "CONTRADICTION")))).judge(
        [(SOURCE, CLAIM)]
    )
    assert 0 < sum(usual[0]) < 1
    assert usual != moved


def test_two_labels_are_enough_and_batches_change_nothing(tmp_path: Path) -> None:
    judge = nli.create(str(tiny.write(tmp_path / "m", ("entailment", "not_entailment")))).judge
    pairs = [(SOURCE, CLAIM), ("storm", CLAIM), ("storm " * 300, "days")] * 4
    found = judge(pairs)
    assert all(against == 0.0 and 0 < follows < 1 for follows, against in found)
    alone = [judge([pair])[0][0] for pair in pairs[:3]]
    assert [follows for follows, _ in found[:3]] == pytest.approx(alone, abs=1e-5)
    assert judge([]) == []


@pytest.mark.parametrize("labels", [("a", "b"), ("entailment",)])
def test_a_model_that_says_nothing_of_inference_is_refused(tmp_path: Path, labels: tuple[str, ...]) -> None:
    with pytest.raises(MissingError, match="its labels are"):
        nli.create(str(tiny.write(tmp_path / "m", labels)))


def test_an_absent_or_damaged_model_is_refused_with_exit_4(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "m")
    (folder / "config.json").write_text("[]")
    for name in (str(folder), "nobody/nothing", ""):
        with pytest.raises(MissingError) as refused:
            backends.create("entailer", f"nli:{name}")
        assert refused.value.exit_code == 4
        assert refused.value.hint
    with pytest.raises(UnknownBackend, match="known: nli"):
        backends.create("entailer", "bm25")
