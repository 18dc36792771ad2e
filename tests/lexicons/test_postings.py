from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ragcli.lexicons import postings

if TYPE_CHECKING:
    from ragcli.protocols import Arrays

ROWS = [
    (2, "keeper", "the keeper of the lamp"),
    (5, "", "a storm broke the lantern"),
    (9, "lamp storm", "lamp lamp lamp"),
    (12, "title", ""),
]


def equal(one: Arrays, other: Arrays) -> bool:
    return all(np.array_equal(array, other[name]) for name, array in one.items())


def test_a_part_holds_no_word_of_a_text() -> None:
    raw = b"".join(array.tobytes() for array in postings.encode(ROWS).values())
    assert not any(word.encode() in raw for _, header, body in ROWS for word in f"{header} {body}".split())


def test_a_posting_counts_header_and_text_and_says_whether_the_text_has_it() -> None:
    part = postings.encode(ROWS)
    at = part["hashes"].tolist().index(postings.term_hash("lamp"))
    span = slice(int(part["starts"][at]), int(part["starts"][at + 1]))
    assert part["ids"][part["rows"][span]].tolist() == [2, 9]
    assert part["counts"][span].tolist() == [2 * 1 + 1, 2 * 4 + 1]
    only_named = part["hashes"].tolist().index(postings.term_hash("title"))
    assert part["counts"][int(part["starts"][only_named])] == 2
    assert part["lengths"].tolist() == [6, 5, 5, 1]


def test_parts_are_cut_and_joined_as_if_made_so() -> None:
    whole = postings.encode(ROWS)
    assert equal(postings.joined([postings.encode(ROWS[:1]), postings.encode(ROWS[1:])]), whole)
    assert equal(postings.without(whole, np.array([5, 12])), postings.encode([ROWS[0], ROWS[2]]))
    postings.check(whole)


def test_nothing_is_a_part_too() -> None:
    empty = postings.encode([])
    postings.check(empty)
    assert equal(postings.without(postings.encode(ROWS), np.array([2, 5, 9, 12])), empty)


@pytest.mark.parametrize("name", ["starts", "counts", "lengths"])
def test_arrays_that_do_not_fit_each_other_are_refused(name: str) -> None:
    part = postings.encode(ROWS)
    with pytest.raises(ValueError, match="postings"):
        postings.check({**part, name: part[name][:-1]})


def test_several_parts_score_as_one() -> None:
    connection = sqlite3.connect(":memory:")
    one = postings.create(connection=connection, parts=lambda: [postings.encode(ROWS)])
    several = postings.create(connection=connection, parts=lambda: [postings.encode([row]) for row in ROWS])
    for k in (1, 2, 10):
        for terms in (["lamp"], ["storm", "lamp", "keeper"], ["the"], ["nowhere"]):
            assert several.search(terms, k) == one.search(terms, k)
    assert several.document_frequency(["lamp", "title"]) == {"lamp": 2, "title": 0}


def test_of_many_equal_scores_the_smallest_ids_are_kept() -> None:
    rows = [(id, "", "lamp") for id in range(1, 200)]
    connection = sqlite3.connect(":memory:")
    lexicon = postings.create(connection=connection, parts=lambda: [postings.encode(rows[at::2]) for at in (1, 0)])
    assert [id for id, _ in lexicon.search(["lamp"], 5)] == [1, 2, 3, 4, 5]
