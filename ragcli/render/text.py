"""Answers and hits for people: numbered marks, the sources with their quotes, calm at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragcli.render.excerpt import Excerpt, excerpt
from ragcli.render.layout import Look, Segment, file_link, lay
from ragcli.render.parts import CLOSEST, GLYPH, SECTION, VERDICT, Numbers, left_out, reason, runs
from ragcli.render.place import Documents, Here, Place, best_span, lines_text, pages_text, place_of
from ragcli.render.safe import name
from ragcli.types import Answer, Cited, Hit, Scores, Snippet, Span, SupportStatus

STYLE: Final = {
    SupportStatus.SUPPORTED: "good",
    SupportStatus.PARTIAL: "warn",
    SupportStatus.UNSUPPORTED: "bad",
    SupportStatus.UNCHECKED: "dim",
}
DEEP: Final = "      "
COPIES: Final = 3
"""Named below a hit."""


def answer_text(answer: Answer, look: Look, documents: Documents, here: Here) -> str:
    """The answer with its sources, or what there is instead of one. `here` tells how paths are shown."""
    if answer.outcome in VERDICT:
        return _abstention(answer, look, documents, here)
    numbers = Numbers(answer.citations)
    parts = [lay(_marked(answer, numbers), look)]
    if numbers.sources:
        parts.append("\n" + sources_text(numbers.sources, look, documents, here))
    if note := left_out(answer):
        parts.append("\n" + lay([Segment(name(note), "warn")], look))
    return "".join(parts)


def sources_text(sources: Sequence[Cited], look: Look, documents: Documents, here: Here) -> str:
    """The sources of an answer, numbered from 1: place, check and quote."""
    listed = [_source(number, cited, look, documents, here) for number, cited in enumerate(sources, 1)]
    return lay([Segment("Sources", "bold")], look) + "".join(listed)


def _marked(answer: Answer, numbers: Numbers) -> list[Segment]:
    """The answer cut at every edge of a citation, cited spans styled, marks after each one's end."""
    segments = []
    for run in runs(answer):
        segments.append(Segment(run.text, "cited" if run.within else ""))
        segments += [Segment(numbers.marks(citation), "number") for citation in run.ending]
    return segments


def _source(number: int, cited: Cited, look: Look, documents: Documents, here: Here) -> str:
    span = (cited.support.start, cited.support.end)
    place = place_of(cited.snippet, span, documents)
    glyph, style = GLYPH[cited.support.status], STYLE[cited.support.status]
    shown = look.glyph(glyph) if glyph in "✓✗" else glyph
    head = [Segment(f"[{number}]", "number"), Segment(" "), *where(place, look, here)]
    head += [Segment("  "), Segment(f"{shown} {cited.support.status.value}", style, whole=True)]
    return lay(head, look, indent=DEEP, first="  ") + _quoted(cited.snippet, span, look, documents, DEEP)


def _quoted(snippet: Snippet, span: Span, look: Look, documents: Documents, indent: str) -> str:
    document = documents.get(snippet.uri)
    text, offset = (document.text, 0) if document else (snippet.text, snippet.start)
    if span[1] <= span[0]:
        text, offset = snippet.text, span[0]
    return lay(_highlighted(excerpt(text, (span[0] - offset, span[1] - offset)), look), look, indent=indent)


def _highlighted(parts: Excerpt, look: Look) -> list[Segment]:
    dots = look.glyph("…")
    styles = ("dim", "quote", "dim")
    return [Segment(part.replace("…", dots), style) for part, style in zip(parts, styles, strict=True)]


def where(place: Place, look: Look, here: Here) -> list[Segment]:
    """path:lines · page · section, the path a link to the file."""
    segments = [Segment(name(here.shown(place.uri)) + lines_text(place), "bold", file_link(here.base / place.uri))]
    parts = [part for part in (pages_text(place), place.section[:SECTION]) if part]
    return segments + [Segment(name(f" {look.glyph('·')} {part}")) for part in parts]


def _abstention(answer: Answer, look: Look, documents: Documents, here: Here) -> str:
    parts = [lay([Segment(VERDICT[answer.outcome], "bold")], look)]
    if why := reason(answer):
        parts.append(lay([Segment(f"Reason: {name(why)}")], look))
    if answer.hits:
        parts.append("\n" + closest_text(answer.hits, look, documents, here))
    return "".join(parts)


def closest_text(hits: Sequence[Hit], look: Look, documents: Documents, here: Here) -> str:
    """The first hits, as what there is where there is no answer."""
    shown = [_hit(f"{rank}", hit, look, documents, here, scores=False) for rank, hit in enumerate(hits[:CLOSEST], 1)]
    return lay([Segment("Closest passages", "bold")], look) + "".join(shown)


def hits_text(hits: Sequence[Hit], look: Look, documents: Documents, here: Here) -> str:
    """One paragraph a hit: rank, place, scores, and the best passage in its surroundings."""
    if not hits:
        return lay([Segment("Nothing found.", "bold")], look)
    return "\n".join(_hit(f"{rank}", hit, look, documents, here) for rank, hit in enumerate(hits, 1))


def _hit(rank: str, hit: Hit, look: Look, documents: Documents, here: Here, *, scores: bool = True) -> str:
    place = place_of(hit.snippet, (hit.snippet.start, hit.snippet.end), documents)
    head = [Segment(rank, "number"), Segment(" " * max(4 - len(rank), 1)), *where(place, look, here)]
    text = lay(head, look, indent="    ", first="")
    if scores:
        text += lay([Segment(_scores(hit.scores, hit.snippet.ref), "dim")], look, indent="    ")
    return text + _quoted(hit.snippet, best_span(hit), look, documents, "    ") + _copies(hit, look, documents, here)


def _copies(hit: Hit, look: Look, documents: Documents, here: Here) -> str:
    """Where nearly the same stands."""
    shown: list[Segment] = []
    for copy in hit.copies[:COPIES]:
        shown += [Segment(", " if shown else "also in ", "dim"), *_file(copy, look, documents, here)]
    if more := len(hit.copies) - COPIES:
        shown += [Segment(f" and {more} more", "dim")] if more > 0 else []
    return lay(shown, look, indent="    ") if shown else ""


def _file(snippet: Snippet, look: Look, documents: Documents, here: Here) -> list[Segment]:
    return where(place_of(snippet, (snippet.start, snippet.end), documents), look, here)[:1]


def _scores(scores: Scores, ref: str) -> str:
    parts = [f"score {scores.fused:.3f}"]
    legs = (("dense", scores.dense), ("lexical", scores.lexical), ("rerank", scores.rerank))
    parts += [f"{name} {value:.3f}" for name, value in legs if value is not None]
    return "  ".join([*parts, f"ref {ref}"])
