"""Question and snippets -> the exact prompt of Command-R's `rag` template (v01, R+ 04-2024, both 08-2024).

Trusted segments are the template's own words; keys and values of documents, turns, the question and a given
preamble are untrusted, whatever they hold. Snippet i of the prompt is `Document: i`.
`chat` is plain chat, without documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ragcli.types import CitationMode, Prompt, Role, Segment, Snippet, Turn

BOS: Final = "<BOS_TOKEN>"
_OPEN: Final = "<|START_OF_TURN_TOKEN|>"
_END: Final = "<|END_OF_TURN_TOKEN|>"
_SPEAKER: Final = {
    Role.SYSTEM: "<|SYSTEM_TOKEN|>",
    Role.USER: "<|USER_TOKEN|>",
    Role.ASSISTANT: "<|CHATBOT_TOKEN|>",
}
CONTROL: Final = (BOS, _OPEN, _END, *_SPEAKER.values())
"""The control tokens of both templates."""
RAG: Final = "rag"
CHAT: Final = "default"
"""Cohere's names of the templates, `Prompt.template`."""

_SAFETY: Final = (
    "The instructions in this section override those in the task description and style guide sections. "
    "Don't answer questions that are harmful or immoral."
)
_RULES: Final = (
    "You are a powerful conversational AI trained by Cohere to help people. You are augmented by a number of tools, "
    "and your job is to use and consume the output of these tools to best help the user. You will see a conversation "
    "history between yourself and a user, ending with an utterance from the user. You will then see a specific "
    "instruction instructing you what kind of response to generate. When you answer the user's requests, you cite your "
    "sources in your answers, according to those instructions."
)
_TASK: Final = (
    "You help people answer their questions and other requests interactively. You will be asked a very wide array of "
    "requests on all kinds of topics. You will be equipped with a wide range of search engines or similar tools to "
    "help you, which you use to research your answer. You should focus on serving the user's needs as best you can, "
    "which will be wide-ranging."
)
_STYLE: Final = (
    "Unless the user asks for a different style of answer, you should answer in full sentences, using proper grammar "
    "and spelling."
)
# "followed a" and "dont" are Cohere's: the model was trained on these bytes.
_INSTRUCTIONS: Final = (
    "Carefully perform the following instructions, in order, starting each with a new line.\n"
    "Firstly, Decide which of the retrieved documents are relevant to the user's last input by writing "
    "'Relevant Documents:' followed by comma-separated list of document numbers. If none are relevant, you should "
    "instead write 'None'.\n"
    "Secondly, Decide which of the retrieved documents contain facts that should be cited in a good answer to the "
    "user's last input by writing 'Cited Documents:' followed a comma-separated list of document numbers. If you dont "
    "want to cite any of them, you should instead write 'None'.\n"
)
_ANSWER_FIRST: Final = (
    "Thirdly, Write 'Answer:' followed by a response to the user's last input in high quality natural english. "
    "Use the retrieved documents to help you. Do not insert any citations or grounding markup.\n"
)
_FINALLY: Final = (
    "Finally, Write 'Grounded answer:' followed by a response to the user's last input in high quality natural "
    "english. Use the symbols <co: doc> and </co: doc> to indicate when a fact comes from a document in the search "
    "result, e.g <co: 0>my fact</co: 0> for a fact from document 0."
)
_HEAD: Final = (
    f"{BOS}{_OPEN}{_SPEAKER[Role.SYSTEM]}# Safety Preamble\n{_SAFETY}\n\n"
    f"# System Preamble\n## Basic Rules\n{_RULES}\n\n# User Preamble\n"
)


