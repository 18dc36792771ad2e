from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli import uncited
from ragcli.types import (
    Answer,
    Citation,
    CitationMode,
    Cited,
    Evidence,
    Outcome,
    Snippet,
    Support,
    SupportStatus,
)

TEXT = "Emperor penguins live in Antarctica. They grow up to 122 cm. Hope that helps!"


def left(text: str, *cited: str) -> list[str]:
    spans = [(text.index(each), text.index(each) + len(each)) for each in cited]
    return [text[start:end] for start, end in uncited.spans(text, spans)]


def test_a_sentence_without_a_citation_is_uncited() -> None:
    assert left(TEXT, "Emperor penguins live in Antarctica.") == ["They grow up to 122 cm."]
    assert left(TEXT, "live in Antarctica", "122 cm") == []


def test_a_long_claim_beside_a_citation_is_uncited_and_a_short_one_leads_over() -> None:
    text = "Emperor penguins, which museums in Norway and Chile exhibit, grow up to 122 cm."
    assert left(text, "grow up to 122 cm") == ["Emperor penguins, which museums in Norway and Chile exhibit, "[:-1]]
    assert left("Emperor penguins grow up to 122 cm.", "up to 122 cm") == []


@pytest.mark.parametrize(
    "text",
    [
        "# Penguins of Antarctica\n",
        "**Penguins of Antarctica:**\n",
        "Penguins of Antarctica\n\n",
        "Hello there, dear reader of penguin books!",
        "Do emperor penguins live in Antarctica?",
        "Emperor penguins have these properties:",
        "The documents do not say how tall emperor penguins are.",
        "The provided sources contain no information about penguins.",
        "There is not enough information on penguins and their size.",
        "Die Dokumente nennen keine Größe der Pinguine.",
        "Let me know whether penguins interest you.",
        "I could not find any mention of emperor penguins.",
        "Yes.",
        "| --- | --- |",
        "",
    ],
)
def test_what_claims_nothing_is_not_uncited(text: str) -> None:
    assert left(text) == []
    assert uncited.coverage(text, ()) is None


@pytest.mark.parametrize(
    "text",
    [
        "Great Britain is an island.",
        "Thanks to the reform, sales rose.",
        "- Penguins: 122 cm",
        "It has 4.",
        "帝企鹅是最高的企鹅。",
    ],
)
def test_what_only_looks_like_talk_is(text: str) -> None:
    assert len(left(text)) == 1


def test_coverage_is_the_share_of_claim_characters_that_is_cited() -> None:
    assert uncited.coverage(TEXT, ()) == 0.0
    assert uncited.coverage(TEXT, [(0, 36)]) == round(36 / (36 + 23), 4)
    assert uncited.coverage(TEXT, [(0, 60)]) == 1.0


def answer(*statuses: SupportStatus, mode: CitationMode = CitationMode.ACCURATE) -> Answer:
    """TEXT, its first sentence cited once for each status."""
    snippet = Snippet(1, "1" * 16, 1, "a.md", 0, 4, "text", (("text", "text"),), (1, 1))
    sources = tuple(Cited(at, snippet, Support(status, "overlap", 0.5, 0, 4)) for at, status in enumerate(statuses))
    citations = (Citation(0, 36, TEXT[:36], sources), Citation(37, 60, TEXT[37:60], sources[:1])) if sources else ()
    return Answer("How tall?", TEXT, Outcome.ANSWERED, citations, (), Evidence(1.0, True, ""), mode, "scripted")


def test_an_answer_is_told_what_it_leaves_uncited() -> None:
    told = uncited.account(answer())
    assert (told.uncited, told.coverage) == (((0, 36), (37, 60)), 0.0)
    assert uncited.account(answer(SupportStatus.PARTIAL)).coverage == 1.0
    silent = answer(mode=CitationMode.OFF)
    assert uncited.account(silent) == silent


def test_strict_keeps_an_answer_whose_claims_are_all_supported() -> None:
    given = uncited.account(answer(SupportStatus.SUPPORTED, SupportStatus.PARTIAL))
    assert uncited.strict(given) == given


def test_strict_drops_an_unsupported_source_beside_a_supported_one_and_says_so() -> None:
    told = uncited.strict(answer(SupportStatus.SUPPORTED, SupportStatus.UNSUPPORTED))
    assert [len(each.sources) for each in told.citations] == [1, 1]
    assert told.outcome is Outcome.ANSWERED
    assert [(each.code, each.detail) for each in told.warnings] == [("unsupported", "1 source dropped")]


def test_strict_finds_a_claim_that_is_left_without_support() -> None:
    told = uncited.strict(answer(SupportStatus.UNSUPPORTED, SupportStatus.SUPPORTED))
    assert [each.text for each in told.citations] == [TEXT[:36]]
    assert (told.outcome, told.uncited) == (Outcome.UNSUPPORTED, ((37, 60),))
    assert uncited.strict(answer()).outcome is Outcome.UNSUPPORTED


def test_strict_leaves_what_is_no_answer_alone() -> None:
    silent = replace(answer(), outcome=Outcome.NO_EVIDENCE, text="")
    assert uncited.strict(silent) == silent


@given(st.text(max_size=120), st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=4))
def test_any_text_gives_spans_in_order_and_a_share(text: str, cited: list[tuple[int, int]]) -> None:
    spans = [(min(each), max(each)) for each in cited]
    found = uncited.spans(text, spans)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert sorted(found) == list(found)
    covered = uncited.coverage(text, spans)
    assert covered is None or 0.0 <= covered <= 1.0
