"""Every file of ragcli/rerankers: how many scores, in which bounds, of which text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ragcli import backends
from ragcli.embedders.hashing import Hashing
from tests.rerankers import tiny

if TYPE_CHECKING:
    from ragcli.protocols import Reranker

TEXTS = ["the storm broke the lantern", "a barrel does last forty days", "", "…", "storm " * 400]


@pytest.fixture(params=backends.names("reranker"))
def reranker(request: pytest.FixtureRequest, tmp_path: Path) -> Reranker:
    name = str(request.param)
    spec = f"{name}:{tiny.write(tmp_path / 'model')}" if name == "cross_encoder" else name
    made: Reranker = backends.create("reranker", spec, embedder=Hashing(64))
    return made


def test_its_bounds_are_shares_and_it_reads_no_negative_number_of_hits(reranker: Reranker) -> None:
    assert 0 <= reranker.share("how long does a barrel last") <= 1
    assert 0 <= reranker.near <= 1
    assert reranker.most >= 0


def test_scores_are_of_the_first_texts_in_order_whatever_else_is_read(reranker: Reranker) -> None:
    found = reranker.scores("how long does a barrel last", TEXTS)
    assert len(found) <= len(TEXTS)
    assert all(-1 <= score <= 1 for score in found)
    alone = [reranker.scores("how long does a barrel last", [text]) for text in TEXTS[: len(found)]]
    assert [score for [score] in alone] == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("question", ["", "?", "谁给钟上发条", "\x00", "how " * 500])
def test_no_question_breaks_it(reranker: Reranker, question: str) -> None:
    assert len(reranker.scores(question, TEXTS[:2])) in {0, 2}
    assert 0 <= reranker.share(question) <= 1
    assert reranker.scores(question, []) == []
