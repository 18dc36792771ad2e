from __future__ import annotations

import pytest

from ragcli import asks


@pytest.mark.parametrize(
    ("question", "text", "kind"),
    [
        ("When was it built?", "It was built in 1887.", 1),
        ("When was it built?", "It was built of iron.", -1),
        ("Wann wurde er gebaut?", "Er wurde im März gebaut.", 1),
        ("How many moons are there?", "There are four moons.", 1),
        ("How many moons are there?", "There are moons.", -1),
        ("Who built the tower?", "The tower was built by Gustave Eiffel.", 1),
        ("Who was Gustave Eiffel?", "It was built by Gustave Eiffel.", -1),
        ("Where do they live?", "They live in Norway.", 1),
        ("Warum ist er rot?", "Er ist rot, weil er rostet.", 1),
        ("它是什么时候建成的？", "它建于1887年。", 1),
        ("Name the tower.", "It is a tower.", 0),
    ],
)
def test_the_kind_of_answer_is_read_from_the_question(question: str, text: str, kind: int) -> None:
    assert asks.answers(asks.read(question), text) == kind
