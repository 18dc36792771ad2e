"""What is found by halving a sorted vocabulary is what trying every token finds."""

from __future__ import annotations

import pytest

from ragcli.constraint import Constraint, Place
from ragcli.grammar import Grammar
from ragcli.states import Part, State, closable
from ragcli.types import CitationMode
from tests import tinylm

ACCURATE, FAST, OFF = CitationMode.ACCURATE, CitationMode.FAST, CitationMode.OFF
ANSWER = "The é tower <b>灯台</b> is 35 < 40."
LISTS = "Relevant Documents: 1,11\nCited Documents: 11,1\n"
COPY = f"{LISTS}Answer: {ANSWER}\nGrounded answer:"


def behind(grammar: Grammar, text: str) -> State:
    """The state behind `text`, which may come."""
    state = grammar.start
    for char in text:
        stepped = grammar.step(state, char)
        assert stepped is not None, f"{char!r} in {text!r}"
        begins_copy = stepped.part is Part.COPY and stepped.source is None
        state = grammar.copying(stepped, ANSWER) if begins_copy else stepped
    return state


@pytest.mark.parametrize("pending", [b"", b"\xc3", b"\xe7\x81", b"\xf0"])
@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (FAST, ""),
        (FAST, "Relevant Documents: "),
        (FAST, "Relevant Documents: 1"),
        (FAST, "Relevant Documents: 1,"),
        (FAST, "Relevant Documents: 1,0\nCited Documents: "),
        (FAST, f"{LISTS}Grounded answer:"),
        (FAST, f"{LISTS}Grounded answer: "),
        (FAST, f"{LISTS}Grounded answer: <"),
        (FAST, f"{LISTS}Grounded answer: a"),
        (FAST, f"{LISTS}Grounded answer: a <"),
        (FAST, f"{LISTS}Grounded answer: a <co"),
        (FAST, f"{LISTS}Grounded answer: a <|END_OF_TURN_TOKEN|"),
        (FAST, f"{LISTS}Grounded answer: a <co:"),
        (FAST, f"{LISTS}Grounded answer: a <co: 3,1"),
        (FAST, f"{LISTS}Grounded answer: a <co: 3,1>"),
        (FAST, f"{LISTS}Grounded answer: a <co: 3,1><c"),
        (FAST, f"{LISTS}Grounded answer: a <co: 3,1>b"),
        (FAST, f"{LISTS}Grounded answer: a <co: 3,1>b</co"),
        (OFF, f"{LISTS}Answer: a\n"),
        (ACCURATE, f"{LISTS}Answer: a\nGrounded answer"),
        (ACCURATE, f"{LISTS}Answer: a <co"),
        (ACCURATE, COPY),
        (ACCURATE, f"{COPY} The"),
        (ACCURATE, f"{COPY} The "),
        (ACCURATE, f"{COPY} The é tower"),
        (ACCURATE, f"{COPY} The é tower <"),
        (ACCURATE, f"{COPY} The é tower <b>"),
        (ACCURATE, f"{COPY} The <co: 1"),
        (ACCURATE, f"{COPY} The <co: 11>"),
        (ACCURATE, f"{COPY} The <co: 11>é tower <"),
        (ACCURATE, f"{COPY} {ANSWER}"),
    ],
)
def test_the_allowed_tokens_are_those_that_may_be_walked(mode: CitationMode, text: str, pending: bytes) -> None:
    vocabulary = tinylm.vocabulary()
    constraint = Constraint(Grammar(mode, 12), vocabulary)
    place = Place(behind(constraint.grammar, text), pending)
    allowed = constraint.allowed(place)
    writing = [id for id in allowed if id not in vocabulary.ends]
    assert writing == [id for id in range(len(vocabulary.spellings)) if constraint.walk(place, id)]
    assert (len(writing) < len(allowed)) == (closable(place.state) and not pending)
    assert constraint.allowed(place) == allowed


def test_a_tag_may_split_a_token_of_the_copy() -> None:
    vocabulary = tinylm.vocabulary()
    constraint = Constraint(Grammar(ACCURATE, 12), vocabulary)
    allowed = {
        vocabulary.spellings[id] for id in constraint.allowed(Place(behind(constraint.grammar, f"{COPY} The é")))
    }
    assert {b" ", b" t", b" <", b"<", b" a"} & allowed == {b" ", b" t", b" <"}


def test_what_holds_for_free_text_is_kept_with_the_vocabulary() -> None:
    constraint, other = (Constraint(Grammar(FAST, 12), tinylm.vocabulary()) for _ in range(2))
    place = Place(behind(constraint.grammar, f"{LISTS}Grounded answer: a"))
    assert constraint.allowed(place) is other.allowed(place)
