"""An answer as Markdown with footnotes. What is foreign is literal: it renders as it was said, and as nothing else."""

from __future__ import annotations

import re
from typing import Final

from ragcli.render.excerpt import excerpt
from ragcli.render.parts import CLOSEST, VERDICT, Numbers, in_document, left_out, reason, runs, where_text
from ragcli.render.place import Documents, Here, best_span, place_of
from ragcli.render.safe import safe
from ragcli.types import Answer, Snippet, Span

INDENT: Final = "    "
# What can begin markup in CommonMark, in GitHub's dialect or in one with mathematics, anywhere and at a line's start
_ACTS: Final = re.compile(r"[\\`*_\[\]<>&~|$^{}]")
_BEGINS: Final = re.compile(r"(?m)^[ \t]*(?:\d{1,9}(?=[.)]))?([-#+=:.)])")
_MARGIN: Final = re.compile(r"(?m)^[ \t]+|\r(?=\n)")
_BREAK: Final = re.compile(r"(?<=[^\n])\n(?=[^\S\n]*[^\s])")


def literal(text: str) -> str:
    """Foreign text that no reader of Markdown takes for markup."""
    return "".join(_pieces(text))


def _pieces(text: str) -> list[str]:
    """Each character as Markdown for it: escaped, "" where it would indent, a hard break for a line feed."""
    escaped = {match.start() for match in _ACTS.finditer(text)} | {match.start(1) for match in _BEGINS.finditer(text)}
    escaped |= {match.start() for match in _BREAK.finditer(text)}
    dropped = {at for match in _MARGIN.finditer(text) for at in range(*match.span())}
    return [
        "" if at in dropped else ("\\" if at in escaped else "") + safe(character) for at, character in enumerate(text)
    ]


def answer_markdown(answer: Answer, documents: Documents, here: Here) -> str:
    """The answer, each citation a footnote: place, check of support, and the quote. `here` tells how paths show."""
    if answer.outcome in VERDICT:
        return _abstention(answer, documents, here)
    numbers = Numbers(answer.citations)
    pieces = _pieces(answer.text)
    text, at = "", 0
    for run in runs(answer):
        text += "".join(pieces[at : at + len(run.text)])
        text += "".join(f"[^{number}]" for citation in run.ending for number in numbers.of(citation))
        at += len(run.text)
    notes = [f"{text.strip()}\n"]
    for number, cited in enumerate(numbers.sources, 1):
        span = (cited.support.start, cited.support.end)
        head = f"[^{number}]: {_where(cited.snippet, span, documents, here)} · {cited.support.status.value}\n"
        notes.append(f"{head}\n{INDENT}> {_quote(cited.snippet, span, documents)}\n")
    if note := left_out(answer):
        notes.append(f"*{_line(note)}*\n")
    return "\n".join(notes)


def _abstention(answer: Answer, documents: Documents, here: Here) -> str:
    parts = [f"**{VERDICT[answer.outcome]}**\n"]
    if why := reason(answer):
        parts.append(f"Reason: {_line(why)}\n")
    for rank, hit in enumerate(answer.hits[:CLOSEST], 1):
        place = _where(hit.snippet, (0, 0), documents, here)
        parts.append(f"{rank}. {place}\n\n{INDENT}> {_quote(hit.snippet, best_span(hit), documents)}\n")
    return "\n".join(parts)


def _where(snippet: Snippet, span: Span, documents: Documents, here: Here) -> str:
    return _line(where_text(place_of(snippet, span, documents), here))


def _quote(snippet: Snippet, span: Span, documents: Documents) -> str:
    parts = excerpt(*in_document(snippet, span, documents))
    return _line(parts.span or parts.after)


def _line(text: str) -> str:
    return literal(" ".join(text.split()))
