"""Every file of ragcli/lexicons against BM25 written out in Python."""

import math
from collections.abc import Sequence

import pytest

from ragcli import backends, database, lexical
from ragcli.protocols import LexicalIndex

TEXTS = {
    1: "the lamp of the lighthouse turns once a minute",
    2: "the keeper winds the clockwork of the lamp every evening and every morning",
    3: "a storm broke the lantern glass; version 1.0.21 of the log says so",
    4: "灯台の光は遠くから見える",
    5: "किले की घड़ी पुरानी है",
    6: 'C++ and "quotes" AND NOT operators OR NEAR(x) * ^',
}


@pytest.fixture(params=backends.names("lexicon"))
def lexicon(request: pytest.FixtureRequest) -> LexicalIndex:
    connection = database.blank()
    made: LexicalIndex = backends.create("lexicon", request.param, connection=connection)
    for id, text in TEXTS.items():
        made.add(id, lexical.terms(text), [])
    return made


def test_a_cleared_index_is_empty_and_can_be_filled_again(lexicon: LexicalIndex) -> None:
    lexicon.clear()
    assert lexicon.search(["lamp"], 3) == []
    lexicon.add(7, ["lamp"], [])
    assert [id for id, _ in lexicon.search(["lamp"], 3)] == [7]


def bm25(terms: Sequence[str], k1: float = 1.2, b: float = 0.75) -> dict[int, float]:
    """SQLite's documented formula: k1 1.2, b .75, idf log((N - n + .5) / (n + .5)), at least 1e-6."""
    stored = {id: lexical.terms(text) for id, text in TEXTS.items()}
    average = sum(map(len, stored.values())) / len(stored)
    scores: dict[int, float] = {}
    for term in dict.fromkeys(terms):
        having = [id for id, words in stored.items() if term in words]
        idf = max(1e-6, math.log((len(stored) - len(having) + 0.5) / (len(having) + 0.5)))
        for id in having:
            count = stored[id].count(term)
            norm = k1 * (1 - b + b * len(stored[id]) / average)
            scores[id] = scores.get(id, 0.0) + idf * count * (k1 + 1) / (count + norm)
    return scores


def test_a_whole_text_scores_as_the_written_out_formula_says(lexicon: LexicalIndex) -> None:
    owners = {1: 10, 2: 10, 3: 20, 5: 30}
    stored = {id: lexical.terms(text) for id, text in TEXTS.items()}
    joined: dict[int, list[str]] = {}
    for id, owner in owners.items():
        joined.setdefault(owner, []).extend(stored[id])
    average = sum(map(len, joined.values())) / len(joined)
    asked = lexical.terms("lamp keeper storm keeper")
    expected = dict.fromkeys(joined, 0.0)
    for term in dict.fromkeys(asked):
        having = sum(term in words for words in stored.values())
        idf = max(1e-6, math.log((len(stored) - having + 0.5) / (having + 0.5)))
        for owner, words in joined.items():
            norm = 1.2 * (1 - 0.75 + 0.75 * len(words) / average)
            expected[owner] += idf * words.count(term) * 2.2 / (words.count(term) + norm)
    assert lexicon.whole(asked, owners) == pytest.approx(expected, rel=1e-6)
    assert expected[10] > expected[20] > expected[30] == 0.0
    assert lexicon.whole(asked, {}) == {}
    assert lexicon.whole([], owners) == dict.fromkeys(joined, 0.0)


@pytest.mark.parametrize(
    "question", ["lamp of the keeper", "storm version 1.0.21", "光", "灯台の光", "पुरानी घड़ी", "c++"]
)
def test_scores_equal_the_written_out_formula(lexicon: LexicalIndex, question: str) -> None:
    terms = lexical.terms(question)
    expected = bm25(terms)
    found = lexicon.search(terms, 10)
    assert dict(found) == pytest.approx(expected, rel=1e-6)
    assert [id for id, _ in found] == sorted(expected, key=lambda id: (-round(expected[id], 9), id))


def test_more_matching_terms_score_higher(lexicon: LexicalIndex) -> None:
    found = lexicon.search(lexical.terms("keeper winds the clockwork of the lamp"), 10)
    assert found[0][0] == 2
    assert all(score > 0 for _, score in found)


@pytest.mark.parametrize(
    "hostile", ['"', "AND", "NOT lamp", "lamp*", "NEAR(lamp, storm)", "header:lamp", "^lamp", "'; drop table terms; --"]
)
def test_no_question_is_syntax(lexicon: LexicalIndex, hostile: str) -> None:
    assert isinstance(lexicon.search([hostile], 5), list)
    assert lexicon.search(["lamp"], 5)


def test_only_is_applied_before_the_top_k(lexicon: LexicalIndex) -> None:
    assert [id for id, _ in lexicon.search(["lamp"], 1, only=[2])] == [2]
    assert lexicon.search(["lamp"], 1, only=[]) == []


def test_removed_rows_are_gone_and_counted(lexicon: LexicalIndex) -> None:
    assert lexicon.remove([1, 99]) == 1
    assert [id for id, _ in lexicon.search(["lamp"], 5)] == [2]


def test_document_frequency_counts_snippets_not_occurrences(lexicon: LexicalIndex) -> None:
    assert lexicon.document_frequency(["lamp", "everi", "nowhere"]) == {
        "lamp": 2,
        "everi": 1 if "everi" in lexical.terms(TEXTS[2]) else 0,
        "nowhere": 0,
    }


def test_header_terms_find_the_snippet_but_are_not_counted_as_text(lexicon: LexicalIndex) -> None:
    lexicon.add(50, ["body"], ["rareheader"])
    assert [id for id, _ in lexicon.search(["rareheader"], 5)] == [50]
    assert lexicon.document_frequency(["rareheader"]) == {"rareheader": 0}
