"""What was asked and answered, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ragcli.errors import EXIT_NO_EVIDENCE, EXIT_OK
from ragcli.render.jsonform import Value, path_value
from ragcli.render.layout import Look, Segment, lay
from ragcli.render.parts import VERDICT
from ragcli.render.safe import name
from ragcli.reports import Asked
from ragcli.types import Outcome

INDENT = "    "
SHOWN = 1_000
DROPPED = "(answer dropped: a passage it was made from has left the index or changed)"


def log_text(entries: Sequence[Asked], look: Look) -> str:
    """A paragraph an entry: when and what was asked, the answer, and the refs that it cites."""
    return "\n".join(_entry(entry, look) for entry in entries) or lay([Segment("Nothing in the log.", "bold")], look)


def _entry(entry: Asked, look: Look) -> str:
    at = datetime.fromisoformat(entry.at).replace(tzinfo=UTC).astimezone()
    head = [Segment(f"{at:%Y-%m-%d %H:%M}  ", "dim"), Segment(name(entry.question), "bold")]
    text = lay(head, look, indent=INDENT, first="")
    answer = entry.answer or VERDICT.get(Outcome(entry.outcome), "")
    if entry.answer is None:
        text += lay([Segment(DROPPED, "dim")], look, indent=INDENT)
    elif answer:
        more = look.glyph("…") if len(answer) > SHOWN else ""
        text += lay([Segment(answer[:SHOWN].strip() + more)], look, indent=INDENT)
    sources = "".join(f"{name(uri)}  ref {name(ref)}\n" for ref, uri in entry.sources).rstrip("\n")
    return text + (lay([Segment(sources, "dim")], look, indent=INDENT) if sources else "")


def log_value(entries: Sequence[Asked], *, found: bool) -> Value:
    """ragcli.log/1; `found` is false where words were looked for in vain."""
    return {
        "schema": "ragcli.log/1",
        "ok": True,
        "exit_code": EXIT_OK if found else EXIT_NO_EVIDENCE,
        "entries": [
            {
                "at": entry.at,
                "question": entry.question,
                "answer": entry.answer,
                "outcome": entry.outcome,
                "runtime": entry.runtime,
                "sources": [{"id": ref, "path": path_value(uri)} for ref, uri in entry.sources],
            }
            for entry in entries
        ],
    }


def cleared_value(count: int) -> Value:
    """ragcli.log_cleared/1."""
    return {"schema": "ragcli.log_cleared/1", "ok": True, "exit_code": EXIT_OK, "entries": count}
