"""Follow-ups: how well `search` finds their passages by the last question alone and with the turns before it.

    python benchmarks/conversation.py SET [SET ...] [--questions N] [--keep FOLDER]

A set is as for `ragcli eval` (docs/EVAL.md); first questions are left out. Each follow-up is asked alone, after its own
conversation, and after the conversation of another question, which stands for a change of subject that the mix must not
drown. The first two are what `ragcli eval retrieval SET` gives with and without --no-history. Prints a table and, as
its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

from ragcli import backends, models
from ragcli.figures import figures
from ragcli.index import Index, open_index
from ragcli.measures import measure
from ragcli.rerank import DEFAULT
from ragcli.setindex import folder_of, make_index, places
from ragcli.testsets import Question, read_set
from ragcli.trial import Search, case_of, retrieval

COUNTED = ("nDCG@10", "Success@1")
AWAY = 37
"""How many questions away the other conversation is: far enough not to be an earlier turn of the same one."""


def embedder(*, bulk: bool) -> Any:
    return backends.create("embedder", models.choose("", bulk=bulk))


def figures_of(asked: Sequence[Question], where: dict[str, str], index: Index) -> dict[str, float]:
    how = Search([measure(name) for name in COUNTED], {}, backends.create("reranker", DEFAULT, embedder=index.embedder))
    found = figures([retrieval(case_of(question, where, index), index, how) for question in asked])
    return {figure.name: round(figure.value, 4) for figure in found if figure.name in COUNTED}


def score(source: Path, limit: int, keep: Path) -> dict[str, Any]:
    test = read_set(source)
    asked = [question for question in test.questions if question.history and question.relevant][: limit or None]
    groups = {
        "alone": [replace(question, history=()) for question in asked],
        "own": asked,
        "other": [replace(each, history=asked[(at + AWAY) % len(asked)].history) for at, each in enumerate(asked)],
    }
    folder = folder_of(test, models.DEFAULT_MODEL, keep)
    make_index(test, folder, lambda: embedder(bulk=True), models.DEFAULT_MODEL)
    with open_index(folder, embedder(bulk=False)) as index:
        where = places(test, index, own=True)
        measured = {label: figures_of(each, where, index) for label, each in groups.items()}
    row: dict[str, Any] = {"set": test.name, "questions": len(asked)}
    return row | {f"{label} {name}": value for label, found in measured.items() for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--questions", type=int, default=0, help="only the first N, 0 for all")
    parser.add_argument("--keep", type=Path, default=models.cache_folder() / "eval", help="where indexes are kept")
    arguments = parser.parse_args()
    rows = []
    for source in arguments.sets:
        rows.append(score(source, arguments.questions, arguments.keep))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(json.dumps({"benchmark": "conversation", "rows": rows}))


if __name__ == "__main__":
    main()
