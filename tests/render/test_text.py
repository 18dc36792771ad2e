from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.render.layout import Look, cells
from ragcli.render.place import Here
from ragcli.render.text import answer_text, hits_text
from ragcli.types import Citation, CitationMode, Evidence, Hit, Outcome, Scores

from .hostile import PAYLOADS, acting
from .records import ANSWER, QUOTE, answer, citation, cited, document, snippet

HERE = Here(Path("/home/someone/notes"), Path("/home/someone/notes"))
PLAIN = Look()


def test_an_answer_shows_numbered_marks_and_the_quote_of_each_source() -> None:
    pdf = document()
    assert answer_text(answer(pdf), PLAIN, {pdf.uri: pdf}, HERE) == (
        "Emperor penguins[1] are the tallest, and the little penguin[2] is the smallest.\n"
        "\n"
        "Sources\n"
        "  [1] birds/penguins.pdf · p. 1 (3) · Size > Height  ✓ supported\n"
        "      Penguins are birds. They live in the south. Emperor penguins are the tallest. They reach 122 cm. The"
        " little penguin is the smallest.\n"
        "  [2] birds/penguins.pdf · p. 1 (3) · Size > Height  ✗ unsupported\n"
        "      Penguins are birds. They live in the south. Emperor penguins are the tallest. They reach 122 cm. The"
        " little penguin is the smallest.\n"
    )


def test_a_source_without_pages_shows_its_lines() -> None:
    text = answer_text(answer(document("a.md", paged=False)), PLAIN, {}, HERE)
    assert "[1] a.md:3 · Size > Height" in text
    assert "[2] a.md:4 · Size > Height" in text


def test_the_page_is_the_quotes_and_not_the_snippets() -> None:
    pdf = document()
    found = snippet(pdf)
    one = answer(pdf, citations=(citation(ANSWER, "tallest", cited(found, "They live in the south.")),))
    assert "p. iii (2)" in answer_text(one, PLAIN, {pdf.uri: pdf}, HERE)
    assert "pp. ii-1 (1-3)" in answer_text(one, PLAIN, {}, HERE)


def test_one_quote_cited_twice_has_one_number() -> None:
    found = snippet(document())
    same = cited(found, QUOTE)
    twice = answer(document(), citations=(citation(ANSWER, "Emperor", same), citation(ANSWER, "tallest", same)))
    text = answer_text(twice, PLAIN, {}, HERE)
    assert text.startswith("Emperor[1] penguins are the tallest[1], and")
    assert "[2]" not in text


def test_nested_and_adjacent_citations_keep_the_text() -> None:
    found = snippet(document())
    marks = (
        citation(ANSWER, "Emperor penguins are the tallest", cited(found, QUOTE)),
        citation(ANSWER, "penguins", cited(found, "birds")),
    )
    text = answer_text(answer(document(), citations=marks), PLAIN, {}, HERE)
    assert text.startswith("Emperor penguins[1] are the tallest[2], and the")


def test_no_evidence_says_so_and_shows_the_closest_passages() -> None:
    nothing = answer(
        document("a.md", paged=False),
        text="",
        outcome=Outcome.NO_EVIDENCE,
        evidence=Evidence(0.1, enough=False, reason="no passage mentions 'zeppelin'"),
    )
    text = answer_text(nothing, PLAIN, {}, HERE)
    assert text.startswith(
        "Not in your documents.\nReason: no passage mentions 'zeppelin'\n\nClosest passages\n1   a.md:1-5"
    )


def test_a_declined_question_names_the_model() -> None:
    declined = answer(document(), text="", outcome=Outcome.DECLINED, hits=())
    assert answer_text(declined, PLAIN, {}, HERE).startswith("The model found no answer in your documents.\n")
    assert "Reason: the model cites none of the passages" in answer_text(declined, PLAIN, {}, HERE)


def test_an_uncited_answer_says_so_unless_citations_are_off() -> None:
    uncited = answer(document(), text="Birds.", outcome=Outcome.UNCITED)
    assert "No part of this answer is cited" in answer_text(uncited, PLAIN, {}, HERE)
    assert answer_text(replace(uncited, mode=CitationMode.OFF), PLAIN, {}, HERE) == "Birds.\n"


def test_what_no_source_carries_is_named_below_the_sources() -> None:
    told = answer(document(), uncited=((0, 27), (30, 40)), coverage=0.625)
    note = 'Not cited: "Emperor penguins are tall.'[:27]
    shown = answer_text(told, PLAIN, {}, HERE).splitlines()[-1]
    assert shown.startswith(note)
    assert "and 1 more (62% of what the answer says is cited)" in shown
    bare = replace(told, outcome=Outcome.UNSUPPORTED)
    assert answer_text(bare, PLAIN, {}, HERE).splitlines()[-1].startswith("Without support: ")
    assert answer_text(replace(bare, uncited=()), PLAIN, {}, HERE).endswith("Without support: a cited claim.\n")


