from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import sentences, support
from ragcli.embedders.hashing import Hashing
from ragcli.types import Mark, Snippet, SupportStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragcli.protocols import Vectors
    from ragcli.types import Span

PENGUINS = (
    "Emperor penguins are the tallest of all penguins,\n  growing up to 122 cm. They live only in Antarctica.\n\n"
    "Little penguins weigh about 1.2 kg and nest in Australia."
)


def even(term: str) -> float:
    return 1.0


def snippet(text: str, start: int = 0, title: str = "Penguins", number: int = 1) -> Snippet:
    fields = (("title", title), ("text", text))
    return Snippet(number, f"{number:016x}", 1, "a.md", start, start + len(text), text, fields, (1, 1))


def quote(claim: str, text: str = PENGUINS, context: str = "") -> str:
    found = support.locate(claim, snippet(text), idf=even, context=context)
    return text[found.start : found.end]


def test_verbatim_claim_is_found_across_a_line_break_and_is_exact() -> None:
    found = support.locate("tallest of all penguins, growing up to 122 cm.", snippet(PENGUINS), idf=even)
    assert (found.status, found.method, found.score) == (SupportStatus.SUPPORTED, "exact", 1.0)
    assert PENGUINS[found.start : found.end] == "tallest of all penguins,\n  growing up to 122 cm."


def test_offsets_are_those_of_the_document() -> None:
    found = support.locate("They live only in Antarctica.", snippet(PENGUINS, start=1000), idf=even)
    assert PENGUINS[found.start - 1000 : found.end - 1000] == "They live only in Antarctica."


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("2 feet", "It is 1.2 feet tall."),
        ("cat", "The category is wide."),
        ("art", "He drew a chart."),
        ("5 km", "It is 5 kmh fast."),
    ],
)
def test_a_piece_of_a_word_or_number_is_not_verbatim(claim: str, text: str) -> None:
    assert support.locate(claim, snippet(text), idf=even).method == "overlap"


def test_chinese_has_no_word_edges() -> None:
    found = support.locate("帝企鹅", snippet("最高的是帝企鹅。"), idf=even)
    assert (found.method, found.start, found.end) == ("exact", 4, 7)


def test_paraphrase_is_supported_by_the_smallest_sentence_that_carries_it() -> None:
    found = support.locate("Antarctica is where they live.", snippet(PENGUINS), idf=even)
    assert (found.status, found.method) == (SupportStatus.SUPPORTED, "overlap")
    assert quote("Antarctica is where they live.") == "They live only in Antarctica."


def test_a_claim_of_two_sentences_gets_both_as_quote() -> None:
    assert quote("Tallest, 122 cm, and they live in Antarctica.").startswith("Emperor")
    assert quote("Tallest, 122 cm, and they live in Antarctica.").endswith("Antarctica.")


@pytest.mark.parametrize(
    "claim",
    [
        "Emperor penguins are the tallest penguins, growing up to 130 cm.",
        "Emperor penguins are the tallest penguins, growing up to 122 mm.",
        "Emperor penguins are not the tallest of all penguins.",
        "The tallest penguins grow in Norway, growing to 122 cm.",
    ],
)
def test_a_wrong_number_unit_name_or_polarity_is_at_most_partial(claim: str) -> None:
    assert support.locate(claim, snippet(PENGUINS), idf=even).status is SupportStatus.PARTIAL


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("It cost 1,234 dollars.", "The cost was 1234 dollars."),
        ("Es kostete 1.234,50 Euro.", "Die Kosten: kostete 1,234.5 Euro."),
        ("It has 4 moons.", "It has four moons in all."),
        ("Sie hat ٣ Monde.", "Sie hat drei Monde."),
    ],
)
def test_numbers_match_across_their_spellings(claim: str, text: str) -> None:
    assert support.locate(claim, snippet(text), idf=even).status is SupportStatus.SUPPORTED


def test_the_title_carries_what_the_text_leaves_to_it() -> None:
    text = "It was opened in 1887 and is 324 m high."
    named = support.locate("The Eiffel tower is 324 m high.", snippet(text, title="Eiffel tower"), idf=even)
    bare = support.locate("The Eiffel tower is 324 m high.", snippet(text, title=""), idf=even)
    assert named.status is SupportStatus.SUPPORTED
    assert bare.status is SupportStatus.PARTIAL
    assert named.score > bare.score


def test_rare_words_weigh_more_than_common_ones() -> None:
    def idf(term: str) -> float:
        return 8.0 if term.startswith("antarc") else 1.0

    with_rare = support.locate("Antarctica houses some people.", snippet(PENGUINS), idf=idf)
    without = support.locate("Antarctica houses some people.", snippet(PENGUINS), idf=even)
    assert with_rare.score > without.score


