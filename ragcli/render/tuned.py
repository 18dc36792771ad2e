"""The weights of an index, and what became of those that were put to the test: for people, and as a JSON value."""

from __future__ import annotations

from typing import Any, Final

from ragcli.errors import EXIT_OK
from ragcli.render.jsonform import Value, path_value
from ragcli.render.layout import Look, Segment, lay
from ragcli.render.safe import name
from ragcli.reports import Tuned, Weighed

COLUMN: Final = 10
MEANING: Final = {
    "dense": "meaning against words, in search",
    "document": "a passage's whole document",
    "rerank": "the second reading of close passages",
    "likeness": "meaning against words, in sentences",
    "enough": "the least evidence to answer from",
}


def tuned_text(tuned: Tuned, look: Look) -> str:
    """A row a weight; what was tried also says how it came out on questions held out."""
    flat = Look(look.color, look.unicode, None)
    if not tuned.name:
        return "".join(lay(_held(tuned, each, value), flat) for each, value in tuned.tuning) + lay(
            [Segment(_state(tuned), "dim")], look
        )
    head = f"{tuned.name} {look.glyph('·')} {tuned.questions:,} question{'s' if tuned.questions != 1 else ''}"
    titles = f"{'weight':{COLUMN}}{'before':>7}{'now':>7}   {'held out':<13}{'before':>8}{'chosen':>9}{'p':>8}"
    parts = [lay([Segment(name(head), "bold")], look), lay([Segment(titles, "dim")], flat)]
    parts += [lay(_row(each), flat) for each in tuned.weights]
    return "".join(parts) + lay([Segment(_outcome(tuned))], look)


def _held(tuned: Tuned, each: str, value: float) -> list[Segment]:
    own = "tuned" if each in tuned.changed else "default"
    return [
        Segment(f"{each:{COLUMN}}{value:>7.2f}  "),
        Segment(f"{own:<9}", "good" if each in tuned.changed else "dim"),
        Segment(MEANING[each], "dim"),
    ]


def _state(tuned: Tuned) -> str:
    if tuned.stored:
        return "The index has the defaults again."
    return "Back to the defaults: ragcli tune --reset" if tuned.changed else "The index was not tuned."


def _row(each: Weighed) -> list[Segment]:
    shown = f"{each.name:{COLUMN}}{each.before:>7.2f}{each.value:>7.2f}   "
    if each.held is None:
        return [Segment(shown), Segment(f"not tried: {each.note}", "dim")]
    held = each.held
    shown += f"{held.measure:<13}{held.change.before:>8.4f}{held.value:>9.4f}{held.change.p:>8.3f}  "
    return [Segment(shown), Segment("left as it was", "dim") if each.value == each.before else Segment("kept", "good")]


def _outcome(tuned: Tuned) -> str:
    if all(each.value == each.before for each in tuned.weights):
        return "Nothing was better on questions held out: the index is left as it was."
    if tuned.stored:
        return "Stored in the index; search, ask and eval use it. Back to the defaults: ragcli tune --reset"
    return "Nothing was stored (dry run)."


def tuned_value(tuned: Tuned, index: str) -> Value:
    """ragcli.tuned/1."""
    return {
        "schema": "ragcli.tuned/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "index": path_value(index),
        "set": tuned.name or None,
        "questions": tuned.questions,
        "stored": tuned.stored,
        "tuning": dict(tuned.tuning),
        "changed": list(tuned.changed),
        "weights": [_weight(each) for each in tuned.weights],
    }


def _weight(each: Weighed) -> dict[str, Any]:
    held = each.held
    return {
        "name": each.name,
        "before": each.before,
        "value": each.value,
        "kept": each.value != each.before,
        "note": each.note,
        "held_out": held
        and {
            "measure": held.measure,
            "before": held.change.before,
            "chosen": held.value,
            "p": held.change.p,
            "questions": held.change.questions,
        },
    }
