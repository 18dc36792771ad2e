"""The oracle is `citations.parse`: what the grammar lets through, and closes, is read back without a repair."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.citations import parse
from ragcli.grammar import Grammar
from ragcli.marks import ESCAPE
from ragcli.states import Part, State
from ragcli.types import CitationMode

ACCURATE, FAST, OFF = CitationMode.ACCURATE, CitationMode.FAST, CitationMode.OFF
LISTS = "Relevant Documents: 0,2\nCited Documents: 2\n"
SOUP = [
    *"<</co: >|a b.\n9é灯\t",
    *("<co:", "</co:", "co", "<code>", "<|END_OF_TURN_TOKEN|>", "\nGrounded answer:", "Grounded answer:", ESCAPE),
]


class Written:
    """A completion under the grammar, character by character."""

    def __init__(self, mode: CitationMode, documents: int) -> None:
        self.grammar = Grammar(mode, documents)
        self.state: State | None = self.grammar.start
        self.text = ""

    def write(self, text: str) -> bool:
        """Whether all of it may come; what may not leaves the state as it was."""
        before = self.state, self.text
        for char in text:
            self.state = self.grammar.step(self.at, char)
            if self.state is None:
                self.state, self.text = before
                return False
            self.text += char
            if self.at.part is Part.COPY and self.at.source is None:
                answer = self.text[self.text.index("\nAnswer: ") + 9 : self.text.rindex("\n")]
                self.state = self.grammar.copying(self.at, answer)
        return True

    @property
    def at(self) -> State:
        assert self.state is not None
        return self.state

    def close(self) -> None:
        while not self.grammar.ended(self.at):
            assert self.write(self.grammar.hurry(self.at) or "\nGrounded answer:")


def accepts(mode: CitationMode, completion: str, documents: int = 3) -> bool:
    written = Written(mode, documents)
    return written.write(completion) and written.grammar.ended(written.at)


@pytest.mark.parametrize(
    ("mode", "completion"),
    [
        (FAST, f"{LISTS}Grounded answer: The <co: 0,1>tower</co: 0,1> is tall."),
        (FAST, f"{LISTS}Grounded answer: <co: 2>a</co: 2><co: 0>b</co: 0>"),
        (FAST, "Relevant Documents: None\nCited Documents: None\nGrounded answer: I do not know."),
        (FAST, f"{LISTS}Grounded answer: `a <b` <code>x</code> < co and <colour: 1>"),
        (ACCURATE, f"{LISTS}Answer: The tower.\nGrounded answer: The <co: 2>tower</co: 2>."),
        (ACCURATE, f"{LISTS}Answer: A\n\n- <b>b</b>\nGrounded answer: A\n\n- <co: 2><b>b</b></co: 2>"),
        (ACCURATE, f"{LISTS}Answer: what a Grounded answer is\nGrounded answer: what a Grounded answer is"),
        (ACCURATE, f"{LISTS}Answer: no \nGrounded answer: no"),
        (OFF, f"{LISTS}Answer: The tower."),
    ],
)
def test_what_the_contract_has_is_accepted(mode: CitationMode, completion: str) -> None:
    assert accepts(mode, completion)


@pytest.mark.parametrize(
    "grounded",
    [
        "The <co: 3>tower</co: 3>",  # no such document
        "The <co: 2>tower</co: 0>",
        "The <co: 2,2>tower</co: 2,2>",
        "The <co: 2>tower",
        "The tower</co: 2>",
        "<co: 2>The <co: 0>tower</co: 0></co: 2>",
        "The <co: 2></co: 2>tower",
        "The <co: 2> tower</co: 2>",
        "The <co:2>tower</co:2>",
        "The < co: 2>tower",
        "The <co>tower</co>",
        "The <|END_OF_TURN_TOKEN|> tower",
        "The <<|END_OF_TURN_TOKEN|> tower",
        "The tower <co",
        f"The {ESCAPE} tower",
        "",
        " The tower",
    ],
)
def test_what_would_not_be_read_back_is_refused(grounded: str) -> None:
    assert not accepts(FAST, f"{LISTS}Grounded answer: {grounded}")


@pytest.mark.parametrize(
    "completion",
    [
        f"{LISTS}Answer: The tower.\nGrounded answer: The <co: 0>tower</co: 0>.",  # 0 is not under Cited Documents
        f"{LISTS}Answer: The tower.\nGrounded answer: The towers.",
        f"{LISTS}Answer: The tower.\nGrounded answer: The tower",
        f"{LISTS}Answer: The tower.\n\n  Grounded answer: The tower.",
        f"{LISTS}Answer: A <code>\nGrounded answer: A <<co: 2>code></co: 2>",  # behind a "<", a tag could make another
        f"{LISTS}Answer: The tower.Grounded answer: The tower.",
        f"{LISTS}Answer: <co: 2>The</co: 2>\nGrounded answer: The",
        f"{LISTS}Grounded answer: The tower.",
        "Relevant Documents: 0,0\nCited Documents: 0\nAnswer: a\nGrounded answer: a",
        "Relevant Documents: 3\nCited Documents: 0\nAnswer: a\nGrounded answer: a",
        "Relevant Documents: 01\nCited Documents: 0\nAnswer: a\nGrounded answer: a",
        "Relevant Documents: \nCited Documents: 0\nAnswer: a\nGrounded answer: a",
        "Relevant Documents: 0,None\nCited Documents: 0\nAnswer: a\nGrounded answer: a",
    ],
)
def test_an_accurate_completion_copies_its_answer_and_cites_what_it_listed(completion: str) -> None:
    assert not accepts(ACCURATE, completion)


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from([ACCURATE, FAST]),
    documents=st.integers(0, 12),
    seed=st.integers(0, 2**32),
    length=st.integers(0, 160),
)
def test_any_walk_can_be_closed_and_is_read_back_without_a_repair(
    mode: CitationMode, documents: int, seed: int, length: int
) -> None:
    draw = random.Random(seed)
    written = Written(mode, documents)
    for _ in range(length):
        choices = written.grammar.choices(written.at)
        if choices == "":
            break
        if choices is None and draw.random() < 0.3:
            choices = "<"
        written.write(draw.choice(choices) if choices is not None else draw.choice(SOUP))
    written.close()
    completion = parse(written.text, mode, documents)
    assert completion.warnings == ()
    assert completion.relevant is not None
    assert completion.cited is not None
    opened = re.findall(r"<co: ([\d,]+)>", written.text)
    assert [",".join(map(str, mark.numbers)) for mark in completion.marks] == opened
    assert all(number < documents for mark in completion.marks for number in mark.numbers)
    if mode is ACCURATE:
        assert all(number in completion.cited for mark in completion.marks for number in mark.numbers)
        answer = written.text[written.text.index("\nAnswer: ") + 9 : written.text.index("\nGrounded answer:")]
        assert completion.text == answer.strip()


@settings(max_examples=20, deadline=None)
@given(mode=st.sampled_from([ACCURATE, FAST, OFF]), documents=st.integers(0, 12), seed=st.integers(0, 2**32))
def test_forced_text_and_the_way_to_the_end_may_always_be_written(
    mode: CitationMode, documents: int, seed: int
) -> None:
    draw = random.Random(seed)
    written = Written(mode, documents)
    for _ in range(120):
        forced = written.grammar.forced(written.at)
        assert written.grammar.step(written.at, forced[0]) is not None if forced else True
        assert written.write(forced)
        choices = written.grammar.choices(written.at)
        if choices == "":
            break
        written.write(draw.choice(choices) if choices is not None else draw.choice(SOUP))
    written.close()
    assert written.grammar.ended(written.at)


def test_with_no_document_all_but_the_answer_is_forced() -> None:
    lists = "Relevant Documents: None\nCited Documents: None\n"
    assert Grammar(FAST, 0).forced(Grammar(FAST, 0).start) == f"{lists}Grounded answer:"
    written = Written(ACCURATE, 0)
    written.write(f"{lists}Answer: Nobody knows.\nGrounded answer:")
    assert written.grammar.forced(written.at) == " Nobody knows."


def test_a_document_alone_forces_its_tags() -> None:
    written = Written(ACCURATE, 3)
    written.write(f"{LISTS}Answer: The tower.\nGrounded answer: The <co:")
    assert written.grammar.forced(written.at) == " 2>"
    written.write(" 2>tower</")
    assert written.grammar.forced(written.at) == "co: 2>"


def test_the_copy_is_guessed_whole() -> None:
    written = Written(ACCURATE, 3)
    written.write(f"{LISTS}Answer: The old tower.\nGrounded answer:")
    assert written.grammar.guess(written.at) == " The old tower."
    written.write(" The <co:")
    assert written.grammar.guess(written.at) == " 2>old tower."
