from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from ragcli.render.page import ACTIVE, answer_html
from ragcli.render.parts import SECTION
from ragcli.render.place import Here
from ragcli.render.safe import name, safe
from ragcli.types import Answer, CitationMode, Document, Outcome

from .hostile import PAYLOADS, acting
from .records import ANSWER, QUOTE, TEXT, answer, citation, cited, document, snippet

ALL = "*:not(.soft)"
HERE = Here(Path("/notes"), Path("/notes"))
HOSTILE = (
    *PAYLOADS,
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>' onfocus=alert(1) x='",
    "</title></style></head><body><h1>mine</h1>",
    "</q></blockquote></li></ol><form action=http://evil><input>",
    "<!-- --!> ]]> &lt;b&gt; &#0; <meta http-equiv=refresh content='0;url=http://evil'>",
)


def page(of: Document, made: Answer) -> LexborHTMLParser:
    return LexborHTMLParser(answer_html(made, {of.uri: of}, HERE))


def one(tree: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    [found] = tree.css(selector)
    return found


def two_sources() -> LexborHTMLParser:
    """The answer's first words cite both sources, its last ones the second."""
    of = document("birds/penguins.md", paged=False)
    one, two = cited(snippet(of), QUOTE), cited(snippet(of), "The little penguin is the smallest.")
    citations = (citation(ANSWER, "Emperor penguins", one, two), citation(ANSWER, "little penguin", two))
    return page(of, answer(of, citations=citations))


def lit(tree: LexborHTMLParser, selector: str, state: str) -> set[str]:
    """What the page's own rules light up while the element is in a state, which an attribute stands for here."""
    [element] = tree.css(selector)
    element.attrs["data-on"] = ""
    style = one(tree, "style").text()
    found = set()
    for selectors in re.findall(r"(?m)^(body:has.*?)\s*\{ background", style):
        rule = re.sub(rf"{state}(?![-\w])", "[data-on]", selectors)
        rule = re.sub("|".join(sorted(ACTIVE, key=len, reverse=True)), ":not(*)", rule)
        for node in tree.css(rule):
            found.add(node.text() if node.tag == "a" else f"source: {node.text()}")
    del element.attrs["data-on"]
    return found


@pytest.mark.parametrize("state", ACTIVE)
def test_a_span_of_the_answer_lights_the_passages_it_cites(state: str) -> None:
    tree = two_sources()
    both = {f"source: {QUOTE}", "source: The little penguin is the smallest."}
    assert lit(tree, ".cited.a1", state) == both
    assert lit(tree, ".cited:not(.a1)", state) == {"source: The little penguin is the smallest."}
    assert lit(tree, ".mark.a1", state) == {f"source: {QUOTE}"}


@pytest.mark.parametrize("state", ACTIVE)
def test_a_passage_lights_the_spans_that_cite_it(state: str) -> None:
    tree = two_sources()
    assert lit(tree, "#s1", state) == {"Emperor penguins"}
    assert lit(tree, "#s2", state) == {"Emperor penguins", "little penguin"}


def test_every_link_leads_to_its_counterpart_on_the_page() -> None:
    tree = two_sources()
    links = [(node.text(), node.attrs["href"]) for node in tree.css("a")]
    assert links == [
        ("Emperor penguins", "#s1"),
        ("[1]", "#s1"),
        ("[2]", "#s2"),
        ("little penguin", "#s2"),
        ("[2]", "#s2"),
        ("[1]", "#a1"),
        ("[2]", "#a2"),
    ]
    for _, target in links:
        assert len(tree.css(str(target))) == 1
    assert all(node.attrs["tabindex"] == "0" for node in tree.css(".source"))


def test_the_page_reads_as_the_answer_with_its_sources() -> None:
    of = document("birds/penguins.md", paged=False)
    tree = page(of, answer(of))
    for mark in tree.css(".mark"):
        mark.decompose()
    assert one(tree, ".answer p").text() == ANSWER
    assert one(tree, "h1").text() == one(tree, "title").text() == "Which penguins are the tallest?"
    first = one(tree, "#s1")
    assert one(first, "bdi").text() == "birds/penguins.md:3 · Size > Height"
    assert one(first, ".supported").text() == "✓ supported"
    assert one(first, "blockquote").text() == TEXT.rstrip()
    assert one(first, "q").text() == QUOTE


def shown_lines(text: str, quote: str) -> str:
    """The passage's text, a `/` for each line feed that shows as a blank."""
    of = document(text=text)
    made = answer(of, text=quote, citations=(citation(quote, quote, cited(snippet(of), quote)),))
    [passage] = page(of, made).css("blockquote")
    for soft in passage.css(".soft"):
        soft.replace_with("/")
    return str(passage.text())


def test_a_passage_stays_in_its_paragraph() -> None:
    text = "Another matter.\n\nBefore it. Penguins are birds. After it.\n \nA third matter."
    assert shown_lines(text, "Penguins are birds.") == "Before it. Penguins are birds. After it."
    assert shown_lines(text, "Penguins are birds. After it.\n \nA third") == text.partition("\n\n")[2]


def test_wrapped_prose_flows_and_all_other_lines_stay() -> None:
    prose = "The emperor penguin is the tallest of them, and\nbreeds in the winter of the south."
    assert shown_lines(prose, "emperor penguin") == prose.replace("\n", "/")
    assert shown_lines(prose, "tallest of them, and\nbreeds") == prose.replace("\n", "/")
    for text in (
        "Emperor penguins swim,\nlittle ones too.",
        "Penguin;Height;Weight;Breeds in;Feeds on;Seen since;By\nEmperor;122;40;winter;fish;1775;Forster",
        "| Penguin | Height in cm | Weight in kg | Breeds in |\n| Emperor | 122 | 40 | the winter |",
        "    tallest = max(penguins, key=lambda each: each.height)\n    return tallest",
        "- The emperor penguin is the tallest of all the penguins.\n- The little penguin is the smallest.",
    ):
        assert shown_lines(text, text.strip()[:10]) == text.strip()


def test_a_long_document_is_shown_around_the_quote_only() -> None:
    of = document(text=f"{'before ' * 500}{TEXT}{'after ' * 500}")
    made = answer(of, citations=(citation(ANSWER, "Emperor penguins", cited(snippet(of), QUOTE)),))
    shown = one(page(of, made), "blockquote").text()
    assert shown.startswith("… before before")
    assert shown.endswith("after after …")
    assert len(shown) < 800
    assert QUOTE in shown


def test_the_policy_allows_the_one_style_sheet_and_nothing_else() -> None:
    tree = two_sources()
    [style] = tree.css("style")
    allowed = base64.b64encode(hashlib.sha256(style.text().encode()).digest()).decode()
    policy = one(tree, "meta[http-equiv=Content-Security-Policy]").attrs["content"]
    expected = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    assert policy == expected
    assert not tree.css("script, link, img, iframe, object, embed, form, [style], [src]")
    assert not re.search(r"url\(|@import|https?:", tree.html or "")


@pytest.mark.parametrize("payload", HOSTILE)
def test_nothing_foreign_becomes_markup_or_acts_on_a_terminal(payload: str) -> None:
    plain, hostile = (
        answer_html(
            answer(of, text=words, question=words, runtime=words, citations=(citation(words, words, source),)),
            {of.uri: of},
            HERE,
        )
        for words in ("plain", payload)
        for of in [document(words, f"{words} {TEXT}")]
        for source in [cited(snippet(of, section=words), words)]
    )
    tree = LexborHTMLParser(hostile)
    assert [node.tag for node in tree.css(ALL)] == [node.tag for node in LexborHTMLParser(plain).css(ALL)]
    names = {attribute for node in tree.css("*") for attribute in node.attrs}
    assert not {each for each in names if each.startswith("on") or each == "src"}
    assert not acting(hostile)
    assert one(tree, "h1").text() == name(payload)
    assert one(tree, ".cited").text() == one(tree, "q").text() == safe(payload)
    assert one(tree, "bdi").text().endswith(name(payload[:SECTION]))


def test_no_evidence_is_said_with_the_closest_passages() -> None:
    of = document()
    tree = page(of, answer(of, text="", outcome=Outcome.NO_EVIDENCE, citations=()))
    assert one(tree, ".answer").text().split("\n")[1:3] == ["Not in your documents.", "Reason: a passage answers"]
    assert one(tree, ".source q").text() == "Penguins are birds."
    assert not tree.css("a")


def test_an_answer_without_citations_says_so_unless_none_were_wanted() -> None:
    of = document()
    note = "No part of this answer is cited from your documents."
    assert note in one(page(of, answer(of, citations=(), outcome=Outcome.UNCITED)), ".answer").text()
    assert note not in one(page(of, answer(of, citations=(), mode=CitationMode.OFF)), ".answer").text()


def test_a_page_is_small() -> None:
    of = document()
    assert len(answer_html(answer(of), {of.uri: of}, HERE).encode()) < 8_000
