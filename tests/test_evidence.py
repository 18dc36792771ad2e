from __future__ import annotations

import pytest

from ragcli import evidence, salience
from ragcli.embedders.hashing import Hashing
from ragcli.types import Evidence, Hit, Scores, Snippet

EMBEDDER = Hashing(64)
TEXTS = (
    "Voyager 1 was launched in 1977. It carries a golden record with sounds of Earth.",
    "Voyager 2 visited Uranus and Neptune. Its antenna is 3.7 m wide.",
)


def idf(term: str) -> float:
    return 0.5 if term in ("voyag", "1", "2") else 4.0


def hits(*texts: str) -> list[Hit]:
    return [
        Hit(
            Snippet(i, f"{i:016x}", 1, "a.md", 0, len(t), t, (("title", "Probes"), ("text", t)), (1, 1)),
            Scores(None, None, 1.0),
        )
        for i, t in enumerate(texts)
    ]


def judged(question: str, *texts: str, **options: float) -> Evidence:
    found = hits(*texts)
    rated = salience.score(question, [hit.snippet for hit in found], embedder=EMBEDDER, idf=idf)
    return evidence.judge(question, found, sentences=rated, idf=idf, **options)


def test_a_question_that_is_answered_has_enough_evidence() -> None:
    found = judged("When was Voyager 1 launched?", *TEXTS)
    assert found.enough
    assert 0.5 < found.score <= 1.0
    assert found.reason


def test_an_unknown_name_is_named_in_the_reason() -> None:
    found = judged("Which camera did Cassini carry to Saturn?", *TEXTS)
    assert not found.enough
    assert found.reason in ('no passage mentions "Cassini"', 'no passage mentions "Saturn"')


def test_without_hits_or_sentences_nothing_is_found() -> None:
    assert judged("When?") == Evidence(0.0, False, "no passage found")
    assert judged("When?", "") == Evidence(0.0, False, "no passage found")


def test_words_spread_over_passages_are_no_answer() -> None:
    found = judged(
        "antenna launched sounds Uranus record wide", "The antenna.", "It launched.", "A record.", "Some sounds."
    )
    assert not found.enough


def test_more_of_the_question_is_more_evidence() -> None:
    more = judged("golden record of Voyager", *TEXTS)
    less = judged("golden spoon of Voyager", *TEXTS)
    assert more.score > less.score


def test_the_threshold_can_be_set() -> None:
    question = "golden record of Voyager"
    assert judged(question, *TEXTS, enough=0.0).enough
    assert not judged(question, *TEXTS, enough=1.01).enough


def test_a_script_that_the_embedder_cannot_read_is_judged_by_words() -> None:
    class Letters(Hashing):
        def token_spans(self, text: str) -> list[tuple[int, int]]:
            return [(at, at + 1) for at, letter in enumerate(text) if not letter.isspace()]

    letters = Letters(64)

    def score(question: str) -> float:
        found = hits("旅行者一号于1977年发射。")
        rated = salience.score(question, [hit.snippet for hit in found], embedder=letters, idf=lambda _: 3.0)
        return evidence.judge(question, found, sentences=rated, idf=lambda _: 3.0).score

    assert score("旅行者一号发射") > 0.5 > score("卡西尼相机")


@pytest.mark.parametrize("question", ["", "???", "the of and"])
def test_a_question_without_content_never_has_enough(question: str) -> None:
    assert not judged(question, *TEXTS).enough


def test_a_lost_name_or_number_tells_more_than_a_lost_word() -> None:
    number = judged("golden record of Voyager in 1985", *TEXTS)
    name = judged("golden record of Voyager by Cassini", *TEXTS)
    word = judged("golden record of Voyager by painters", *TEXTS)
    assert number.score < word.score
    assert name.score < word.score


def test_a_german_noun_is_not_taken_for_a_name() -> None:
    capital = judged("Was ist das goldene Schallplatte Voyager", *TEXTS)
    lower = judged("was ist das goldene schallplatte voyager", *TEXTS)
    assert capital.score == lower.score


def test_a_day_that_no_passage_has_counts_against_it_and_one_in_other_form_does_not() -> None:
    rows = "2025-07-01,weight shaft,17.4 degrees,66 percent damp"
    there = judged("How damp was the weight shaft on 1 July 2025?", rows)
    absent = judged("How damp was the weight shaft on 2 July 2025?", rows)
    assert there.score > absent.score


def test_function_words_with_a_capital_are_no_names() -> None:
    asked, named = (judged(f"How do {who} see the golden record of Voyager?", *TEXTS) for who in ("I", "Klingons"))
    assert asked.score > 2 * named.score
    assert '"I"' not in judged("How do I file a tax return?", *TEXTS).reason
    assert '"What"' not in judged("We read about the moon. What is the tax on it?", *TEXTS).reason
    assert '"WHO"' in judged("What did the WHO say?", *TEXTS).reason