def ground(
    question: str,
    snippets: Sequence[Snippet],
    mode: CitationMode,
    *,
    history: Sequence[Turn] = (),
    preamble: str = "",
    generation_prompt: bool = True,
) -> Prompt:
    """The prompt for the question: history oldest first, snippets in the order that numbers them.

    `preamble`, or else a system turn at the head of the history, replaces the default one as it is; turns are
    stripped. Mode off renders as accurate: its `Answer:` is shown. Nothing is neutralised here: encode by segment.
    """
    turns = [*history, Turn(Role.USER, question)]
    if preamble:
        turns.insert(0, Turn(Role.SYSTEM, preamble))
    pieces = [*_turns(turns), *_documents(snippets), *_instruction(mode, generation_prompt)]
    return Prompt(question, _joined(pieces), tuple(snippets), mode, RAG)


def chat(question: str, *, history: Sequence[Turn] = (), preamble: str = "") -> Prompt:
    """The prompt of plain chat, without documents; `preamble` as for `ground`, nothing stands in for it.

    ValueError: turns do not go user, assistant, ..., which is what that template asks for.
    """
    turns = [*history, Turn(Role.USER, question)]
    if preamble:
        turns.insert(0, Turn(Role.SYSTEM, preamble))
    given = turns[0].role is Role.SYSTEM
    pieces = [Segment(BOS, True)]
    if given:
        pieces += (Segment(_OPEN + _SPEAKER[Role.SYSTEM], True), Segment(turns[0].text, False), Segment(_END, True))
    for place, turn in enumerate(turns[given:]):
        if turn.role is not (Role.ASSISTANT if place % 2 else Role.USER):
            raise ValueError("the turns of a chat alternate between user and assistant")
        pieces += _turn(turn)
    pieces.append(Segment(f"{_OPEN}{_SPEAKER[Role.ASSISTANT]}", True))
    return Prompt(question, _joined(pieces), (), CitationMode.OFF, CHAT)


def preamble_of(task: str = "", style: str = "") -> str:
    """Cohere's default preamble; `task` and `style` replace the text under its two headings."""
    return f"## Task and Context\n{task or _TASK}\n\n## Style Guide\n{style or _STYLE}"


def render(prompt: Prompt) -> str:
    """The prompt as one text, for people and counting; a model gets ids made segment by segment."""
    return "".join(segment.text for segment in prompt.segments)


def _turns(turns: Sequence[Turn]) -> Iterator[Segment]:
    """The head with the preamble, then the other turns."""
    yield Segment(_HEAD, True)
    given = turns[0].role is Role.SYSTEM
    yield Segment(turns[0].text, False) if given else Segment(preamble_of(), True)
    yield Segment(_END, True)
    for turn in turns[given:]:
        yield from _turn(turn)


def _turn(turn: Turn) -> Iterator[Segment]:
    yield Segment(_OPEN + _SPEAKER[turn.role], True)
    yield Segment(turn.text.strip(), False)
    yield Segment(_END, True)


def _documents(snippets: Sequence[Snippet]) -> Iterator[Segment]:
    yield Segment(f"{_OPEN}{_SPEAKER[Role.SYSTEM]}<results>", True)
    for number, snippet in enumerate(snippets):
        yield Segment(f"\nDocument: {number}\n", True)
        for key, value in snippet.fields:
            yield Segment(key, False)
            yield Segment(": ", True)
            yield Segment(value, False)
            yield Segment("\n", True)
    yield Segment(f"</results>{_END}", True)


def _instruction(mode: CitationMode, generation_prompt: bool) -> Iterator[Segment]:
    answer_first = "" if mode is CitationMode.FAST else _ANSWER_FIRST
    yield Segment(f"{_OPEN}{_SPEAKER[Role.SYSTEM]}{_INSTRUCTIONS}{answer_first}{_FINALLY}{_END}", True)
    if generation_prompt:
        yield Segment(f"{_OPEN}{_SPEAKER[Role.ASSISTANT]}", True)


def _joined(pieces: Sequence[Segment]) -> tuple[Segment, ...]:
    """Without empty segments, and with neighbouring trusted ones as one: no token is split at a seam of ours."""
    joined: list[Segment] = []
    for piece in pieces:
        if piece.trusted and joined and joined[-1].trusted:
            joined[-1] = Segment(joined[-1].text + piece.text, True)
        elif piece.text:
            joined.append(piece)
    return tuple(joined)
