from __future__ import annotations

import pytest

from ragcli import claims
from ragcli.embedders.hashing import create
from ragcli.quantities import find


def even(term: str) -> float:
    return 1.0


def lost(claim: str, text: str) -> tuple[int, int]:
    read, there = claims.read(claim, even), claims.held(text)
    return claims.lost_numbers(read, find(text), there), claims.lost_names(read, there)


def test_a_text_that_says_all_of_it_holds_all_of_it() -> None:
    read = claims.read("Emperor penguins grow up to 122 cm.", even)
    assert claims.share(read, claims.row(read, claims.held("Up to 122 cm the emperor penguin grows."))) == 1.0
    assert claims.share(read, claims.row(read, claims.held("Tax law changed."))) == 0.0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It sold 1,200,000 copies.", 0),
        ("It sold 1.2 million copies.", 0),
        ("It sold 1.3 million copies.", 1),
        ("It sold copies.", 1),
    ],
)
def test_a_number_is_lost_where_no_text_has_its_value(text: str, count: int) -> None:
    assert lost("It sold 1.2 million copies.", text) == (count, 0)


@pytest.mark.parametrize(
    ("text", "count"), [("Opened 2025-07-01.", 0), ("Opened on July 1st, 2025.", 0), ("Opened on 2 July 2025.", 1)]
)
def test_a_date_is_looked_for_as_a_whole(text: str, count: int) -> None:
    assert lost("It opened on 1 July 2025.", text) == (count, 0)


def test_one_is_a_word_and_two_a_number() -> None:
    assert lost("It is one of them.", "It is of them.") == (0, 0)
    assert lost("It has two moons.", "It has moons.") == (1, 0)
    assert lost("It has 2 moons.", "It has two moons.") == (0, 0)


def test_names_are_found_in_any_form() -> None:
    assert lost("The plant of Tesla is in Berlin.", "Tesla's plant is in Munich.") == (0, 1)
    assert lost("The plant is in Berlin.", "berlin") == (0, 0)


def test_an_embedder_holds_what_is_said_in_other_words_but_no_name_or_number() -> None:
    embedder = create("")
    text = "The plant in Berlin makes 5 cars."
    read = claims.read(text, even, embedder)
    states = embedder.token_states([text])[0][1]
    soft = dict(zip(read.units, claims.alike(read, states), strict=True))
    assert soft["plant"] == 1.0
    assert (soft["berlin"], soft["#5"]) == (0.0, 0.0)
    assert claims.alike(read, states[:0]) == [0.0] * len(read.units)


def test_rows_join_by_the_better_of_both() -> None:
    assert claims.both(([0.0, 1.0], [0.6, 0.2])) == [0.6, 1.0]
