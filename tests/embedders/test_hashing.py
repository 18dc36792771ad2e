from __future__ import annotations

import numpy as np
import pytest

from ragcli.embedders import hashing
from ragcli.errors import UsageError


def test_same_words_are_the_same_vector_whatever_their_case_and_order() -> None:
    one, two = hashing.create("64").passages(["Cat sat", "SAT, cat!"])
    np.testing.assert_array_equal(one, two)


def test_a_text_without_words_is_the_first_axis() -> None:
    [row] = hashing.create("8").passages(["?!"])
    assert row.tolist() == [1, 0, 0, 0, 0, 0, 0, 0]


def test_encoded_counts_the_texts() -> None:
    embedder = hashing.create("")
    embedder.passages(["a", "b"])
    embedder.query("c")
    embedder.token_states(["not counted"])
    assert (embedder.encoded, embedder.dim, embedder.fingerprint) == (3, 64, "hashing-64")


@pytest.mark.parametrize("rest", ["0", "-1", "x", "65537", "9" * 30])
def test_a_size_that_is_none_is_a_usage_error(rest: str) -> None:
    with pytest.raises(UsageError):
        hashing.create(rest)
