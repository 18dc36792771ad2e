from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragcli.provenance import lost, made_from

from .render.records import answer, document, snippet


def test_an_answer_is_made_from_all_that_was_found_for_it_and_an_abstention_from_nothing() -> None:
    of = document()
    given = answer(of)
    twice = replace(given, hits=(*given.hits, *given.hits))
    assert made_from(twice) == (snippet(of).ref,)
    assert made_from(replace(given, text="")) == ()


def test_an_answer_is_lost_with_any_of_its_sources_and_one_question_finds_all() -> None:
    asked: list[Sequence[str]] = []

    def known(refs: Sequence[str]) -> set[str]:
        asked.append(refs)
        return {"a", "c"}

    assert lost([("a",), ("a", "b"), (), ("c", "a")], known) == [False, True, False, False]
    assert asked == [["a", "b", "c"]]
