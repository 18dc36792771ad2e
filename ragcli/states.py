"""The places of a completion, as the grammar tells them apart: small, hashable, compared by what they hold."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from ragcli.marks import Ids
from ragcli.markup import guarded, unfinished

OPENING: Final = "<co:"
CLOSING: Final = "</co:"


class Part(Enum):
    """Where in a completion a state is."""

    LIST = "list"
    ANSWER = "answer"
    MARKED = "marked"
    COPY = "copy"
    OPEN = "open"
    END = "end"


class Source:
    """The answer that is copied; `quiet[i]`: a tag may stand before character i, as no `<` is pending there."""

    def __init__(self, text: str) -> None:
        self.text = text.rstrip()
        self.quiet = bytearray()
        guard = ""
        for char in self.text:
            self.quiet.append(guard == "")
            guard = guarded(guard, char)
        self.quiet.append(True)


class State(NamedTuple):
    """A place in a completion.

    `literal` must come first. LIST and OPEN: `written` and `digits` of their list. Text: `guard` is a `<` and what
    might make a tag of it; `before` and `header` (characters matched) watch for the header that ends an answer.
    `fresh`: no space may come next. `inside`: the numbers of the open tag. `tags`: whether one may be opened.
    """

    part: Part
    literal: str = ""
    field: int = 0
    written: Ids = ()
    digits: str = ""
    relevant: Ids = ()
    cited: Ids = ()
    last: Ids = ()
    inside: Ids = ()
    fresh: bool = True
    guard: str = ""
    before: str = ""
    header: int = 0
    at: int = 0
    source: Source | None = None
    tags: bool = True


def closable(state: State) -> bool:
    """Whether the model may want to end its text here; an open tag is then closed for it."""
    text = state.part in (Part.ANSWER, Part.MARKED)
    return text and not (state.literal or state.fresh or unfinished(state.guard))


def opening(state: State) -> bool:
    """Whether what was written last may be, or is, the beginning of an opening tag."""
    begun = state.guard and not state.inside and state.tags and state.cited and OPENING.startswith(state.guard)
    return state.part is Part.OPEN or (state.part in (Part.MARKED, Part.COPY) and bool(begun))
