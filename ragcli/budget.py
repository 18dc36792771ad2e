"""Which documents fit into a model's context, and what each part of a prompt takes, in tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from ragcli.errors import UsageError
from ragcli.ground import CHAT, CONTROL
from ragcli.record import record
from ragcli.reports import Part
from ragcli.tokens import count, model_copy
from ragcli.types import CitationMode, Prompt, Segment, Snippet

CountTokens = Callable[[str], int]

_SEAM: Final = re.compile(
    rf"(?<!{re.escape(CONTROL[0])})(?={re.escape(CONTROL[1])})|(?=\nDocument: [0-9]+\n)|(?=</results>)"
)
_SPEAKERS: Final = dict(zip(CONTROL[3:], ("system", "user", "assistant"), strict=True))


@record
class Fitted:
    """A prompt that leaves room for its answer, its size, and the snippets that it had no room for."""

    prompt: Prompt
    tokens: int
    dropped: tuple[Snippet, ...]


def fit(
    make: Callable[[Sequence[Snippet]], Prompt], snippets: Sequence[Snippet], *, count_tokens: CountTokens, room: int
) -> Fitted:
    """The prompt of the most of the first `snippets` that takes at most `room` tokens; nothing is cut.

    UsageError: not even one of them fits, or the rest of the prompt alone does not.
    """

    def made(kept: int) -> Fitted:
        prompt = make(snippets[:kept])
        return Fitted(prompt, count(prompt, count_tokens), tuple(snippets[kept:]))

    best = made(len(snippets))
    if best.tokens <= room:
        return best
    fewest = min(1, len(snippets))
    low, high = fewest, len(snippets)  # low may fit, high does not
    best = made(fewest) if low < high else best
    if best.tokens > room:
        message = f"the prompt takes {best.tokens:,} tokens with {fewest} of its documents; there is room for {room:,}"
        raise UsageError(message, "lower --max-new-tokens, ask a shorter question, or start the conversation anew")
    while high - low > 1:
        middle = (low + high) // 2
        tried = made(middle)
        low, high, best = (middle, high, tried) if tried.tokens <= room else (low, middle, best)
    return best


def parts(prompt: Prompt, count_tokens: CountTokens) -> list[Part]:
    """The prompt's parts in order; a part's tokens are those it adds to the part before, so they sum up to all."""
    groups: list[list[Segment]] = [[]]
    for segment in model_copy(prompt):
        first, *rest = _SEAM.split(segment.text) if segment.trusted else [segment.text]
        groups[-1].append(Segment(first, segment.trusted))
        groups += [[Segment(text, True)] for text in rest]
    groups = [group for group in groups if any(segment.text for segment in group)]
    found: list[Part] = []
    before: list[Segment] = []
    for place, group in enumerate(groups):
        tokens = _count([*before, *group], count_tokens) - _count(before, count_tokens)
        text = "".join(segment.text for segment in group)
        found.append(Part(_name(text, place, prompt), text, tokens))
        before = group
    return found


def _count(segments: Sequence[Segment], count_tokens: CountTokens) -> int:
    return count(Prompt("", tuple(segments), (), CitationMode.OFF), count_tokens) if segments else 0


def _name(text: str, place: int, prompt: Prompt) -> str:
    """What a part is, by how it begins."""
    rag = prompt.template != CHAT
    if place == 0 and (rag or CONTROL[3] in text):
        return "preamble"
    if number := re.match(r"\nDocument: ([0-9]+)\n", text):
        return f"document {number[1]}"
    if text.startswith("</results>"):
        return "end of documents"
    speaker = next(name for token, name in _SPEAKERS.items() if token in text)
    if rag and speaker == "system":
        if text.startswith(f"{CONTROL[1]}{CONTROL[3]}<results>"):
            return "documents"
        if text.startswith(f"{CONTROL[1]}{CONTROL[3]}Carefully perform"):
            return "instructions"
    return "answer" if text.endswith(CONTROL[5]) else speaker
