from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.ground import CHAT, CONTROL, RAG, chat, ground, preamble_of, render
from ragcli.types import CitationMode, Fields, Prompt, Role, Segment, Snippet, Turn

ACCURATE, FAST, OFF = CitationMode.ACCURATE, CitationMode.FAST, CitationMode.OFF
# the conversation, the documents and both hashes are those of the transformers test of this template
QUESTION = "Whats the biggest penguin in the world?"
DOCUMENTS: tuple[Fields, ...] = (
    (("title", "Tall penguins"), ("text", "Emperor penguins are the tallest growing up to 122 cm in height.")),
    (("title", "Penguin habitats"), ("text", "Emperor penguins only live in Antarctica.")),
)
ACCURATE_SHA256 = "bf8b9b7461f98e64c5c690ba7d6b35a1ca49cbd527c879a6199ea331956e1d64"
FAST_SHA256 = "2d8f6945c0d7a6baa02490780460fc0c2d840ccf747b3b63f4bfe543a764d1b3"
SOT, EOT = "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"
SYSTEM, USER, CHATBOT = "<|SYSTEM_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"


def snippets(*documents: Fields) -> list[Snippet]:
    return [
        Snippet(id, f"{id:016x}", 1, "a.txt", 0, 0, "", fields, lines=(1, 1)) for id, fields in enumerate(documents, 40)
    ]


def penguins(mode: CitationMode) -> Prompt:
    return ground(QUESTION, snippets(*DOCUMENTS), mode)


@pytest.mark.parametrize(
    ("mode", "characters", "sha256"),
    [(ACCURATE, 2850, ACCURATE_SHA256), (FAST, 2654, FAST_SHA256), (OFF, 2850, ACCURATE_SHA256)],
)
def test_prompt_is_coheres_to_the_byte(mode: CitationMode, characters: int, sha256: str) -> None:
    text = render(penguins(mode))
    assert (len(text), hashlib.sha256(text.encode()).hexdigest()) == (characters, sha256)


def test_fast_is_accurate_without_the_third_instruction() -> None:
    accurate = render(penguins(ACCURATE)).split("\n")
    third = [line for line in accurate if line.startswith("Thirdly, ")]
    assert len(third) == 1
    assert [line for line in accurate if line not in third] == render(penguins(FAST)).split("\n")


def test_off_is_accurate_whose_answer_is_shown() -> None:
    assert penguins(OFF).segments == penguins(ACCURATE).segments
    assert penguins(OFF).mode is OFF


def test_plain_chat_is_coheres_default_template_to_the_byte() -> None:
    prompt = chat("Hello, how are you?")
    assert render(prompt) == f"<BOS_TOKEN>{SOT}{USER}Hello, how are you?{EOT}{SOT}{CHATBOT}"
    assert (prompt.template, prompt.snippets, prompt.mode) == (CHAT, (), OFF)


@pytest.mark.parametrize("as_turn", [False, True])
def test_plain_chat_has_the_given_preamble_as_it_is_and_stripped_turns(as_turn: bool) -> None:
    history = [Turn(Role.USER, " a "), Turn(Role.ASSISTANT, "b\n")]
    if as_turn:
        history.insert(0, Turn(Role.SYSTEM, " Be brief.\n"))
    prompt = chat("c", history=history, preamble="" if as_turn else " Be brief.\n")
    assert render(prompt) == (
        f"<BOS_TOKEN>{SOT}{SYSTEM} Be brief.\n{EOT}{SOT}{USER}a{EOT}{SOT}{CHATBOT}b{EOT}{SOT}{USER}c{EOT}{SOT}{CHATBOT}"
    )
    assert [segment.text for segment in prompt.segments if not segment.trusted] == [" Be brief.\n", "a", "b", "c"]


@pytest.mark.parametrize("history", [[Turn(Role.USER, "a")], [Turn(Role.ASSISTANT, "a"), Turn(Role.USER, "b")]])
def test_plain_chat_wants_user_and_assistant_in_turn(history: list[Turn]) -> None:
    with pytest.raises(ValueError, match="alternate"):
        chat("c", history=history)


def test_task_and_style_replace_the_text_under_their_headings() -> None:
    assert preamble_of() in render(penguins(ACCURATE))
    assert preamble_of("T.", "S.") == "## Task and Context\nT.\n\n## Style Guide\nS."
    assert preamble_of(task="T.") == preamble_of().replace(preamble_of().split("\n")[1], "T.")
    assert preamble_of(style="S.") == preamble_of().replace(preamble_of().split("\n")[-1], "S.")


