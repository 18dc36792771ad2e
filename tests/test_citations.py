"""The vectors in data/citations.jsonl are Cohere's and our contract's: `cohere` is given where its parser differs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cohere_melody
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.citations import Parser, parse, write
from ragcli.marks import ESCAPE
from ragcli.types import CitationMode, Completion, Mark

ACCURATE, FAST, OFF = CitationMode.ACCURATE, CitationMode.FAST, CitationMode.OFF
ROWS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "citations.jsonl").read_text(encoding="utf-8").splitlines()
]
Spans = list[list[Any]]

BITS = [
    *(
        "<",
        ">",
        "/",
        "co",
        ":",
        " ",
        "\n",
        "\t",
        "0",
        "1",
        "7",
        ",",
        "a",
        "b.",
        "🌈",
        "\u3000",
        "",
        "=",
        '""',
        "G",
        "A",
    ),
    *("<co: 0>", "</co: 0>", "<co: 1,2>", "</co: 1,2>", "</co>", "<co:", "</co: 1", "<co: 9>", "</co: 9>", "<co: x>"),
    *("Grounded answer:", "\nGrounded answer:", "\nAnswer:", "Answer:", "\nGround", "Ground", "Grounded a"),
    *(
        "Relevant Documents:",
        "\nCited Documents:",
        "\nRelevant",
        "None",
        "\\",
        ESCAPE,
        ESCAPE * 2,
        "\nCited Documents: 0,8",
    ),
    *("<|END_OF_TURN_TOKEN|>", "<|END_OF", "|>"),
]
soup = st.lists(st.sampled_from(BITS) | st.text(max_size=3), max_size=24).map("".join)
completions = st.tuples(
    st.sampled_from(["", " ", "Relevant Documents: 0,1\nCited Documents: 1\n", "Relevant Documents: None\n"]),
    st.sampled_from(["", "Answer: ", "Answer:"]),
    soup,
    st.sampled_from(["", "\nGrounded answer: ", "Grounded answer:", "\n  Grounded answer: "]),
    soup,
).map("".join)
modes = st.sampled_from(list(CitationMode))
PERFORMANCE_S = 1.0


def spans(marks: Sequence[Mark]) -> Spans:
    return [[mark.start, mark.end, list(mark.numbers)] for mark in marks]


def codes(completion: Completion) -> list[str]:
    return sorted(warning.code for warning in completion.warnings)


def play(pieces: Sequence[str], mode: CitationMode, documents: int = 3) -> tuple[str, Completion]:
    """What is shown, and the completion."""
    parser = Parser(mode, documents)
    shown = "".join([parser.feed(piece) for piece in pieces])
    return shown, parser.close()


def one(completion: str, mode: CitationMode = ACCURATE, documents: int = 3) -> Completion:
    return parse(completion, mode, documents)


@pytest.mark.parametrize("row", ROWS, ids=[row["completion"][:60] for row in ROWS])
def test_vector_gives_its_text_marks_lists_and_warnings(row: dict[str, Any]) -> None:
    parsed = one(row["completion"], CitationMode(row["mode"]), row["documents"])
    assert (parsed.text, spans(parsed.marks)) == (row["text"], row["marks"])
    assert codes(parsed) == sorted(row["warnings"])
    lists = [None if numbers is None else list(numbers) for numbers in (parsed.relevant, parsed.cited)]
    assert lists == [row.get("relevant"), row.get("cited")]


def melody(completion: str) -> tuple[str, Spans]:
    options = cohere_melody.PyFilterOptions().rag().with_left_trimmed().with_right_trimmed()
    whole = cohere_melody.PyFilter(options).process_full_text(completion)
    found = [
        [span.start_index, span.end_index, [number for source in span.sources for number in source.tool_result_indices]]
        for span in whole.citations
    ]
    return whole.content or "", found


@pytest.mark.parametrize("row", ROWS, ids=[row["completion"][:60] for row in ROWS])
def test_coheres_own_parser_differs_only_where_the_vector_says_so(row: dict[str, Any]) -> None:
    expected = row.get("cohere") or row
    assert melody(row["completion"]) == (expected["text"], expected["marks"])


words = st.lists(st.sampled_from(["foo", "bar baz", "é", "🌈", "x.", "\n- ", "a<b", "{", "*"]), min_size=1, max_size=3)
tagged = st.lists(st.tuples(words.map(" ".join), st.lists(st.integers(0, 5), max_size=3, unique=True)), max_size=6)


@given(tagged, st.booleans())
@settings(max_examples=200, deadline=None)
def test_well_formed_completion_means_the_same_to_coheres_parser(
    pairs: list[tuple[str, list[int]]], fast: bool
) -> None:
    parts: list[str] = []
    for text, numbers in pairs:
        ids = ",".join(map(str, numbers))
        parts.append(f"<co: {ids}>{text.strip()}</co: {ids}> " if ids else f"{text.strip()} ")
    plain = "".join(f"{text.strip()} " for text, _ in pairs)
    head = "Relevant Documents: 0\nCited Documents: 0\n" + ("" if fast else f"Answer: {plain.strip()}\n")
    completion = f"{head}Grounded answer: {''.join(parts).strip()}"
    parsed = one(completion, FAST if fast else ACCURATE, 6)
    assert (parsed.text, spans(parsed.marks)) == melody(completion)
    assert codes(parsed) == ([] if parsed.text else ["empty"])


TAG = re.compile(r"<\s*(/?)\s*co\s*(?::([^<>]*))?>")


@given(completions, modes, st.data())
@settings(max_examples=200, deadline=None)
def test_every_chunking_shows_the_same_and_gives_the_same(
    completion: str, mode: CitationMode, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(completion)), max_size=12).map(sorted))
    pieces = [completion[start:end] for start, end in zip([0, *cuts], [*cuts, len(completion)], strict=True)]
    whole = play([completion], mode)
    assert play(pieces, mode) == whole
    assert play(list(completion), mode) == whole


@given(completions, modes)
@settings(max_examples=200, deadline=None)
def test_any_completion_gives_marks_that_index_the_text_and_shows_its_beginning(
    completion: str, mode: CitationMode
) -> None:
    shown, parsed = play([completion], mode)
    assert parsed.text == parsed.text.strip()
    assert parsed.text.startswith(shown) or "answer_differs" in codes(parsed)
    for mark in parsed.marks:
        assert 0 <= mark.start < mark.end <= len(parsed.text)
        span = parsed.text[mark.start : mark.end]
        assert span == span.strip()
        assert mark.numbers
        assert max(mark.numbers) < 3
    if ESCAPE not in completion:
        assert TAG.search(parsed.text) is None
        assert TAG.search(shown) is None
    if mode is OFF:
        assert parsed.marks == ()


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, tuple[Mark, ...]]:
    """Disjoint, touching and nested marks on any stripped text: each is cut from one part of a chosen span."""
    text = draw(soup).strip()
    marks: list[Mark] = []
    free = [(0, len(text))]
    for _ in range(draw(st.integers(0, 6))):
        low, high = draw(st.sampled_from(free))
        start, end = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
        span = text[start:end]
        if not span.strip() or span != span.strip():
            continue
        free.remove((low, high))
        free += [(low, start), (start, end), (end, high)]
        numbers = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))
        marks.append(Mark(start, end, tuple(numbers)))
    return text, tuple(sorted(marks, key=lambda mark: (mark.start, mark.end)))


lists = st.none() | st.lists(st.integers(0, 2), unique=True, max_size=3).map(tuple)


@given(marked_texts(), st.sampled_from([ACCURATE, FAST]), lists, lists)
@settings(max_examples=200, deadline=None)
def test_written_text_marks_and_lists_come_back(
    marked: tuple[str, tuple[Mark, ...]],
    mode: CitationMode,
    relevant: tuple[int, ...] | None,
    cited: tuple[int, ...] | None,
) -> None:
    text, marks = marked
    shown, parsed = play([write(text, marks, mode=mode, relevant=relevant, cited=cited)], mode)
    by_span = sorted(parsed.marks, key=lambda mark: (mark.start, mark.end, mark.numbers))
    assert (parsed.text, by_span) == (text, sorted(marks, key=lambda mark: (mark.start, mark.end, mark.numbers)))
    assert (parsed.relevant, parsed.cited) == (relevant, cited)
    assert codes(parsed) == ([] if text else ["empty"])
    assert text.startswith(shown)


@given(soup.map(str.strip))
@settings(max_examples=200, deadline=None)
def test_text_written_without_citations_comes_back_in_mode_off(text: str) -> None:
    shown, parsed = play([write(text, [], mode=OFF)], OFF)
    assert (parsed.text, codes(parsed)) == (text, [] if text else ["empty"])
    assert text.startswith(shown)


HOSTILE = [
    "<co: 0>my fact</co: 0> for a fact",
    "</co: 3>",
    "< / co : 0 >",
    "Grounded answer: no",
    "see it.Grounded answer: no",
    "a\n Grounded answer: no\nAnswer: no\nRelevant Documents: 0",
    "Answer: no",
    "Relevant Documents: 0\nCited Documents: 0\nGrounded answer: <co: 0>no</co: 0>",
    "a\\<co: 0>\\",
    f"{ESCAPE}<co: 0>{ESCAPE}{ESCAPE}</co: 0>{ESCAPE}",
    f"Ground{ESCAPE}ed answer:",
    "a <|END_OF_TURN_TOKEN|> b",
    "ends in\nGrounded answer",
    "ends in\nGround",
    "ends in <co",
    "ends in <",
]


@pytest.mark.parametrize("mode", CitationMode)
@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_holds_the_grammar_comes_back_with_a_mark_on_each_character(text: str, mode: CitationMode) -> None:
    marks = tuple(Mark(at, at + 1, (at % 3,)) for at, char in enumerate(text) if not char.isspace() and mode is not OFF)
    written = write(text, marks, mode=mode, relevant=(0,), cited=())
    for pieces in ([written], list(written)):
        shown, parsed = play(pieces, mode)
        assert (parsed.text, parsed.marks, parsed.warnings) == (text, marks, ())
        assert text.startswith(shown)


def test_marks_that_cross_or_share_a_span_come_back_in_order() -> None:
    marks = (Mark(0, 5, (0,)), Mark(0, 5, (1, 2)), Mark(0, 5, (1,)), Mark(3, 8, (2,)))
    assert one(write("abcdefgh", marks, mode=ACCURATE)).marks == marks


def test_surrounding_whitespace_is_stripped_and_marks_follow() -> None:
    assert one(write("\n  foo ", [Mark(3, 6, (0,))], mode=FAST), FAST).marks == (Mark(0, 3, (0,)),)


@pytest.mark.parametrize("mark", [Mark(1, 1, (0,)), Mark(0, 4, (0,)), Mark(-1, 2, (0,)), Mark(0, 1, ())])
def test_mark_that_is_none_cannot_be_written(mark: Mark) -> None:
    with pytest.raises(ValueError, match="is no mark"):
        write("foo", [mark], mode=FAST)


def test_no_real_completion_holds_the_escape() -> None:
    assert not [row for row in ROWS if ESCAPE in row["completion"]]


def test_written_completion_of_plain_text_holds_no_escape() -> None:
    assert write("foo bar", [Mark(4, 7, (0, 2))], mode=ACCURATE, relevant=(0, 2), cited=()) == (
        "Relevant Documents: 0,2\nCited Documents: None\nAnswer: foo bar\nGrounded answer: foo <co: 0,2>bar</co: 0,2>"
    )


def test_accurate_mode_shows_the_answer_while_it_comes_and_fast_mode_the_grounded_text() -> None:
    accurate = Parser(ACCURATE, 3)
    pieces = ["Relevant Documents: 0\nAns", "wer: Foo b", "ar.\n", "Grounded", " answer: <co: 0>Foo</co: 0> bar."]
    assert [accurate.feed(piece) for piece in pieces] == ["", "Foo b", "ar.", "", ""]
    assert spans(accurate.close().marks) == [[0, 3, [0]]]
    fast = Parser(FAST, 3)
    assert [fast.feed(piece) for piece in ["Grounded answer: <co:", " 0>Fo", "o</", "co: 0> bar"]] == [
        "",
        "Fo",
        "o",
        " bar",
    ]


def test_grounded_text_wins_over_a_different_answer_and_says_so() -> None:
    shown, parsed = play(["Answer: ![a](b)\nGrounded answer: ! [<co: 0>a</co: 0>](b)"], ACCURATE)
    assert (shown, parsed.text, spans(parsed.marks)) == ("![a](b)", "! [a](b)", [[3, 4, [0]]])
    assert codes(parsed) == ["answer_differs"]


def test_answer_is_kept_whole_when_only_the_grounded_copy_was_cut_off() -> None:
    parsed = one("Answer: Foo bar baz.\nGrounded answer: <co: 0>Foo</co: 0> bar <co: 1>b")
    assert (parsed.text, spans(parsed.marks)) == ("Foo bar baz.", [[0, 3, [0]]])
    assert codes(parsed) == ["grounded_cut", "unclosed"]


def test_header_that_was_cut_off_is_not_part_of_the_answer() -> None:
    shown, parsed = play(["Answer: Foo.\nGrounded ans"], ACCURATE)
    assert (shown, parsed.text, codes(parsed)) == ("Foo.", "Foo.", ["no_grounded", "partial_header"])
    assert one("Relevant Documents: 0\nCited Docu").text == ""


def test_tags_in_the_answer_are_taken_out_and_counted() -> None:
    shown, parsed = play(["Answer: <co: 0>Foo</co: 0>\nGrounded answer: Foo"], ACCURATE)
    assert (shown, parsed.text, parsed.marks, codes(parsed)) == ("Foo", "Foo", (), ["tag_in_answer"])


def test_mode_off_gives_the_answer_without_marks() -> None:
    for completion in (
        "Answer: Foo",
        "Answer: Foo\nGrounded answer: <co: 0>Foo</co: 0> b",
        "Grounded answer: <co: 0>Foo</co: 0>",
    ):
        shown, parsed = play([completion], OFF)
        assert (shown, parsed.text, parsed.marks, parsed.warnings) == ("Foo", "Foo", (), ())


def test_headers_recur_inside_an_answer_as_words() -> None:
    text = "Write 'Grounded answer:' or Grounded answer: so.\nAnswer: x\nRelevant Documents: 0"
    parsed = one(f"Answer: {text}\nGrounded answer: {text}\nGrounded answer: <co: 0>again</co: 0>")
    assert parsed.text == f"{text}\nGrounded answer: again"
    assert codes(parsed) == ["answer_differs"]


def test_nothing_counts_after_the_end_of_the_turn() -> None:
    shown, parsed = play(list("Grounded answer: Foo<|END_OF_TURN_TOKEN|><co: 0>x</co: 0>"), FAST)
    assert (shown, parsed.text, parsed.warnings) == ("Foo", "Foo", ())


@pytest.mark.parametrize(
    ("line", "numbers", "found"),
    [("None", (), []), ("0, 2", (0, 2), []), ("0,7", (0,), ["bad_doc"]), ("some", (), ["bad_list"]), ("", (), [])],
)
def test_list_line_gives_known_numbers(line: str, numbers: tuple[int, ...], found: list[str]) -> None:
    parsed = one(f"Relevant Documents: {line}\nRelevant Documents: 1\nGrounded answer: a", FAST)
    assert (parsed.relevant, parsed.cited, codes(parsed)) == (numbers, None, found)


def test_text_without_an_answer_header_is_kept_uncited() -> None:
    for completion in ("Relevant Documents: 0\nFoo <co: 0>bar</co: 0>", "Relevant Documents: Foo <co: 0>bar</co: 0>"):
        shown, parsed = play([completion], ACCURATE)
        assert (shown, parsed.marks) == ("", ())
        assert parsed.text == "Foo bar"
        assert "no_headers" in codes(parsed)


@pytest.mark.parametrize(
    "body",
    [
        "<co: 0>" * 200_000,
        "< " * 200_000,
        "<" + " " * 300_000,
        "<co: " + "9" * 300_000,
        "\n       " * 40_000,
        "G" * 300_000,
        "<co: 0>" * 40_000 + " " * 100_000 + "</co: 0>" * 40_000,
        "".join(f"<co: {number}>" for number in range(20_000)) + "</co: 1>" * 20_000,
    ],
    ids=["open tags", "angles", "blanks", "digits", "lines", "headers", "nested blanks", "mismatches"],
)
def test_hostile_completion_takes_linear_time(body: str) -> None:
    started = time.process_time()
    one(f"Grounded answer: {body}", FAST)
    assert time.process_time() - started < PERFORMANCE_S


@pytest.mark.parametrize(
    "body", ["<co:" + "9" * 50_000, "<" + " " * 50_000, " " * 50_000, ESCAPE * 50_000, "\n" * 50_000]
)
def test_hostile_completion_takes_linear_time_by_the_character(body: str) -> None:
    started = time.process_time()
    play(["Answer: ", *body], ACCURATE)
    assert time.process_time() - started < 2 * PERFORMANCE_S
