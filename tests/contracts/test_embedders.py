"""What every embedder promises, and that those of one model are one: the fingerprint names the vectors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ragcli import backends
from ragcli.protocols import Embedder

SPECS = {"hashing": "hashing:64", "bert": "bert:", "ort": "ort:", "sentence": "sentence:"}

TEXTS = [
    "",
    "cats",
    "A cat sits on the mat.",
    "Stock prices fell by 3.2 % on Tuesday; bonds did not.",
    "Die Katze sitzt auf der Matte, während es regnet.",
    "Кошка сидит на коврике и смотрит в окно.",
    "猫坐在垫子上，看着窗外的雨。",
    "القطة تجلس على السجادة",
    "बिल्ली चटाई पर बैठी है",
    "𝒳 marks 🐈 the spot, 𝔲𝔫𝔦𝔠𝔬𝔡𝔢",
    "  lead and [SEP] trail \n",
    "a lone \ud800 surrogate",
    "x" * 3000,
    "the quick brown fox jumps over a lazy dog " * 12,
    "the quick brown fox jumps over a lazy dog " * 60,
]


def test_every_backend_of_the_folder_is_held_to_the_contract() -> None:
    assert sorted(SPECS) == backends.names("embedder")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("RAGCLI_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module", params=SPECS)
def embedder(request: pytest.FixtureRequest, cache: Path) -> Embedder:
    made: Embedder = backends.create("embedder", SPECS[request.param])
    return made


@pytest.fixture(scope="module")
def reference(cache: Path) -> Embedder:
    made: Embedder = backends.create("embedder", "bert:")
    return made


def test_passages_are_unit_rows_of_float32(embedder: Embedder) -> None:
    vectors = embedder.passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_passages_are_no_rows(embedder: Embedder) -> None:
    assert embedder.passages([]).shape == (0, embedder.dim)
    assert embedder.token_states([]) == []


def test_passages_come_in_input_order_whatever_else_is_in_the_batch(embedder: Embedder) -> None:
    together = embedder.passages(TEXTS)
    alone = np.concatenate([embedder.passages([text]) for text in TEXTS[::-1]])[::-1]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_query_is_the_passage_of_the_same_text(embedder: Embedder) -> None:
    for text in TEXTS[:5]:
        query = embedder.query(text)
        assert query.shape == (embedder.dim,)
        np.testing.assert_allclose(query, embedder.passages([text])[0], atol=1e-5)


def test_text_beyond_max_tokens_is_not_seen(embedder: Embedder) -> None:
    words = "word " * embedder.max_tokens
    two = embedder.passages([words, words + "unseen ends differ"])
    np.testing.assert_allclose(two[0], two[1], atol=1e-5)


def test_token_spans_are_slices_of_the_whole_text_in_order(embedder: Embedder) -> None:
    for text in TEXTS:
        spans = embedder.token_spans(text)
        assert all(0 <= start <= end <= len(text) for start, end in spans)
        assert all(first[0] <= second[0] for first, second in itertools.pairwise(spans))
    assert embedder.token_spans("🐈 cat")[-1] == (2, 5)
    assert len(embedder.token_spans("word " * 1000)) == 1000


def test_token_states_are_a_unit_row_for_each_span(embedder: Embedder) -> None:
    for text, (spans, states) in zip(TEXTS, embedder.token_states(TEXTS), strict=True):
        assert states.shape == (len(spans), embedder.dim)
        assert states.dtype == np.float32
        assert spans == embedder.token_spans(text)[: len(spans)]
        assert len(spans) <= embedder.max_tokens
        np.testing.assert_allclose(np.linalg.norm(states, axis=1), 1, atol=1e-5)


def test_embedders_of_one_fingerprint_agree(embedder: Embedder, reference: Embedder) -> None:
    if embedder.fingerprint != reference.fingerprint:
        assert embedder.fingerprint == "hashing-64"
        return
    ours, theirs = embedder.passages(TEXTS), reference.passages(TEXTS)
    assert (ours * theirs).sum(axis=1).min() >= 0.9999
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert embedder.max_tokens == reference.max_tokens
    for (spans, states), (other_spans, other) in zip(
        embedder.token_states(TEXTS), reference.token_states(TEXTS), strict=True
    ):
        assert spans == other_spans
        np.testing.assert_allclose(states, other, atol=1e-5)


def test_like_is_nearer_than_unlike(embedder: Embedder) -> None:
    question, near, far = embedder.passages(["the cat sat", "a cat sat down", "interest rates fell"])
    assert question @ near > question @ far
