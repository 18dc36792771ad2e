"""What a conversation shows besides answers: the answer while it comes, a source in its surroundings, the help."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TextIO

from ragcli.render.layout import Look, Segment, lay, rewind
from ragcli.render.place import Documents, Here, place_of
from ragcli.render.text import where
from ragcli.types import Document, Snippet, Span

COMMANDS: Final = (
    ("/sources", "the sources of the last answer again"),
    ("/show N", "source N in its page or surroundings, the cited words marked"),
    ("/mode accurate|fast|off", "how answers cite; alone: how they do now"),
    ("/forget", "start anew: earlier turns count no more"),
    ("/help", "this list"),
    ("/quit", "leave, as Ctrl-D does"),
)
KEYS: Final = (
    "Ctrl-C stops an answer or clears the line; once more leaves. Up and Down go through what was typed before."
)
COLUMN: Final = 26
TICK_S: Final = 0.05
LINES_AROUND: Final = 8
CHARS_AROUND: Final = 1_200
MARKS: Final = ("[[", "]]")
"""Around the cited words where color cannot show them."""


def welcome_text(documents: int, turns: int, look: Look) -> str:
    """The line above the first prompt."""
    dot = f" {look.glyph('·')} "
    parts = [f"{documents:,} document{'s' if documents != 1 else ''}"]
    parts += [f"{turns:,} earlier question{'s' if turns != 1 else ''}"] if turns else []
    return lay([Segment(dot.join([*parts, "/help lists the commands, Ctrl-D leaves"]), "dim")], look)


def help_text(look: Look) -> str:
    """The commands with what they do."""
    rows = [
        lay([Segment(usage.ljust(COLUMN), "bold"), Segment(does)], look, indent=" " * COLUMN, first="")
        for usage, does in COMMANDS
    ]
    return "".join(rows) + lay([Segment(KEYS, "dim")], look)


class Live:
    """Shows an answer's text while it comes, and takes it away again for the answer with its citations.

    Where nothing can be taken away (not `movable`: the terminal is dumb) nothing is shown. A window that changed its
    size keeps what stands there.
    """

    def __init__(self, stream: TextIO, look: Callable[[], Look], height: Callable[[], int], *, movable: bool) -> None:
        self.text = ""
        self._stream, self._look, self._height, self._movable = stream, look, height, movable
        self._painted = 0
        self._width: int | None = None
        self._next = 0.0

    def add(self, text: str) -> None:
        """The next part of the answer."""
        now = time.monotonic()
        if text and not self.text:
            self._next = now + TICK_S  # what is there at once is shown once
        self.text += text
        if text and now >= self._next:
            self._paint()
            self._next = now + TICK_S

    def clear(self) -> None:
        """Takes away what is shown."""
        if self._painted and self._look().width == self._width:
            self._stream.write(rewind(self._painted))
        self._painted = 0

    def _paint(self) -> None:
        look = self._look()
        if not self._movable or look.width is None:
            return
        lines = lay([Segment(self.text.strip())], look).splitlines(keepends=True)[-max(self._height() - 2, 1) :]
        self.clear()
        self._stream.write("".join(lines))
        self._stream.flush()
        self._painted, self._width = len(lines), look.width


def passage_text(number: int, snippet: Snippet, span: Span, look: Look, documents: Documents, here: Here) -> str:
    """The pages that a span lies on, or else the lines around it, the span marked. `span` is in the document's
    characters; an empty one is the snippet."""
    place = place_of(snippet, span, documents)
    document = documents.get(snippet.uri)
    text, offset = (document.text, 0) if document else (snippet.text, snippet.start)
    first, last = _around(document, place.pages, (place.start, place.end)) if document else (0, len(text))
    start, end = place.start - offset, place.end - offset
    opening, closing = ("", "") if look.color else MARKS
    dots = look.glyph("…")
    title = [Segment(f"[{number}]", "number"), Segment(" "), *where(place, look, here)]
    before = (dots if first > 0 and not _at_edge(text, first) else "") + text[first:start].lstrip("\n\f")
    after = text[end:last].rstrip() + (dots if last < len(text) and not _at_edge(text, last) else "")
    body = [Segment(before, "dim"), Segment(f"{opening}{text[start:end]}{closing}", "quote"), Segment(after, "dim")]
    return lay(title, look, indent="    ", first="") + "\n" + lay(body, look, indent="  ")


def _at_edge(text: str, at: int) -> bool:
    return text[at - 1] in "\n\f" or text[at] in "\n\f"


def _around(document: Document, pages: Sequence[int], span: Span) -> Span:
    """The span's pages, or some lines on each side, never more than CHARS_AROUND characters on each."""
    text, (start, end) = document.text, span
    before, after = text[max(start - CHARS_AROUND, 0) : start], text[end : end + CHARS_AROUND]
    if pages and document.pages:
        page, past = document.pages[pages[0] - 1].start, len(text)
        if pages[-1] < len(document.pages):
            past = document.pages[pages[-1]].start
        return max(page, start - len(before)), min(past, end + len(after))
    lines_before = "\n".join(before.split("\n")[-LINES_AROUND - 1 :])
    lines_after = "\n".join(after.split("\n")[: LINES_AROUND + 1])
    return start - len(lines_before), end + len(lines_after)
