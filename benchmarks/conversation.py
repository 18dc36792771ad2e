"""Follow-ups: how well `retrieve` finds their passages by the last question alone and with the turns before it.

    python benchmarks/conversation.py EVAL_FOLDER mtrag-un [--questions N]

A set is as in retrieval.py, with `history` [{speaker: user|agent, text}] in its queries; first questions are left out.
Each follow-up is asked alone, after its own conversation, and after the conversation of another question, which stands
for a change of subject that the mix must not drown. Prints a table and, as its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

from retrieval import DEPTH, MODEL, judgements, lines, ndcg, write_folder

from ragcli import backends, models
from ragcli.index import Index, open_index
from ragcli.ingest import ingest
from ragcli.retrieve import retrieve
from ragcli.types import Role, Turn

AWAY = 37
"""How many questions away the other conversation is: far enough not to be an earlier turn of the same one."""


def turns(query: dict[str, Any]) -> list[Turn]:
    return [Turn(Role.USER if turn["speaker"] == "user" else Role.ASSISTANT, turn["text"]) for turn in query["history"]]


def ranking(question: str, history: Sequence[Turn], index: Index, owners: dict[str, str]) -> list[str]:
    hits = retrieve(question, index, k=2 * DEPTH, history=history)
    return list(dict.fromkeys(owners[hit.snippet.uri] for hit in hits))[:DEPTH]


def score(source: Path, limit: int) -> dict[str, Any]:
    grades = {id: grade for id, grade in judgements(source).items() if any(value > 0 for value in grade.values())}
    asked = [query for query in lines(source / "queries.jsonl") if query["history"] and query["id"] in grades]
    asked = asked[: limit or None]
    histories: dict[str, list[list[Turn]]] = {
        "alone": [[] for _ in asked],
        "own": [turns(query) for query in asked],
        "other": [turns(asked[(at + AWAY) % len(asked)]) for at in range(len(asked))],
    }
    row: dict[str, Any] = {"set": source.name, "questions": len(asked)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        owners = write_folder(source, folder)
        bulk = backends.create("embedder", models.choose(MODEL, bulk=True))
        with open_index(folder / ".ragcli", bulk, name=MODEL, write=True) as index:
            ingest([folder], index)
        with open_index(folder / ".ragcli", backends.create("embedder", models.choose(MODEL, bulk=False))) as index:
            for label, before in histories.items():
                found = [
                    (ranking(query["text"], history, index, owners), grades[query["id"]])
                    for query, history in zip(asked, before, strict=True)
                ]
                row[f"{label}_ndcg@10"] = round(sum(ndcg(*each) for each in found) / len(found), 4)
                row[f"{label}_hit@1"] = round(sum(grade.get(ids[0], 0) > 0 for ids, grade in found) / len(found), 4)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("eval", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--questions", type=int, default=0, help="only the first N, 0 for all")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets:
        rows.append(score(arguments.eval / name, arguments.questions))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(json.dumps({"benchmark": "conversation", "rows": rows}))


if __name__ == "__main__":
    main()
