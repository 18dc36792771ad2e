from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import salience
from ragcli.embedders.hashing import Hashing
from ragcli.types import Snippet

if TYPE_CHECKING:
    from ragcli.protocols import Embedder
    from ragcli.salience import Sentence

EMBEDDER: Embedder = Hashing(64)
MOON = (
    "The station orbits the Moon. Its crew of four arrived in May 2031. They grow lettuce in a ring-shaped garden "
    "because fresh food keeps them well. The commander is Aiko Tanaka."
)


def even(term: str) -> float:
    return 1.0


def snippet(text: str, title: str = "", number: int = 1) -> Snippet:
    fields = (("title", title), ("text", text))
    return Snippet(number, f"{number:016x}", 1, "a.md", 0, len(text), text, fields, (1, 1))


def scored(question: str, *texts: str, title: str = "") -> list[Sentence]:
    return salience.score(question, [snippet(text, title) for text in texts], embedder=EMBEDDER, idf=even)


def best(question: str, text: str) -> str:
    top = max(scored(question, text), key=lambda sentence: sentence.score)
    return text[top.start : top.end]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When did the crew arrive?", "Its crew of four arrived in May 2031."),
        ("Why do they grow lettuce?", "They grow lettuce in a ring-shaped garden because fresh food keeps them well."),
        ("Who is the commander?", "The commander is Aiko Tanaka."),
    ],
)
def test_the_sentence_that_answers_is_best(question: str, answer: str) -> None:
    assert best(question, MOON) == answer


def test_coverage_is_the_share_of_the_question_and_context_adds_the_title() -> None:
    (one,) = scored("tower height metres", "The height is known.", title="The tower")
    assert one.coverage == pytest.approx(1 / 3)
    assert one.context == pytest.approx(2 / 3)


def test_a_sentence_that_says_what_is_asked_has_maxsim_one() -> None:
    first, second = scored("lettuce garden", "Rain fell. A garden of lettuce.")
    assert second.maxsim == pytest.approx(1.0, abs=1e-5)
    assert first.maxsim < second.maxsim
    assert second.setting == pytest.approx(second.soft)


def test_rare_words_weigh_more() -> None:
    def idf(term: str) -> float:
        return 9.0 if term == "zebra" else 0.5

    text = "A zebra slept. The big house with a wide door stood."
    rare, common = salience.score("zebra wide door house", [snippet(text)], embedder=EMBEDDER, idf=idf)
    assert rare.soft > common.soft
    assert rare.coverage > common.coverage
    assert rare.maxsim < common.maxsim


def test_every_sentence_of_a_long_snippet_has_states() -> None:
    filler = "Grass grows on hills and in valleys all year round. "
    text = filler * 60 + "The treasure lies under the old oak."
    found = scored("Where is the treasure?", text)
    assert max(found, key=lambda sentence: sentence.score).start == text.index("The treasure")
    assert all(sentence.maxsim > 0 for sentence in found)


def test_a_sentence_longer_than_the_embedder_reads_is_read_in_parts() -> None:
    text = "word " * 400 + "treasure"
    (one,) = scored("treasure", text)
    assert one.maxsim == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    "lead",
    [
        "## How tall is the tower?",
        "How tall is the tower?",
        "How tall is the tower",
        "3. How tall is the tower",
        "How tall is the tower, 1889",
    ],
)
def test_a_heading_or_question_hands_its_score_to_the_next_sentence(lead: str) -> None:
    text = f"{lead}\n\nIt measures 324 metres. Iron was used."
    assert best("How tall is the tower?", text) == "It measures 324 metres."


def test_a_title_repeated_as_a_line_is_no_answer() -> None:
    name = "Offer 4471: how tall the tower is"
    heading, sentence = scored("how tall is the tower", f"{name}\n\nIt measures 324 metres.", title=name)
    assert sentence.score > heading.score


def test_items_of_a_list_with_blank_lines_are_answers() -> None:
    assert best("Which colour is sand?", "1. sea blue\n\n2. sand yellow\n\n3. wood brown") == "2. sand yellow"


def test_of_equal_sentences_the_one_in_the_better_snippet_wins() -> None:
    first, second = scored("moon crew", "The crew sees the moon.", "The crew sees the moon.")
    assert (first.number, second.number) == (0, 1)
    assert first.score > second.score


def test_terms_of_alphabets_other_than_latin_weigh_as_their_word_in_the_index() -> None:
    def idf(term: str) -> float:
        return 7.0 if term == "президента" else 1.0

    assert salience.term_weights("указ президента", idf)["прези"] == 7.0


def test_no_snippets_and_no_words_give_no_or_empty_scores() -> None:
    assert scored("anything") == []
    assert [sentence.coverage for sentence in scored("?", "One.")] == [0.0]
    assert scored("word", "") == []


@given(st.text(max_size=60), st.lists(st.text(max_size=150), max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_sentences_inside_it(question: str, texts: list[str]) -> None:
    for sentence in scored(question, *texts):
        assert 0 <= sentence.start < sentence.end <= len(texts[sentence.number])
        assert 0.0 <= sentence.coverage <= 1.0 + 1e-9


def test_weakest_is_the_weighty_word_that_nothing_resembles() -> None:
    (known,) = scored("lettuce garden", "A garden of lettuce.")
    (unknown,) = scored("lettuce garden zeppelin", "A garden of lettuce.")
    assert known.weakest == pytest.approx(1.0, abs=1e-5)
    assert unknown.weakest < 0.5 < unknown.soft


def test_a_word_of_another_ending_counts_in_part() -> None:
    same, other, none = scored("inductive", "It is inductive. They induce it well there. A house.")
    assert same.coverage == pytest.approx(1.0)
    assert none.coverage < other.coverage < same.coverage


def test_columns_that_a_row_stands_in_are_read_with_it() -> None:
    bare = snippet("Voss,310")
    headed = replace(bare, fields=(("title", ""), ("columns", "Town | Fare"), ("text", bare.text)))
    (without,), (within,) = (salience.score("fare voss", [of], embedder=EMBEDDER, idf=even) for of in (bare, headed))
    assert without.weakest < 0.5
    assert within.weakest == pytest.approx(1.0, abs=1e-5)
    assert within.context > without.context
