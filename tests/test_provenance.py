from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragcli.provenance import lost, made_from
from ragcli.types import Choice, Model

from .render.records import answer, document, snippet

AUTO = Choice("auto", "auto")
MODEL = Model("acme/tiny", "", "", "cpu", AUTO, AUTO, AUTO, 1024, 1 << 20)


def test_an_answer_is_made_from_all_that_was_found_for_it_and_an_abstention_from_nothing() -> None:
    of = document()
    given = answer(of)
    twice = replace(given, hits=(*given.hits, *given.hits))
    assert made_from(twice) == (snippet(of).ref,)
    assert made_from(replace(given, text="")) == ()


def test_a_language_model_may_repeat_the_turns_before_and_extractive_does_not() -> None:
    given = answer(of := document())
    assert made_from(given, ("before",)) == (snippet(of).ref,)
    assert made_from(replace(given, model=MODEL), ("before", "before")) == (snippet(of).ref, "before")
    assert made_from(replace(given, model=MODEL, hits=()), ("before",)) == ("before",)  # without documents


def test_an_answer_is_lost_with_any_of_its_sources_and_one_question_finds_all() -> None:
    asked: list[Sequence[str]] = []

    def known(refs: Sequence[str]) -> set[str]:
        asked.append(refs)
        return {"a", "c"}

    assert lost([("a",), ("a", "b"), (), ("c", "a")], known) == [False, True, False, False]
    assert asked == [["a", "b", "c"]]