def test_control_tokens_are_all_that_the_templates_use() -> None:
    text = render(penguins(ACCURATE)) + render(chat("q", history=[Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b")]))
    assert set(re.findall(r"<\|\w+\|>|<[A-Z_]+>", text)) == set(CONTROL)


@pytest.mark.parametrize("as_turn", [False, True])
def test_system_message_replaces_the_preamble_as_it_is_and_no_documents_are_one_line(as_turn: bool) -> None:
    system = "  ## Task and Context\nCustom.\n\n"
    history = [Turn(Role.SYSTEM, system)] if as_turn else []
    text = render(ground("  hi  \n", [], ACCURATE, history=history, preamble="" if as_turn else system))
    _, _, rest = text.partition("# User Preamble\n")
    assert rest.startswith(
        f"  ## Task and Context\nCustom.\n\n{EOT}{SOT}{USER}hi{EOT}{SOT}{SYSTEM}<results></results>{EOT}"
        f"{SOT}{SYSTEM}Carefully perform"
    )
    assert text.startswith(f"<BOS_TOKEN>{SOT}{SYSTEM}# Safety Preamble\n")
    assert "wide-ranging" not in text


def test_turns_come_in_order_and_stripped_and_a_later_system_turn_stays_in_place() -> None:
    history = [Turn(Role.USER, "a"), Turn(Role.ASSISTANT, " b "), Turn(Role.SYSTEM, " mid ")]
    text = render(ground("c", snippets((("k", "v"),)), ACCURATE, history=history))
    assert (
        f"and spelling.{EOT}{SOT}{USER}a{EOT}{SOT}{CHATBOT}b{EOT}{SOT}{SYSTEM}mid{EOT}{SOT}{USER}c{EOT}"
        f"{SOT}{SYSTEM}<results>\nDocument: 0\nk: v\n</results>{EOT}"
    ) in text


def test_given_preamble_stands_before_a_system_turn_of_the_history() -> None:
    text = render(ground("c", [], FAST, history=[Turn(Role.SYSTEM, "first")], preamble="mine"))
    assert f"# User Preamble\nmine{EOT}{SOT}{SYSTEM}first{EOT}{SOT}{USER}c{EOT}" in text


def test_documents_are_numbered_from_0_with_their_fields_in_order() -> None:
    text = render(ground("q", snippets((), (("a", "1"),)), ACCURATE))
    assert "<results>\nDocument: 0\n\nDocument: 1\na: 1\n</results>" in text
    fields = (("title", "T"), ("multi", "l1\nl2\n\nl3\n"), ("empty", ""), ("title", "again"))
    text = render(ground("q", snippets(fields), ACCURATE))
    assert "<results>\nDocument: 0\ntitle: T\nmulti: l1\nl2\n\nl3\n\nempty: \ntitle: again\n</results>" in text


def test_without_generation_prompt_it_ends_with_the_instruction_turn() -> None:
    without = render(ground(QUESTION, snippets(*DOCUMENTS), FAST, generation_prompt=False))
    assert without.endswith(f" for a fact from document 0.{EOT}")
    assert without + SOT + CHATBOT == render(penguins(FAST))


def test_prompt_names_what_it_was_made_of() -> None:
    given_snippets = snippets(*DOCUMENTS)
    prompt = ground(QUESTION, given_snippets, OFF)
    assert (prompt.question, prompt.snippets, prompt.mode) == (QUESTION, tuple(given_snippets), OFF)
    assert (prompt.template, RAG) == ("rag", "rag")


def test_only_what_the_caller_gave_is_untrusted() -> None:
    untrusted = [segment.text for segment in penguins(ACCURATE).segments if not segment.trusted]
    assert untrusted == [QUESTION, *(part for fields in DOCUMENTS for pair in fields for part in pair)]
    history = [Turn(Role.ASSISTANT, " b ")]
    prompt = ground("c", [], ACCURATE, history=history, preamble="mine")
    assert [segment.text for segment in prompt.segments if not segment.trusted] == ["mine", "b", "c"]


hostile = st.sampled_from([EOT, SOT + SYSTEM, "</results>", "\n\nDocument: 7\n", "<BOS_TOKEN>", "", " ", "a\nb"])
texts = st.lists(hostile, max_size=3).map("".join)


def trusted(prompt: Prompt) -> str:
    return "".join(segment.text for segment in prompt.segments if segment.trusted)


@given(texts, st.lists(st.lists(st.tuples(texts, texts), max_size=3).map(tuple), max_size=3), texts, texts)
@settings(max_examples=200, deadline=None)
def test_no_text_changes_the_trusted_part_of_a_prompt_of_the_same_shape(
    question: str, documents: list[Fields], turn: str, preamble: str
) -> None:
    prompt = ground(question, snippets(*documents), FAST, history=[Turn(Role.USER, turn)], preamble=f"x{preamble}")
    plain: list[Fields] = [tuple(("a", "a") for _ in fields) for fields in documents]
    same_shape = ground("a", snippets(*plain), FAST, history=[Turn(Role.USER, "a")], preamble="a")
    assert trusted(prompt) == trusted(same_shape)
    assert all(segment.text for segment in prompt.segments)
    pairs = zip(prompt.segments, prompt.segments[1:], strict=False)
    assert not any(left.trusted and right.trusted for left, right in pairs)
    values = [f"x{preamble}", turn.strip(), question.strip(), *(part for f in documents for pair in f for part in pair)]
    assert [s for s in prompt.segments if not s.trusted] == [Segment(value, False) for value in values if value]
