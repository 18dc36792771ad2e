"""What the forms of an answer share: the numbers of its sources, its cited stretches, its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from ragcli.render.place import Documents, Here, Place, lines_text, pages_text
from ragcli.types import Answer, Citation, CitationMode, Cited, Outcome, Snippet, Span, SupportStatus

SECTION: Final = 120
CLOSEST: Final = 3
LEFT_OUT: Final = 80
"""Characters of an uncited claim that are shown."""
UNCITED: Final = "No part of this answer is cited from your documents."
VERDICT: Final = {
    Outcome.NO_EVIDENCE: "Not in your documents.",
    Outcome.DECLINED: "The model found no answer in your documents.",
}
"""What is said instead of an answer."""
GLYPH: Final = {
    SupportStatus.SUPPORTED: "✓",
    SupportStatus.PARTIAL: "~",
    SupportStatus.UNSUPPORTED: "✗",
    SupportStatus.UNCHECKED: "?",
}


def left_out(answer: Answer) -> str:
    """What of an answer no source carries, in a line; "" where all is cited or nothing was to be."""
    if answer.mode is CitationMode.OFF:
        return ""
    if not answer.citations:
        return UNCITED
    told = "Without support" if answer.outcome is Outcome.UNSUPPORTED else "Not cited"
    if not answer.uncited:
        return f"{told}: a cited claim." if answer.outcome is Outcome.UNSUPPORTED else ""
    first = " ".join(answer.text[slice(*answer.uncited[0])].split())
    short = first if len(first) <= LEFT_OUT else first[:LEFT_OUT].rpartition(" ")[0] + " …"
    more = f" and {len(answer.uncited) - 1} more" if len(answer.uncited) > 1 else ""
    share = "" if answer.coverage is None else f" ({answer.coverage:.0%} of what the answer says is cited)"
    return f'{told}: "{short}"{more}{share}'


def reason(answer: Answer) -> str:
    """Why there is no answer: the evidence says so, or the model, against it."""
    said = answer.outcome is Outcome.DECLINED and answer.evidence.enough
    return "the model cites none of the passages" if said else answer.evidence.reason


class Numbers:
    """Source numbers as displayed: one for each quote, from 1, in order of appearance in the answer."""

    def __init__(self, citations: Sequence[Citation]) -> None:
        self.sources: list[Cited] = []
        self._numbers: dict[tuple[str, int, int], int] = {}
        for citation in sorted(citations, key=lambda each: (each.end, each.start)):
            for cited in citation.sources:
                key = _quote_key(cited)
                if key not in self._numbers:
                    self.sources.append(cited)
                    self._numbers[key] = len(self.sources)

    def of(self, citation: Citation) -> list[int]:
        """Ascending, each once."""
        return sorted({self._numbers[_quote_key(cited)] for cited in citation.sources})

    def marks(self, citation: Citation) -> str:
        """ "[1][3]"."""
        return "".join(f"[{number}]" for number in self.of(citation))


def _quote_key(cited: Cited) -> tuple[str, int, int]:
    return cited.snippet.ref, cited.support.start, cited.support.end


class Run(NamedTuple):
    """A stretch of an answer: the citations it lies in, and those that end with it."""

    text: str
    within: tuple[Citation, ...]
    ending: tuple[Citation, ...]


def runs(answer: Answer) -> Iterator[Run]:
    """The answer's text cut at every edge of a citation; citations may overlap."""
    text = answer.text
    edges = sorted({0, len(text), *(edge for each in answer.citations for edge in (each.start, each.end))})
    for start, end in pairwise(edges):
        within = tuple(each for each in answer.citations if each.start <= start and end <= each.end)
        part = text[start:end]
        if text[end - 1 : end + 1] == "\r\n":  # the line end is the next run's
            part = part[:-1] + " "
        yield Run(part, within, tuple(each for each in within if each.end == end))


def where_text(place: Place, here: Here) -> str:
    """path:lines, page and section in one line, as foreign as the names in it."""
    parts = (here.shown(place.uri) + lines_text(place), pages_text(place), place.section[:SECTION])
    return " · ".join(part for part in parts if part)


def in_document(snippet: Snippet, span: Span, documents: Documents) -> tuple[str, Span]:
    """The text that a span of a document is shown in, and the span there; an empty span is the snippet's start."""
    document = documents.get(snippet.uri)
    if document is None or span[1] <= span[0]:
        offset = snippet.start if span[1] > span[0] else span[0]
        return snippet.text, (span[0] - offset, span[1] - offset)
    return document.text, span
