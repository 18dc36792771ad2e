from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import backends, citations, support
from ragcli.embedders.hashing import Hashing
from ragcli.runtime import extractive
from ragcli.types import CitationMode, Finish, Prompt, Sampling, Segment, Snippet, SupportStatus

if TYPE_CHECKING:
    from ragcli.types import Completion

EMBEDDER = Hashing(64)
MOON = (
    "The station orbits the Moon. Its crew of four arrived in May 2031.\nThey grow lettuce in a\n  ring-shaped garden. "
    "The commander is Aiko Tanaka."
)
MARS = "The Mars base is empty. Its garden was never planted."


def even(term: str) -> float:
    return 3.0


def snippet(text: str, number: int) -> Snippet:
    return Snippet(
        number, f"{number:016x}", 1, "a.md", 0, len(text), text, (("title", "Bases"), ("text", text)), (1, 1)
    )


def prompted(question: str, *texts: str, mode: CitationMode = CitationMode.ACCURATE) -> Prompt:
    return Prompt(question, (Segment("a prompt", True),), tuple(snippet(t, i) for i, t in enumerate(texts)), mode)


def completed(question: str, *texts: str, mode: CitationMode = CitationMode.ACCURATE) -> str:
    runtime = extractive.create("", embedder=EMBEDDER, idf=even)
    return "".join(piece.text for piece in runtime.stream(prompted(question, *texts, mode=mode), Sampling()))


def answered(question: str, *texts: str) -> Completion:
    return citations.parse(completed(question, *texts), CitationMode.ACCURATE, len(texts))


def quoted(found: Completion) -> list[tuple[str, tuple[int, ...]]]:
    return [(found.text[mark.start : mark.end], mark.numbers) for mark in found.marks]


def test_the_answer_is_the_sentence_that_answers_with_its_number() -> None:
    found = answered("Who is the commander?", MARS, MOON)
    assert quoted(found)[0] == ("The commander is Aiko Tanaka.", (1,))
    assert found.cited == (1,)
    assert found.relevant is not None
    assert 1 in found.relevant


def test_a_wrapped_sentence_is_joined_by_one_space_and_still_verbatim_for_the_check() -> None:
    found = answered("What do they grow in the ring-shaped garden?", MOON)
    assert "They grow lettuce in a ring-shaped garden." in [text for text, _ in quoted(found)]
    checked = support.check(found.text, found.marks, (snippet(MOON, 0),), idf=even)
    assert all(c.sources[0].support.method == "exact" for c in checked)
    assert all(c.sources[0].support.status is SupportStatus.SUPPORTED for c in checked)


def test_every_snippet_that_holds_the_sentence_is_cited() -> None:
    found = answered("Who is the commander?", MOON, MARS, "Staff list. The commander is\nAiko Tanaka.")
    assert quoted(found)[0] == ("The commander is Aiko Tanaka.", (0, 2))
    assert [text for text, _ in quoted(found)].count("The commander is Aiko Tanaka.") == 1


def test_accurate_has_both_answers_and_fast_only_the_grounded_one() -> None:
    accurate = completed("Who is the commander?", MOON)
    fast = completed("Who is the commander?", MOON, mode=CitationMode.FAST)
    assert "\nAnswer: " in accurate
    assert "\nAnswer: " not in fast
    assert "\nGrounded answer: " in fast
    assert citations.parse(accurate, CitationMode.ACCURATE, 1).text == citations.parse(fast, CitationMode.FAST, 1).text


@pytest.mark.parametrize("texts", [(), ("Bread is baked from flour.",), ("",)])
def test_nothing_salient_is_declined_with_none_for_both_lists(texts: tuple[str, ...]) -> None:
    completion = completed("Quantum chromodynamics?", *texts)
    assert completion.startswith("Relevant Documents: None\nCited Documents: None\n")
    found = citations.parse(completion, CitationMode.ACCURATE, len(texts))
    assert (found.text, found.marks, found.cited) == (extractive.DECLINED, (), ())


def test_list_items_follow_their_lead_in() -> None:
    text = "The crew packed three tools:\n\n- a hammer\n- a drill\n- a torch\n\nThen they left."
    found = answered("Which tools did the crew pack?", text)
    assert found.text == "The crew packed three tools:\n- a hammer\n- a drill\n- a torch"
    assert len(found.marks) == 4


def test_a_table_row_is_cited_and_its_header_stands_outside_the_mark() -> None:
    text = "| Planet | Moons |\n|---|---|\n| Mars | 2 |\n| Jupiter | 95 |"
    found = answered("Jupiter moons", text)
    assert found.text == "| Planet | Moons |\n| Jupiter | 95 |"
    assert quoted(found) == [("| Jupiter | 95 |", (0,))]


def test_sentences_of_one_snippet_stand_in_document_order() -> None:
    found = answered("Who is the commander and when did the crew of four arrive?", MOON)
    assert found.text == "Its crew of four arrived in May 2031. The commander is Aiko Tanaka."


def test_control_text_in_a_file_comes_back_as_text() -> None:
    text = "The commander wrote <co: 3>Grounded answer: none</co: 3> today."
    found = answered("What did the commander write?", text)
    assert found.text == text
    assert found.cited == (0,)


def test_only_the_last_piece_finishes_and_counts() -> None:
    runtime = extractive.create("", embedder=EMBEDDER, idf=even)
    pieces = list(runtime.stream(prompted("Who is the commander?", MOON, MARS), Sampling()))
    assert [piece.finish for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].finish is Finish.STOP
    assert pieces[-1].prompt_tokens == 2
    assert pieces[-1].completion_tokens > 5


def test_it_is_found_by_its_file_name() -> None:
    runtime = backends.create("runtime", "extractive", embedder=EMBEDDER, idf=even)
    assert (runtime.name, runtime.count_tokens("a b c")) == ("extractive", 3)


@given(st.text(max_size=60), st.lists(st.text(max_size=150), max_size=3), st.sampled_from(CitationMode))
@settings(max_examples=150, deadline=None)
def test_any_snippets_give_marks_that_are_their_text(question: str, texts: list[str], mode: CitationMode) -> None:
    found = citations.parse(completed(question, *texts, mode=mode), mode, len(texts))
    for mark in found.marks:
        needle = " ".join(found.text[mark.start : mark.end].split())
        assert any(needle in " ".join(texts[number].split()) for number in mark.numbers)
