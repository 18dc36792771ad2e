from __future__ import annotations

from ragcli.render.parts import Numbers, in_document, runs
from ragcli.types import Citation

from .records import ANSWER, QUOTE, answer, citation, cited, document, snippet

OF = document()
FOUND = snippet(OF)


def test_overlapping_citations_cut_the_answer_at_every_edge() -> None:
    whole = citation(ANSWER, "Emperor penguins are the tallest", cited(FOUND, QUOTE))
    part = citation(ANSWER, "penguins are", cited(FOUND, "They reach 122 cm."))
    shown = list(runs(answer(OF, citations=(whole, part))))
    assert "".join(run.text for run in shown) == ANSWER
    assert [(run.text, len(run.within), len(run.ending)) for run in shown] == [
        ("Emperor ", 1, 0),
        ("penguins are", 2, 1),
        (" the tallest", 1, 1),
        (", and the little penguin is the smallest.", 0, 0),
    ]


def test_a_citation_that_ends_within_a_line_end_leaves_no_control_character() -> None:
    cut = Citation(0, 4, "one\r", (cited(FOUND, QUOTE),))
    shown = list(runs(answer(OF, text="one\r\ntwo", citations=(cut,))))
    assert [run.text for run in shown] == ["one ", "\ntwo"]


def test_an_answer_without_text_has_no_runs() -> None:
    assert list(runs(answer(OF, text="", citations=()))) == []


def test_one_quote_has_one_number_in_order_of_appearance() -> None:
    first, second = cited(FOUND, "They reach 122 cm."), cited(FOUND, QUOTE)
    late = Citation(40, 50, "x", (first, second, second))
    early = Citation(0, 4, "y", (second,))
    numbers = Numbers((late, early))
    assert numbers.sources == [second, first]
    assert (numbers.of(late), numbers.of(early), numbers.marks(late)) == ([1, 2], [1], "[1][2]")


def test_a_span_is_shown_in_its_document_or_else_in_its_snippet() -> None:
    part = snippet(OF, 20, 80)
    start = OF.text.index(QUOTE)
    text, (first, last) = in_document(part, (start, start + len(QUOTE)), {OF.uri: OF})
    assert (text, text[first:last]) == (OF.text, QUOTE)
    text, (first, last) = in_document(part, (start, start + len(QUOTE)), {})
    assert (text, text[first:last]) == (part.text, QUOTE)
    assert in_document(part, (start, start), {OF.uri: OF}) == (part.text, (0, 0))
