"""The files of `ragcli eval`: an older run to compare with, and what is written while questions are asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ragcli.commands._session import Session
from ragcli.errors import MissingError, UsageError
from ragcli.testsets import CORPUS, QUERIES, QUESTIONS

if TYPE_CHECKING:
    from ragcli.reports import Trial


@dataclass(frozen=True, slots=True)
class Files:
    """Where indexes are kept, what is written, and what is compared with."""

    keep: str | None = None
    fresh: bool = False
    out: str | None = None
    run: str | None = None
    baseline: str | None = None


def check(files: Files, test: Path) -> None:
    """UsageError where what is written would take the place of the set, or of itself."""
    read = (test, *(test / name for name in (CORPUS, QUERIES, QUESTIONS, "claims.jsonl")))
    for written_to in filter(None, (files.out, files.run)):
        if any(os.path.exists(path) and os.path.exists(written_to) and path.samefile(written_to) for path in read):
            raise UsageError(f"{written_to} is the set's own file", "name another")
    if files.out is not None and files.out == files.run:
        raise UsageError("--out and --run are two files", "name two")


def older(path: Path) -> dict[str, Trial]:
    """The trials of a --json document or an --out file, by id. UsageError, MissingError."""
    from ragcli.testsets import records

    listed = [(where, record) for where, record in records(path)]
    if len(listed) == 1 and isinstance(listed[0][1].get("trials"), list):
        listed = [(listed[0][0], each) for each in listed[0][1]["trials"]]
    return {trial.id: trial for trial in (_old_trial(where, record) for where, record in listed)}


def _old_trial(where: str, record: Any) -> Trial:
    from ragcli.reports import Trial

    fields = record if isinstance(record, dict) else {}
    id, values, positive, score = (fields.get(key) for key in ("id", "values", "positive", "score"))
    if not isinstance(id, str) or not isinstance(values, dict) or not all(map(_is_number, values.values())):
        raise UsageError(f"{where}: no trial of an evaluation", "give what --json or --out wrote")
    right = isinstance(positive, bool) and _is_number(score)
    return Trial(id, values, positive if right else None, score if right else None)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


@contextmanager
def written(session: Session, files: Files, noun: str) -> Iterator[Callable[[Trial, int, int], Trial]]:
    """Takes each trial as it comes, with its number and how many there will be: into the files, onto the bar."""
    from ragcli.render.scores import run_lines, trial_line

    with ExitStack() as stack:
        out = stack.enter_context(_opening(files.out)) if files.out else None
        run = stack.enter_context(_opening(files.run)) if files.run else None
        step = stack.enter_context(session.progress(noun))
        done = (0, 0)

        def write(trial: Trial, at: int, total: int) -> Trial:
            nonlocal done
            done = (at, total)
            if out:
                out.write(trial_line(trial))
                out.flush()  # what was measured stays, also after Ctrl-C
            if run:
                run.write(run_lines(trial))
            step(trial.id, at, total, at)
            return trial

        try:
            yield write
        except KeyboardInterrupt:
            kept = f"; their lines are in {files.out}" if files.out else "; --out FILE would keep their lines"
            session.notice(f"stopped after {done[0]:,} of {done[1]:,} {noun}{kept}")
            raise


def _opening(path: str) -> IO[str]:
    try:
        return open(path, "w", encoding="utf-8", newline="\n")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingError(f"{path}: {error.strerror}", "name a file in a folder that is there") from error
