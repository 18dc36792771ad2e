"""An evaluation as a table for people and as JSON; one line a question, for files."""

from __future__ import annotations

import math
from typing import Any, Final

from ragcli.errors import EXIT_OK, CheckFailed
from ragcli.render.jsonform import Value, dumps
from ragcli.render.layout import Look, Segment, lay
from ragcli.render.safe import name
from ragcli.reports import Evaluation, Figure, Made, Trial

COLUMN: Final = 15
SIGNIFICANT: Final = 0.05


def code_of(evaluation: Evaluation) -> int:
    """8 where a bound does not hold."""
    return CheckFailed.exit_code if evaluation.short else EXIT_OK


def evaluation_text(evaluation: Evaluation, look: Look) -> str:
    """What was measured, a row a figure, and the bounds that do not hold."""
    dot = look.glyph("·")
    asked = _count(len(evaluation.trials), "claim" if evaluation.kind == "support" else "question")
    held = f", {_count(evaluation.documents, 'document')}" if evaluation.documents else ""
    head = f"{evaluation.name} {dot} {evaluation.kind}, {evaluation.how} {dot} {asked}{held}"
    compared = any(figure.change for figure in evaluation.figures)
    titles = f"{'measure':{COLUMN}}{'value':>8}   {'95 % interval':<18}{'of':>6}"
    titles += f"{'before':>10}{'change':>10}{'p':>8}" if compared else ""
    parts = [lay([Segment(name(head), "bold")], look), lay([Segment(titles.rstrip(), "dim")], _unwrapped(look))]
    parts += [lay(_row(figure), _unwrapped(look)) for figure in evaluation.figures]
    parts += [lay([Segment(name(line), "bad")], look) for line in evaluation.short]
    return "".join(parts)


def _unwrapped(look: Look) -> Look:
    """A table's row is one line at any width."""
    return Look(look.color, look.unicode, None)


def _row(figure: Figure) -> list[Segment]:
    shown = f"{figure.name:{COLUMN}}{_number(figure.value):>8}   "
    shown += f"{_number(figure.low)} - {_number(figure.high)}".ljust(18) + f"{figure.questions:>6,}"
    segments = [Segment(shown)]
    if figure.change is not None:
        change = figure.value - figure.change.before
        better = (change < 0) == figure.less_is_better
        style = ("good" if better else "bad") if change and figure.change.p < SIGNIFICANT else ""
        shown_change = round(change, 4) + 0.0  # never "-0.0000"
        signed = f"{'+' if shown_change >= 0 else ''}{_number(shown_change)}"
        segments.append(Segment(f"{_number(figure.change.before):>10}{signed:>10}{figure.change.p:>8.3f}", style))
    return [*segments, Segment("  less is better", "dim")] if figure.less_is_better else segments


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.4f}"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def evaluation_value(evaluation: Evaluation) -> Value:
    """ragcli.eval/1."""
    return {
        "schema": "ragcli.eval/1",
        "ok": not evaluation.short,
        "exit_code": code_of(evaluation),
        "kind": evaluation.kind,
        "set": evaluation.name,
        "how": evaluation.how,
        "documents": evaluation.documents,
        "figures": [_figure(figure) for figure in evaluation.figures],
        "failed": list(evaluation.short),
        "trials": [_trial(trial) for trial in evaluation.trials],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    change = figure.change
    return {
        "name": figure.name,
        "value": _known(figure.value),
        "low": _known(figure.low),
        "high": _known(figure.high),
        "questions": figure.questions,
        "less_is_better": figure.less_is_better,
        "change": change and {"before": _known(change.before), "p": change.p, "questions": change.questions},
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _trial(trial: Trial) -> dict[str, Any]:
    return {"id": trial.id, "positive": trial.positive, "score": trial.score, "values": dict(trial.values)}


def trial_line(trial: Trial) -> str:
    """One line of --out: what the JSON has of it, and what was found or said."""
    return dumps({**_trial(trial), **trial.shown}) + "\n"


def run_lines(trial: Trial) -> str:
    """Lines of --run: query, document, score for each document found; of what ranks nothing, id and score."""
    if "ranking" in trial.shown:
        return "".join(f"{trial.id}\t{name(document)}\t{score!r}\n" for document, score in trial.shown["ranking"])
    return "" if trial.score is None else f"{trial.id}\t{trial.score!r}\n"


def question_value(id: str, made: Made) -> Value:
    """ragcli.question/1: a line of a questions.jsonl."""
    start, end = made.span
    return {
        "schema": "ragcli.question/1",
        "id": id,
        "question": made.question,
        "answers": [made.answer] if made.answer else [],
        "answerable": True,
        "gold": [{"file": made.uri, "text": made.text, "start": start, "end": end}],
        "kind": made.kind,
    }
