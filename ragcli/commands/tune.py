"""ragcli tune QUESTIONS: weights for one index, chosen on questions whose answers are known, kept where they help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ragcli.commands._flags import WAIT, examples
from ragcli.errors import UsageError

if TYPE_CHECKING:
    from ragcli.commands._session import Session
    from ragcli.reports import Tuned

EXAMPLES = examples(
    "ragcli eval --make-questions > questions.jsonl",
    "ragcli tune questions.jsonl",
    "ragcli tune --show",
    "ragcli tune --reset",
)


def run(
    ctx: typer.Context,
    questions: str = typer.Argument("", metavar="[QUESTIONS]", help="A file of questions, or a set's folder."),
    split: str = typer.Option("", metavar="NAME", help="Only questions of this split."),
    show: bool = typer.Option(False, "--show", help="Print the weights that the index has."),
    reset: bool = typer.Option(False, "--reset", help="Go back to the defaults."),
    dry_run: bool = typer.Option(False, "--dry-run", "-n", help="Say what would be kept; change nothing."),
    embedder: str | None = typer.Option(None, metavar="NAME", help="A model's name or folder."),
    wait: float = WAIT,
) -> None:
    """Choose the weights of search and answers for this index, on questions whose answers are known.

    A weight is kept only if choosing it so is better on questions held out. docs/EVAL.md says how they are written.
    """
    from ragcli.commands._session import Session
    from ragcli.render.tuned import tuned_text, tuned_value

    if [bool(questions), show, reset].count(True) != 1:
        raise UsageError("give questions to tune on, or one of --show and --reset", "ragcli tune questions.jsonl")
    session = Session(ctx, embedder=embedder)
    if questions:
        folder, made = _tuned(session, questions, split, None if dry_run else wait)
    else:
        folder, made = str(session.settings.index), _shown(session, wait if reset and not dry_run else None)
    if session.flags.as_json:
        session.emit(tuned_value(made, folder))
    else:
        session.show(tuned_text(made, session.look))


def _tuned(session: Session, path: str, split: str, wait: float | None) -> tuple[str, Tuned]:
    """The index's folder, and what tuning it came to; stored unless `wait` is None."""
    from pathlib import Path

    from ragcli import testsets, trial, tuning
    from ragcli.commands import _eval
    from ragcli.commands._eval_files import Files
    from ragcli.reports import Tuned
    from ragcli.setindex import places
    from ragcli.tune import keep, tune

    test = testsets.read_set(Path(path), split)
    with _eval.opened(session, test, Files()) as (index, own):
        where = places(test, index, own=own)
        cases = [trial.case_of(question, where, index) for question in test.questions]
        _eval.tell_lost(session, cases)
        pins = index.store.pins()
        with session.progress("questions") as step:
            tuned, weighed = tune(cases, index, step=step)
        changed = tuned != index.tuning
        folder = index.folder
    stored = changed and wait is not None
    if stored:
        keep(folder, tuned, pins.fingerprint if pins else "", patience=session.patience(wait or 0.0))
    names = tuple(name for name, _ in tuning.changed(tuned))
    return str(folder), Tuned(_eval.label(path), len(cases), weighed, tuning.listed(tuned), names, stored)


def _shown(session: Session, wait: float | None) -> Tuned:
    """The weights of the index; with `wait`, the defaults put in their place, whatever stands there."""
    from ragcli import tuning
    from ragcli.reports import Tuned
    from ragcli.tune import keep

    if wait is not None:
        keep(session.settings.index, tuning.DEFAULT, patience=session.patience(wait))
    with session.open(embed=False) as index:
        held = index.tuning
    names = tuple(name for name, _ in tuning.changed(held))
    return Tuned("", 0, (), tuning.listed(held), names, wait is not None)
