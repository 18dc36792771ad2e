"""Whether a tokenizer's own `rag` template and encoding agree with ours, on prompts that use every part of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final

from ragcli.errors import UsageError
from ragcli.ground import chat, ground, render
from ragcli.tokens import Encode, ids
from ragcli.types import CitationMode, Fields, Prompt, Role, Snippet, Turn

Message = Mapping[str, str]
Rag = Callable[[list[Message], list[Message], str], str]
"""(conversation, documents, citation mode) -> the tokenizer's own `rag` prompt, with generation prompt, as text."""

_QUESTION: Final = "  How tall do emperor penguins grow? "
_HISTORY: Final = (
    Turn(Role.USER, "Whats the biggest penguin?"),
    Turn(Role.ASSISTANT, " The emperor penguin (Ⅻ.4).\n"),
)
_DOCUMENTS: Final[tuple[Fields, ...]] = (
    (("title", "Tall penguins"), ("text", "Emperors grow up to 122 cm:\n\n - tallest\n - 45 kg\n")),
    (),
    (("snippet", "Ils vivent en Antarctique – 南极洲."), ("year", "2024"), ("empty", "")),
)
_MEND: Final = "its answers would be to another prompt than it was trained on; use the model's original files"


def check_rag(rag: Rag) -> None:
    """UsageError where the `rag` template differs from Cohere's, with the first line that does."""
    for prompt, turns in _probes():
        messages = [{"role": turn.role.value, "content": turn.text} for turn in turns]
        documents = [dict(snippet.fields) for snippet in prompt.snippets]
        _compare(render(prompt), rag([*messages], [*documents], prompt.mode.value))


def check_encoding(own: Encode, encode: Encode, special: Mapping[str, int]) -> None:
    """UsageError where `own`, the tokenizer's encoding of a whole prompt without added BOS, gives other ids."""
    for prompt in (*(prompt for prompt, _ in _probes()), chat(_QUESTION, history=_HISTORY)):
        if own(render(prompt)) != ids(prompt, encode, special):
            message = "this tokenizer encodes a prompt otherwise than its parts"
            raise UsageError(message, "use the tokenizer files that came with the model")


def _probes() -> Iterator[tuple[Prompt, Sequence[Turn]]]:
    """Prompts, and the conversations they were made of."""
    system, asked = Turn(Role.SYSTEM, "## Task and Context\nBe brief."), Turn(Role.USER, _QUESTION)
    for mode in (CitationMode.ACCURATE, CitationMode.FAST):
        for turns, documents in (((system, *_HISTORY, asked), _DOCUMENTS), ((asked,), ())):
            snippets = [Snippet(n, "", 0, "", 0, 0, "", fields, (1, 1)) for n, fields in enumerate(documents)]
            yield ground(_QUESTION, snippets, mode, history=turns[:-1]), turns


def _compare(ours: str, theirs: str) -> None:
    if ours == theirs:
        return
    lines = zip_longest(ours.split("\n"), theirs.split("\n"), fillvalue="")
    number, their = next((n, their) for n, (our, their) in enumerate(lines, 1) if our != their)
    message = f"the `rag` template of this tokenizer is not Cohere's: line {number} is {their[:80]!r}"
    raise UsageError(message, _MEND)
