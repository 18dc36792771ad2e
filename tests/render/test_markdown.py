from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ragcli.render.markdown import answer_markdown, literal
from ragcli.render.place import Here
from ragcli.render.safe import safe
from ragcli.types import CitationMode, Outcome

from .hostile import PAYLOADS, acting
from .records import ANSWER, answer, citation, cited, document, snippet

HERE = Here(Path("/notes"), Path("/notes"))
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PLAIN = {"paragraph", "text", "hardbreak", "softbreak", "inline", "text_special"}
MARKUP = (
    "# not a heading\n===\n---\n* item\n+ item\n- item\n1. one\n2) two\n> quote\n```\ncode\n```\n~~~\n    indented",
    "<b>bold</b> <script>alert(1)</script> <!-- c --> &amp; &#35; <https://evil.example>",
    "**bold** _it_ `code` ~~gone~~ [link](http://evil) ![image](http://evil) [^1] [ref]: http://evil\n[ref]",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "$x$ and \\( y \\) \\\\ trailing \\\n\n\n    after a blank line\n\ttabbed",
    "x **\n** y\\\nz  \nlast",
)


def rendered(markdown: str) -> str:
    """The text that a reader shows, line breaks as blanks; it must hold nothing but paragraphs."""
    text = []
    for token in READER.parse(markdown):
        for child in [token, *(token.children or [])]:
            assert child.type.removesuffix("_open").removesuffix("_close") in PLAIN, (child.type, markdown)
            text.append(" " if "break" in child.type or "close" in child.type else child.content * (not child.children))
    return " ".join("".join(text).split())


@pytest.mark.parametrize("text", [*MARKUP, *PAYLOADS])
def test_foreign_text_renders_as_itself_and_as_nothing_else(text: str) -> None:
    assert rendered(literal(text)) == " ".join(safe(text).split())


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab1 \n\t\\`*_[](){}<>#+-.!|~&=:$^\"'/é中\r"), max_size=40))
def test_any_mixture_of_markup_is_inert(text: str) -> None:
    assert rendered(literal(text)) == " ".join(safe(text).split())


def test_each_citation_is_a_footnote_with_place_check_and_quote() -> None:
    of = document("birds/tall_penguins.md", paged=False)
    lines = answer_markdown(answer(of), {of.uri: of}, HERE).splitlines()
    assert lines[0] == "Emperor penguins[^1] are the tallest, and the little penguin[^2] is the smallest."
    assert lines[2] == "[^1]: birds/tall\\_penguins.md:3 · Size \\> Height · supported"
    assert lines[4] == "    > Emperor penguins are the tallest."
    assert lines[6] == "[^2]: birds/tall\\_penguins.md:4 · Size \\> Height · unsupported"
    assert len(lines) == 9


def test_a_citation_that_begins_inside_markup_does_not_bring_it_to_life() -> None:
    of = document()
    text = "1. **x** y"
    inside = citation(text, ". *", cited(snippet(of), "They reach 122 cm."))
    shown = answer_markdown(answer(of, text=text, citations=(inside,)), {of.uri: of}, HERE).splitlines()[0]
    assert shown == "1\\. \\*[^1]\\*x\\*\\* y"
    assert rendered(shown).replace("[^1]", "") == text


def test_no_evidence_is_said_with_the_closest_passages() -> None:
    of = document()
    shown = answer_markdown(answer(of, text="", outcome=Outcome.NO_EVIDENCE), {of.uri: of}, HERE)
    assert shown.startswith("**Not in your documents.**\n\nReason: a passage answers\n\n1. birds/penguins.pdf")
    assert "> Penguins are birds." in shown


def test_an_answer_without_citations_says_so_unless_none_were_wanted() -> None:
    of = document()
    uncited = answer(of, citations=(), outcome=Outcome.UNCITED)
    assert "No part of this answer is cited" in answer_markdown(uncited, {}, HERE)
    assert answer_markdown(answer(of, citations=(), mode=CitationMode.OFF), {}, HERE) == f"{ANSWER}\n"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_foreign_acts_on_a_terminal(payload: str) -> None:
    of = document(uri=payload, text=f"{payload} {ANSWER}")
    hostile = answer(of, text=f"{payload} says", citations=())
    assert not acting(answer_markdown(hostile, {of.uri: of}, HERE))
    noted = answer(
        of, text=payload, citations=(citation(payload, payload, cited(snippet(of, section=payload), ANSWER)),)
    )
    shown = answer_markdown(noted, {of.uri: of}, HERE)
    assert not acting(shown)
    assert len(re.findall(r"(?m)^\[\^\d+\]: ", shown)) == 1
