from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragcli.embedders.hashing import Hashing
from ragcli.index import Index
from ragcli.ingest import ingest
from ragcli.plan import IngestOptions
from ragcli.retrieve import gather, retrieve
from ragcli.tuning import DEFAULT, Tuning
from ragcli.types import Filters, Role, SearchMode, Turn
from tests.library import PARAGRAPHS, fill, ingested, opened


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    fill(
        tmp_path,
        keeper=PARAGRAPHS[0],
        storm=PARAGRAPHS[1],
        oil__paraffin=PARAGRAPHS[2],
        zh="灯塔看守人每天晚上给钟上发条。",
    )
    ingested(tmp_path)
    with opened(tmp_path, write=False) as index:
        yield index


def uris(index: Index, question: str, **options: object) -> list[str]:
    return [hit.snippet.uri for hit in retrieve(question, index, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", SearchMode)
def test_the_snippet_that_answers_comes_first(index: Index, mode: SearchMode) -> None:
    assert uris(index, "how long does a barrel of paraffin last", mode=mode)[0] == "oil/paraffin.md"


def test_each_mode_reports_the_scores_of_its_legs_only(index: Index) -> None:
    dense, lexical, both = (retrieve("storm", index, mode=mode)[0].scores for mode in ("dense", "lexical", "hybrid"))  # type: ignore[arg-type]
    assert dense.dense is not None
    assert dense.lexical is None
    assert lexical.dense is None
    assert lexical.lexical is not None
    assert both.dense is not None
    assert both.lexical is not None


def test_hits_come_by_falling_score_and_scores_are_the_legs_own(index: Index) -> None:
    hits = retrieve("storm broke the lantern", index)
    assert [hit.scores.fused for hit in hits] == sorted((hit.scores.fused for hit in hits), reverse=True)
    near = {found.snippet_id: found.score for found in index.dense("storm broke the lantern", 10)}
    words = dict(index.lexical("storm broke the lantern", 10))
    for hit in hits:
        assert hit.scores.dense == pytest.approx(near[hit.snippet.id])
        assert hit.scores.lexical == pytest.approx(words.get(hit.snippet.id, 0.0)) or hit.scores.lexical is None


OIL = Turn(Role.USER, "How long does a barrel of paraffin last?")


@pytest.mark.parametrize("mode", [SearchMode.HYBRID, SearchMode.LEXICAL])
def test_a_follow_up_is_found_by_the_question_before_it(index: Index, mode: SearchMode) -> None:
    assert uris(index, "And where was it kept?", mode=mode, history=[OIL])[0] == "oil/paraffin.md"


def test_a_turn_on_another_subject_finds_that_subject(index: Index) -> None:
    alone = uris(index, "when did the storm break the lantern")
    assert uris(index, "when did the storm break the lantern", history=[OIL, OIL, OIL])[0] == alone[0] == "storm.md"


@pytest.mark.parametrize("mode", SearchMode)
def test_a_history_mixes_the_scores_of_the_question_and_of_the_last_three_together(
    index: Index, mode: SearchMode
) -> None:
    question, context = "where was it kept", f"storm storm storm\n{OIL.text}\nwhere was it kept"
    alone, together = (
        {hit.snippet.id: hit.scores.fused for hit in retrieve(asked, index, mode=mode)} for asked in (question, context)
    )
    for hit in retrieve(question, index, mode=mode, history=[OIL, Turn(Role.ASSISTANT, "storm storm storm")]):
        expected = 0.6 * alone.get(hit.snippet.id, 0.0) + 0.4 * together.get(hit.snippet.id, 0.0)
        assert hit.scores.fused == pytest.approx(expected)


def test_of_equal_snippets_the_one_comes_first_whose_document_speaks_of_the_rest(tmp_path: Path) -> None:
    shared, compass, tide = (
        " ".join(f"{word}{n % 9} {word}" for n in range(80)) for word in ("lamp", "compass", "tide")
    )
    fill(tmp_path, a=f"{shared}\n\n{tide}", b=f"{shared}\n\n{compass}", c=f"{shared}\n\n{tide} {tide}", one="lamp")
    ingested(tmp_path)
    with opened(tmp_path, write=False) as index:
        both, each = retrieve("lamp compass", index), retrieve("lamp", index)
    found = [(hit.snippet.uri, hit.scores.fused) for hit in both if hit.snippet.text == shared]
    assert found[0][0] == "b.md"
    assert found[0][1] > found[1][1] == pytest.approx(found[2][1], rel=0.02)
    assert {hit.snippet.uri for hit in each if hit.snippet.text == shared} == {"a.md", "b.md", "c.md"}


def test_the_only_snippet_of_a_document_keeps_its_score_and_one_leg_alone_its_order(tmp_path: Path) -> None:
    shared, compass = (" ".join(f"{word}{n % 9} {word}" for n in range(80)) for word in ("lamp", "compass"))
    fill(tmp_path, a=shared, b=f"{shared}\n\n{compass}")
    ingested(tmp_path)
    with opened(tmp_path, write=False) as index:
        for mode in (SearchMode.DENSE, SearchMode.LEXICAL):
            scores = {
                h.snippet.uri: h.scores.fused for h in retrieve("lamp", index, mode=mode) if "lamp" in h.snippet.text
            }
            assert scores["a.md"] == pytest.approx(scores["b.md"], rel=0.05)
        alone = [hit for hit in retrieve("lamp", index) if hit.snippet.uri == "a.md"]
    assert alone[0].scores.fused == pytest.approx(1.0, rel=0.05)


def test_answers_and_an_empty_history_change_nothing(index: Index) -> None:
    assert retrieve("storm", index) == retrieve("storm", index, history=[Turn(Role.ASSISTANT, OIL.text)])


def test_filters_hold_for_what_the_history_finds(index: Index) -> None:
    allowed = Filters(paths=("storm.md",))
    assert uris(index, "where was it kept", filters=allowed, history=[OIL]) == ["storm.md"]


def test_a_question_in_another_script_is_answered_by_terms(index: Index) -> None:
    assert uris(index, "谁给钟上发条", mode=SearchMode.LEXICAL)[0] == "zh.md"


def test_k_limits_the_hits(index: Index) -> None:
    assert len(retrieve("the", index, k=2)) == 2


@pytest.mark.parametrize(
    "globs", [("oil/*",), ("oil",), ("paraffin.md",), ("*/paraffin.md",), ("./oil/",), ("nothing", "oil/*.md")]
)
def test_path_filters_apply_before_the_top_k(index: Index, globs: tuple[str, ...]) -> None:
    assert uris(index, "keeper of the lamp", k=1, filters=Filters(paths=globs)) == ["oil/paraffin.md"]


def test_metadata_filters_apply_before_the_top_k(tmp_path: Path) -> None:
    fill(tmp_path, a__keeper=PARAGRAPHS[0], b__oil=PARAGRAPHS[2])
    for folder, year in (("a", "1893"), ("b", "1903")):
        with opened(tmp_path) as index:
            ingest([tmp_path / folder], index, options=IngestOptions(metadata=(("year", year),)))
    with opened(tmp_path, write=False) as index:
        assert uris(index, "keeper of the lamp", k=1, filters=Filters(where=(("year", "1903"),))) == ["b/oil.md"]
        assert uris(index, "keeper", filters=Filters(where=(("year", "1903"), ("year", "1893")))) == []


def test_documents_left_out_make_room_for_the_next(index: Index) -> None:
    first, second = uris(index, "keeper of the lamp", k=2)
    assert uris(index, "keeper of the lamp", k=1, filters=Filters(without=(first,))) == [second]


def test_filters_that_allow_nothing_find_nothing(index: Index) -> None:
    assert retrieve("keeper", index, filters=Filters(paths=("nowhere/*",))) == []


@pytest.mark.parametrize("question", ["", "   ", '"unbalanced', "AND OR NOT", "*", "\x00", "<co: 0>", "?" * 1000])
def test_no_question_breaks_the_search(index: Index, question: str) -> None:
    assert isinstance(retrieve(question, index), list)


def test_an_empty_index_has_no_hits(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with opened(tmp_path) as index:
        ingest([tmp_path / "empty"], index)
        assert retrieve("anything", index) == []


def test_the_best_span_is_the_sentence_that_shares_most_with_the_question(tmp_path: Path) -> None:
    fill(tmp_path, all=" ".join(PARAGRAPHS))
    ingested(tmp_path)
    with opened(tmp_path, write=False) as index:
        (hit,) = retrieve("storm that broke the lantern", index)
    assert hit.snippet.text[slice(*hit.best)] == PARAGRAPHS[1]


def test_the_embedder_counts_less_where_it_reads_single_characters(index: Index) -> None:
    class Pieces(Hashing):
        """Splits as a word-piece model does: known words whole, unknown scripts by character."""

        def __init__(self, length: int) -> None:
            super().__init__(64)
            self.length = length

        def token_spans(self, text: str) -> list[tuple[int, int]]:
            return [(at, at + self.length) for at in range(0, len(text), self.length)]

    weights = []
    for length in (1, 2, 3, 5):
        index._embedder = Pieces(length)
        weights.append(gather("abcdefghijklmno", index).own.weight(DEFAULT.dense))
    assert weights == sorted(weights)
    assert weights[0] == 0.0
    assert weights[-1] == DEFAULT.dense


def test_what_is_weighed_otherwise_is_what_is_found_otherwise(index: Index) -> None:
    found = gather("how long does a barrel of paraffin last", index)
    words, meaning = (found.fused(Tuning(dense=share, document=0.0)) for share in (0.0, 1.0))
    assert {id: words[id] for id in found.own.sparse} == pytest.approx(
        {id: score / max(found.own.sparse.values()) for id, score in found.own.sparse.items()}
    )
    nearest = max(near.score + 1 for near in found.own.dense.values())
    assert meaning == pytest.approx({id: (near.score + 1) / nearest for id, near in found.own.dense.items()})
    (best,) = (hit.snippet.id for hit in retrieve("how long does a barrel of paraffin last", index, k=1))
    left = found.without({best})
    assert left.fused(DEFAULT).keys() == found.fused(DEFAULT).keys() - {best}


def test_the_weights_of_the_index_are_used(index: Index) -> None:
    question = "how long does a barrel of paraffin last"
    index.tuning = Tuning(dense=0.0, document=0.0)
    assert [hit.scores.fused for hit in retrieve(question, index)] == pytest.approx(
        sorted(gather(question, index).fused(Tuning(dense=0.0, document=0.0)).values(), reverse=True)
    )
    assert retrieve(question, index)[0].scores.fused == 1.0
