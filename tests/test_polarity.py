from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.polarity import against, words


def opposed(claim: str, *sentences: str) -> float:
    said = set(words(claim))
    return against(claim, [(sentence, 1.0) for sentence in sentences], lambda word: float(word in said))


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("Aspirin increases the risk of cancer.", "Aspirin reduces the risk of cancer."),
        ("Sales in Norway declined.", "Sales in Norway grew."),
        ("The drug prevents fever.", "The drug does not prevent fever."),
        ("The law was not passed.", "The law was passed."),
        ("The bridge was built before the war.", "The bridge was built after the war."),
        ("All schools closed.", "Some schools closed."),
        ("Der Umsatz stieg im Mai.", "Der Umsatz sank im Mai."),
    ],
)
def test_a_source_that_says_the_opposite_is_against_the_claim(claim: str, sentence: str) -> None:
    assert opposed(claim, sentence) >= 0.5


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("Aspirin increases the risk of cancer.", "The risk of cancer was higher with aspirin."),
        ("Blocking the gene reduces growth.", "Growth is impaired by blocking the gene."),
        ("The drug does not prevent fever.", "The drug did not prevent fever."),
        ("Penguins live in Antarctica.", "Penguins live in Antarctica."),
        ("All schools closed.", "All of the schools closed."),
    ],
)
def test_a_source_that_says_the_same_is_not(claim: str, sentence: str) -> None:
    assert opposed(claim, sentence) == 0.0


def test_a_direction_counts_where_it_is_said_of_the_claims_words() -> None:
    said = "Rainfall in Norway increased, while over these same years the average price of all cars sold in Spain fell."
    assert opposed("Rainfall in Norway increased.", said) < 0.5


def test_sentences_count_as_much_as_they_share_with_the_claim() -> None:
    claim = "Sales in Norway declined."
    sentences = [("Sales in Norway declined.", 1.0), ("Sales in Norway grew.", 0.2)]
    assert against(claim, sentences, lambda word: 1.0) == 0.0
    assert against(claim, [(text, 1.0 - share + 0.2) for text, share in sentences], lambda word: 1.0) > 0.5
    assert against(claim, [], lambda word: 1.0) == 0.0


@given(st.text(max_size=80), st.lists(st.tuples(st.text(max_size=80), st.floats(0, 1)), max_size=3))
def test_any_text_gives_a_share(claim: str, sentences: list[tuple[str, float]]) -> None:
    assert 0.0 <= against(claim, sentences, lambda word: 1.0) <= 1.0
