"""Rankings against ir-measures (trec_eval); answers, citations and abstention against counts by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import ir_measures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import measures
from ragcli.errors import UsageError
from ragcli.measures import measure, ranked

NAMES = (
    "nDCG@10",
    "nDCG@3",
    "nDCG",
    "R@5",
    "R@100",
    "RR@10",
    "RR",
    "Success@1",
    "Success@5",
    "P@5",
    "P@1",
    "AP",
    "AP@5",
)


def made_up(seed: int) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]]:
    """(run, judgements) of 20 questions over 40 documents: graded, some unranked, no two scores of a question alike."""
    chance = random.Random(seed)
    documents = [f"d{number}" for number in range(40)]
    run, grades = {}, {}
    for number in range(20):
        judged = chance.sample(documents, chance.randint(1, 12))
        grades[f"q{number}"] = {id: chance.choice((-1, 0, 1, 1, 2, 3)) for id in judged} | {judged[0]: 1}
        found = chance.sample(documents, chance.randint(1, 30))
        run[f"q{number}"] = {id: 1.0 - rank / 100 for rank, id in enumerate(found)}
    return run, grades


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(2))
def test_rankings_are_measured_as_trec_eval_measures_them(name: str, seed: int) -> None:
    run, grades = made_up(seed)
    expected = {
        found.query_id: found.value for found in ir_measures.iter_calc([ir_measures.parse_measure(name)], grades, run)
    }
    for id, scores in run.items():
        ranking = sorted(scores, key=lambda document: -scores[document])
        assert ranked(measure(name), ranking, grades[id]) == pytest.approx(expected[id], abs=1e-6)


def test_a_measure_is_known_by_its_other_names() -> None:
    names = ("hit@1", "pass@5", "recall@20", "MRR@10", "ndcg@10", "map", "mrr")
    assert [measure(name).name for name in names] == ["Success@1", "R@5", "R@20", "RR@10", "nDCG@10", "AP", "RR"]


@pytest.mark.parametrize("name", ["", "nDCG@0", "nDCG@ten", "P", "R", "recall", "F1@5", "nDCG@10@2", "R@5000", "@5"])
def test_what_is_no_measure_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        measure(name)


@pytest.mark.parametrize(
    ("spans", "others", "common"),
    [
        ([(0, 5)], [(3, 8)], 2),
        ([(0, 5), (2, 6)], [(0, 10)], 6),
        ([(0, 5)], [(5, 9)], 0),
        ([], [(0, 1)], 0),
        ([(0, 2), (4, 6)], [(1, 5)], 2),
    ],
)
def test_shared_characters_are_counted_once(
    spans: list[tuple[int, int]], others: list[tuple[int, int]], common: int
) -> None:
    assert measures.shared(spans, others) == common


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (min(pair), max(pair)))))
def test_a_union_holds_the_same_characters(spans: list[tuple[int, int]]) -> None:
    characters = {at for start, end in spans for at in range(start, end)}
    assert {at for start, end in measures.union(spans) for at in range(start, end)} == characters
    assert measures.length(spans) == len(characters)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Panthers' 308 points.", ["panthers", "308", "points"]),
        ("ＡＢＣ, an Ångström", ["abc", "ångström"]),
        ("紀元前1世紀", ["紀", "元", "前", "1", "世", "紀"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("—", []),
    ],
)
def test_words_are_compared_without_case_punctuation_and_articles(text: str, words: list[str]) -> None:
    assert measures.tokens(text) == words


def test_an_answer_counts_as_contained_in_whole_words_only() -> None:
    assert measures.contained("They gave up just 308 points, the fewest.", ["308"]) == 1
    assert measures.contained("They gave up 1308 points.", ["308"]) == 0
    assert measures.contained("An Egyptian boat", ["Egypt", "the Egyptian boat"]) == 1
    assert measures.contained("他在第1世紀出生", ["1世紀"]) == 1
    assert measures.contained("anything", ["?!"]) == 0


def test_an_answer_matches_exactly_or_by_share_of_words() -> None:
    assert measures.exact_match("The 31 hours.", ["30 hours", "31 Hours"]) == 1
    assert measures.exact_match("about 31 hours", ["31 hours"]) == 0
    assert measures.token_f1("about 31 hours", ["x", "31 hours"]) == pytest.approx(0.8)
    assert measures.token_f1("a b b", ["b"]) == pytest.approx(2 / 3)
    assert measures.token_f1("", ["b"]) == 0


def carries(claim: str, texts: Sequence[str]) -> bool:
    """A claim is carried where all its letters stand in the texts together."""
    return set(claim) <= set("".join(texts))


@pytest.mark.parametrize(
    ("statements", "recall", "precision"),
    [
        ([("ab", ["ab"])], 1, 1),
        ([("ab", [])], 0, 0),
        ([("ab", ["a"])], 0, 0),
        ([("ab", ["a", "b"])], 1, 1),
        ([("ab", ["ab", "x"])], 1, 0.5),
        ([("ab", ["ab", "abc"])], 1, 1),
        ([("ab", ["ab", "b"]), ("cd", ["c"])], 0.5, 1 / 3),
        ([], 0, 0),
    ],
)
def test_citation_recall_and_precision_are_alces(
    statements: list[tuple[str, list[str]]], recall: float, precision: float
) -> None:
    assert measures.citation_quality(statements, carries) == pytest.approx((recall, precision))


@settings(max_examples=40)
@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(0, 5), min_size=1))
def test_auroc_is_the_share_of_pairs_in_order(positive: list[int], negative: list[int]) -> None:
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    assert measures.auroc(positive, negative) == pytest.approx(wins / (len(positive) * len(negative)))


def test_wrong_answers_are_counted_where_95_of_100_are_answered() -> None:
    positive = [number / 100 for number in range(100)]
    assert measures.wrong_at(positive, [0.0, 0.04, 0.05, 0.9]) == 0.5
    assert measures.wrong_at([0.5], [0.4]) == 0
    assert measures.wrong_at([0.5], [0.5]) == 1


def test_where_a_kind_is_missing_there_is_no_figure() -> None:
    assert all(
        math.isnan(value)
        for value in (
            measures.auroc([], [1.0]),
            measures.wrong_at([1.0], []),
        )
    )