def test_a_terminal_gets_styled_spans_and_links_to_files_we_name() -> None:
    pdf = document("birds/tall penguins.pdf")
    text = answer_text(answer(pdf), Look(color=True, width=80), {pdf.uri: pdf}, HERE)
    assert "\x1b[4mEmperor penguins\x1b[0m\x1b[36m[1]\x1b[0m" in text
    assert "\x1b]8;;file:///home/someone/notes/birds/tall%20penguins.pdf\x1b\\" in text


def test_ascii_terminals_get_ascii_marks() -> None:
    assert answer_text(answer(document()), Look(unicode=False), {}, HERE).isascii()


def test_a_hit_shows_rank_place_scores_and_best_passage() -> None:
    found = snippet(document("a.md", paged=False))
    text = hits_text([Hit(found, Scores(0.71, None, 0.83), (20, 43))], PLAIN, {}, HERE)
    assert text.splitlines()[:2] == [
        "1   a.md:1-5 · Size > Height",
        "    score 0.830  dense 0.710  ref 0123456789abcdef",
    ]
    painted = hits_text([Hit(found, Scores(0.71, None, 0.83), (20, 43))], Look(color=True), {}, HERE)
    assert "\x1b[1mThey live in the south.\x1b[0m" in painted


@pytest.mark.parametrize(
    ("uri", "base", "cwd", "shown"),
    [
        ("birds/a.md", "/n", "/n", "birds/a.md"),
        ("birds/a.md", "/n", "/n/birds", "a.md"),
        ("birds/a.md", "/n", "/elsewhere", "birds/a.md"),
        ("/corpus/docs/a.md", "/corpus/build", "/corpus", "docs/a.md"),
        ("/other/a.md", "/n", "/n", "/other/a.md"),
    ],
)
def test_paths_are_shown_as_seen_from_the_users_folder(uri: str, base: str, cwd: str, shown: str) -> None:
    found = Hit(snippet(document(uri, paged=False)), Scores(1.0, None, 1.0), (0, 8))
    here = Here(Path(base), Path(cwd))
    assert hits_text([found], PLAIN, {}, here).startswith(f"1   {shown}:1-5")


def test_no_hits_say_so() -> None:
    assert hits_text([], PLAIN, {}, HERE) == "Nothing found.\n"


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("look", [Look(), Look(color=True, width=80), Look(color=True, width=8)])
def test_hostile_text_title_name_question_and_answer_are_inert(payload: str, look: Look) -> None:
    evil = document(payload.replace("\x00", ""), payload + QUOTE + payload, paged=False)
    found = snippet(evil, section=payload)
    text = payload + "answer" + payload
    shown = answer(evil, text=text, citations=(citation(text, "answer", cited(found, QUOTE)),), question=payload)
    none = answer(evil, text="", outcome=Outcome.NO_EVIDENCE, evidence=Evidence(0.0, enough=False, reason=payload))
    for output in (
        answer_text(shown, look, {evil.uri: evil}, HERE),
        answer_text(none, look, {}, HERE),
        hits_text([Hit(found, Scores(1.0, 1.0, 1.0), (0, 3))], look, {}, HERE),
    ):
        assert acting(output) == []
        if not look.color:
            assert "\x1b" not in output


@given(st.text(max_size=60), st.data())
@settings(max_examples=200, deadline=None)
def test_any_citations_keep_the_answers_characters(text: str, data: st.DataObject) -> None:
    edge = st.integers(0, len(text))
    found = snippet(document())
    spans = [sorted(pair) for pair in data.draw(st.lists(st.tuples(edge, edge), max_size=5))]
    citations = tuple(Citation(a, b, text[a:b], (cited(found, QUOTE),)) for a, b in spans if a < b)
    output = answer_text(answer(document(), text=text, citations=citations), Look(), {}, HERE)
    plain = answer_text(answer(document(), text=text, citations=(), mode=CitationMode.OFF), Look(), {}, HERE)
    body = output.split("\n\nSources\n")[0] if citations else output.split("\n\nNo part")[0]
    assert "".join(body.replace("[1]", "").split()) == "".join(plain.replace("[1]", "").split())


def test_at_80_columns_no_line_is_wider() -> None:
    pdf = document("a/very/long/path/" * 6 + "x.pdf")
    text = answer_text(answer(pdf), Look(width=80), {pdf.uri: pdf}, HERE)
    assert max(cells(line) for line in text.splitlines()) <= 80


def test_a_huge_snippet_prints_quickly_and_short() -> None:
    digits = document("a.txt", "7" * 20_000, paged=False)
    found = snippet(digits)
    started = time.process_time()
    text = hits_text([Hit(found, Scores(1.0, 1.0, 1.0), (0, 20_000))], Look(color=True, width=80), {}, HERE)
    assert time.process_time() - started < 0.1
    assert len(text) < 1500
