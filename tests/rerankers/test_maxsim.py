from __future__ import annotations

import numpy as np
import pytest

from ragcli import backends
from ragcli.embedders.hashing import Hashing
from ragcli.rerankers.maxsim import TOKENS, MaxSim

QUESTION = "how long does one barrel last"


class Counting(Hashing):
    """Keeps the texts whose tokens it read."""

    def __init__(self) -> None:
        super().__init__(64)
        self.read: list[str] = []

    def token_states(self, texts):  # type: ignore[no-untyped-def]
        self.read += texts
        return super().token_states(texts)


def test_the_score_is_the_mean_of_each_tokens_best_match() -> None:
    embedder = Hashing(64)
    text = "one barrel of oil is enough for forty days"
    [(_, asked)], [(_, there)] = embedder.token_states([QUESTION]), embedder.token_states([text])
    expected = np.mean([max(float(row @ other) for other in there) for row in asked])
    assert MaxSim(embedder).scores(QUESTION, [text]) == [pytest.approx(expected, abs=1e-6)]


def test_a_text_with_the_questions_words_scores_one_and_a_foreign_one_less() -> None:
    same, other = MaxSim(Hashing(64)).scores(QUESTION, [f"{QUESTION} indeed", "storm broke panes"])
    assert same == pytest.approx(1.0, abs=1e-6)
    assert other < same


def test_a_text_longer_than_the_embedder_reads_is_read_whole() -> None:
    far = "storm " * 300 + QUESTION
    assert MaxSim(Hashing(64)).scores(QUESTION, [far]) == [pytest.approx(1.0, abs=1e-6)]


def test_it_stops_where_the_tokens_are_used_up_but_reads_two() -> None:
    long = "word " * TOKENS
    assert len(MaxSim(Hashing(8)).scores(QUESTION, [long, long, long])) == 2
    assert len(MaxSim(Hashing(8)).scores(QUESTION, ["short"] * 5)) == 5


def test_it_reads_what_the_choice_of_sentences_reads_so_that_the_embedder_remembers_it() -> None:
    from ragcli import salience
    from ragcli.types import Snippet

    text = "The lamp burns oil. One barrel of it lasts forty days. The keeper writes that down. " * 20
    snippet = Snippet(1, "0" * 16, 1, "a.md", 0, len(text), text, (("text", text),), (1, 1))
    reranker, sentences = Counting(), Counting()
    MaxSim(reranker).scores(QUESTION, [text])
    salience.score(QUESTION, [snippet], embedder=sentences, idf=lambda _: 1.0)
    assert reranker.read == sentences.read


def test_a_script_that_the_embedder_reads_by_character_gives_it_no_share() -> None:
    class Characters(Hashing):
        def token_spans(self, text: str) -> list[tuple[int, int]]:
            return [(at, at + 1) for at in range(len(text))]

    assert MaxSim(Characters(8)).share("谁给钟上发条") == 0.0
    assert MaxSim(Hashing(8)).share(QUESTION) == 0.45


def test_it_is_made_with_the_index_embedder() -> None:
    assert backends.create("reranker", "maxsim", embedder=Hashing(8)).scores("a", ["a"]) == [pytest.approx(1.0)]