def test_unrelated_claim_is_unsupported_and_points_at_the_whole_snippet() -> None:
    found = support.locate("Tax law changed.", snippet(PENGUINS, start=7), idf=even)
    assert (found.status, found.score) == (SupportStatus.UNSUPPORTED, 0.0)
    assert (found.start, found.end) == (7, 7 + len(PENGUINS))


def test_the_context_chooses_among_places() -> None:
    text = "Lions live to 10 years in the wild. Elephants may well live to 60 years. A parrot got to 60 years in a zoo."
    found = support.locate("60 years", snippet(text), idf=even, context="A parrot in a zoo got to 60 years.")
    assert found.start == text.rindex("60 years")


def test_a_fragment_in_a_foreign_sentence_is_only_partial() -> None:
    context = "Greenland's capital, founded by missionaries long ago, imports Antarctica wine."
    found = support.locate("Antarctica", snippet(PENGUINS), idf=even, context=context)
    assert (found.status, found.method) == (SupportStatus.PARTIAL, "exact")


def test_check_builds_citations_and_drops_numbers_without_snippet() -> None:
    answer = "They live only in Antarctica. Little penguins weigh 1.2 kg."
    marks = (Mark(0, 29, (0, 0, 7)), Mark(30, 59, (9,)))
    citations = support.check(answer, marks, (snippet(PENGUINS),), idf=even)
    assert [(c.text, [s.number for s in c.sources]) for c in citations] == [("They live only in Antarctica.", [0])]
    assert answer[citations[0].start : citations[0].end] == citations[0].text


def test_check_judges_each_source_by_itself() -> None:
    snippets = (snippet("Rain fell."), snippet(PENGUINS, number=2))
    (citation,) = support.check("They live only in Antarctica.", (Mark(0, 29, (0, 1)),), snippets, idf=even)
    assert [s.support.status for s in citation.sources] == [SupportStatus.UNSUPPORTED, SupportStatus.SUPPORTED]


@given(st.text(max_size=80), st.text(max_size=200), st.integers(0, 9), st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_a_span_inside_the_snippet_and_a_score(claim: str, text: str, start: int, context: str) -> None:
    found = support.locate(claim, snippet(text, start=start), idf=even, context=context)
    assert start <= found.start <= found.end <= start + len(text)
    assert 0.0 <= found.score <= 1.0


@given(
    st.lists(st.sampled_from(["alpha", "beta", "12", "gamma.", "x\n y", "über"]), min_size=1, max_size=12), st.data()
)
@settings(max_examples=100, deadline=None)
def test_every_run_of_words_of_the_snippet_is_found_verbatim(words: list[str], draw: st.DataObject) -> None:
    text = "  ".join(words)
    first = draw.draw(st.integers(0, len(words) - 1))
    last = draw.draw(st.integers(first, len(words) - 1))
    claim = " ".join(words[first : last + 1])
    found = support.locate(claim, snippet(text), idf=even)
    assert found.method == "exact"
    assert text[found.start : found.end].split() == claim.split()


def test_texts_together_score_a_claim() -> None:
    evidence = ("Emperor penguins are the tallest of all penguins.", "They grow up to 122 cm.")
    right = support.score_claim("Emperor penguins grow up to 122 cm.", evidence, idf=even)
    wrong = support.score_claim("Emperor penguins grow up to 180 cm.", evidence, idf=even)
    assert right > support.SUPPORTED_FROM > wrong > 0.0
    assert support.score_claim("Tax law changed.", evidence, idf=even) == 0.0
    assert support.score_claim("Tax law changed.", (), idf=even) == 0.0


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Exercise increases the risk of cancer.", "Exercise reduces the risk of cancer."),
        ("The bridge opened on 1 July 2025.", "The bridge opened on 3 July 2025."),
        ("The firm lost $5 million.", "The firm lost $5 billion."),
    ],
)
def test_what_the_source_says_otherwise_is_at_most_partial(claim: str, text: str) -> None:
    assert support.locate(claim, snippet(text), idf=even).status is not SupportStatus.SUPPORTED


def test_an_embedder_reads_each_sentence_of_a_snippet_once() -> None:
    read: list[str] = []

    class Counting(Hashing):
        def token_states(self, texts: Sequence[str]) -> list[tuple[list[Span], Vectors]]:
            read.extend(texts)
            return super().token_states(texts)

    answer = "Penguins of that kind are tall. Penguins of that kind live far south."
    marks = (Mark(0, 31, (0,)), Mark(32, len(answer), (0,)))
    found = support.check(answer, marks, (snippet(PENGUINS),), idf=even, embedder=Counting(64))
    assert [cited.support.method for each in found for cited in each.sources] == ["similarity"] * 2
    assert len(read) == len(set(read)) == 2 + len(sentences.spans(PENGUINS))
