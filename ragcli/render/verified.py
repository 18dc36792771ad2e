"""What became of the sources of saved answers, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Final

from ragcli.errors import EXIT_OK, CheckFailed
from ragcli.render.jsonform import Value, path_value
from ragcli.render.layout import Look, Segment, lay
from ragcli.render.parts import GLYPH, where_text
from ragcli.render.place import Documents, Here, place_of
from ragcli.render.safe import name
from ragcli.reports import Rechecked, Saved, SourceState
from ragcli.types import Snippet, Span, SupportStatus

STYLE: Final = {
    SourceState.OK: "good",
    SourceState.MOVED: "warn",
    SourceState.CHANGED: "bad",
    SourceState.GONE: "bad",
}
SHOWN: Final = 160
INDENT: Final = "    "


def holds(each: Rechecked) -> bool:
    """Whether a source is where it was and not found to say something else."""
    unsupported = each.support is not None and each.support.status is SupportStatus.UNSUPPORTED
    return each.state is SourceState.OK and not unsupported


def verified_text(found: Sequence[Rechecked], answers: Sequence[Saved], look: Look, docs: Documents, here: Here) -> str:
    """A paragraph a source under its question: what became of it, where it was, where it is, the claim; then counts."""
    parts = []
    for (_, question), sources in groupby(found, lambda each: (each.line, each.question)):
        parts.append(lay([Segment(name(question), "bold")], look))
        parts += [_source(number, each, look, docs, here) for number, each in enumerate(sources, 1)]
        parts.append("\n")
    return "".join(parts) + lay([Segment(_counts(found, answers), "bold")], look)


def _source(number: int, each: Rechecked, look: Look, docs: Documents, here: Here) -> str:
    head = [Segment(f"  [{number}] ", "number"), Segment(each.state.value.ljust(8), STYLE[each.state])]
    there = None if each.snippet is None else where_text(place_of(each.snippet, each.span, docs), here)
    stays = there is not None and each.state is not SourceState.MOVED
    head.append(Segment(name(there if there and stays else here.shown(each.source.uri)), "bold"))
    if each.support is not None:
        status = each.support.status
        shown = look.glyph(GLYPH[status]) if GLYPH[status] in "✓✗" else GLYPH[status]
        head.append(Segment(f"  {shown} {status.value}", "" if holds(each) else "warn", whole=True))
    text = lay(head, look, indent=INDENT, first="")
    told = f"now {there}" if there and not stays else each.detail
    if told:
        text += lay([Segment(name(told))], look, indent=INDENT * 2)
    return text + (lay([Segment(name(_short(each.claim)), "dim")], look, indent=INDENT * 2) if each.claim else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[:SHOWN].rpartition(" ")[0] + " …"


def _counts(found: Sequence[Rechecked], answers: Sequence[Saved]) -> str:
    """ "3 sources: 2 ok, 1 moved"."""
    if not found:
        return f"No sources to check in {len(answers)} answer{'s' if len(answers) != 1 else ''}."
    states = Counter(each.state for each in found)
    told = ", ".join(f"{states[state]:,} {state.value}" for state in SourceState if states[state])
    bare = sum(each.state is SourceState.OK and not holds(each) for each in found)
    more = f"; {bare:,} {'does not support its claim' if bare == 1 else 'do not support their claims'}"
    return f"{len(found):,} source{'s' if len(found) != 1 else ''}: {told}{more if bare else ''}"


def verified_value(found: Sequence[Rechecked], answers: Sequence[Saved], docs: Documents) -> Value:
    """ragcli.verified/1."""
    ok = all(holds(each) for each in found)
    states = Counter(each.state for each in found)
    return {
        "schema": "ragcli.verified/1",
        "ok": ok,
        "exit_code": EXIT_OK if ok else CheckFailed.exit_code,
        "answers": len(answers),
        "states": {state.value: states[state] for state in SourceState},
        "sources": [_value(each, docs) for each in found],
    }


def _value(each: Rechecked, docs: Documents) -> Value:
    return {
        "line": each.line,
        "question": each.question,
        "claim": {"start": each.source.claim[0], "end": each.source.claim[1], "text": each.claim},
        "id": each.source.ref,
        "path": path_value(each.source.uri),
        "state": each.state.value,
        "detail": each.detail,
        "now": None if each.snippet is None else _place(each.snippet, each.span, docs),
        "support": None if each.support is None else asdict(each.support),
        "was": each.source.status or None,
    }


def _place(snippet: Snippet, span: Span, docs: Documents) -> Value:
    """Where the quote is now."""
    place = place_of(snippet, span, docs)
    return {
        "id": snippet.ref,
        "path": path_value(snippet.uri),
        "start": span[0],
        "end": span[1],
        "line_start": place.lines[0],
        "line_end": place.lines[1],
        "page_start": place.pages[0] if place.pages else None,
        "page_end": place.pages[-1] if place.pages else None,
    }
