"""Retrieval quality of `search` with its default settings, on judged sets turned into folders of files.

    python benchmarks/retrieval.py EVAL_FOLDER scifact xquad/en xquad/zh [--questions N] [--mode hybrid]

A set is a folder with corpus.jsonl {id,title,text}, queries.jsonl {id,text} and qrels.tsv. Each document
becomes one Markdown file, is ingested, and each question is searched; a document's rank is that of its best
snippet. Prints a table and, as its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

from ragcli import backends, models
from ragcli.index import Index, open_index
from ragcli.ingest import ingest
from ragcli.retrieve import retrieve
from ragcli.types import SearchMode

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEPTH = 10


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:  # some texts hold U+2028
        for line in file:
            yield json.loads(line)


def write_folder(source: Path, folder: Path) -> dict[str, str]:
    """One file a document; uri -> document id."""
    owners = {}
    for number, row in enumerate(lines(source / "corpus.jsonl")):
        name = f"{number:06}.md"
        title = " ".join(row["title"].split())
        (folder / name).write_text(
            (f"# {title}\n\n" if title else "") + row["text"] + "\n", encoding="utf-8", newline="\n"
        )
        owners[name] = row["id"]
    return owners


def judgements(source: Path) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (source / "qrels.tsv").read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            query, document, grade = line.split("\t")
            relevant[query][document] = int(grade)
    return relevant


def ndcg(ranked: Sequence[str], grades: dict[str, int]) -> float:
    gain = sum(grades.get(id, 0) / math.log2(rank + 2) for rank, id in enumerate(ranked[:DEPTH]))
    ideal = sum(grade / math.log2(rank + 2) for rank, grade in enumerate(sorted(grades.values(), reverse=True)[:DEPTH]))
    return gain / ideal


def ranking(question: str, index: Index, owners: dict[str, str], mode: SearchMode) -> list[str]:
    hits = retrieve(question, index, mode=mode, k=2 * DEPTH)
    return list(dict.fromkeys(owners[hit.snippet.uri] for hit in hits))[:DEPTH]


def score(source: Path, mode: SearchMode, limit: int, split: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        owners = write_folder(source, folder)
        started = time.monotonic()
        bulk = backends.create("embedder", models.choose(MODEL, bulk=True))
        with open_index(folder / ".ragcli", bulk, name=MODEL, write=True) as index:
            report = ingest([folder], index)
        ingest_s = time.monotonic() - started
        grades = judgements(source)
        asked = [q for q in lines(source / "queries.jsonl") if q["id"] in grades and (not split or q["split"] == split)]
        asked = [q for q in asked if any(grade > 0 for grade in grades[q["id"]].values())][: limit or None]
        started = time.monotonic()
        with open_index(folder / ".ragcli", backends.create("embedder", models.choose(MODEL, bulk=False))) as index:
            runs = [(ranking(q["text"], index, owners, mode), grades[q["id"]]) for q in asked]
        search_s = time.monotonic() - started
    return {
        "set": f"{source.parent.name}/{source.name}",
        "mode": mode.value,
        "documents": len(owners),
        "questions": len(runs),
        "ndcg@10": round(sum(ndcg(ranked, grade) for ranked, grade in runs) / len(runs), 4),
        "hit@1": round(sum(grade.get(ranked[0], 0) > 0 for ranked, grade in runs if ranked) / len(runs), 4),
        "windows": report.windows_embedded,
        "ingest_s": round(ingest_s, 1),
        "search_ms": round(1000 * search_s / len(runs), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("eval", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--mode", type=SearchMode, default=SearchMode.HYBRID)
    parser.add_argument("--questions", type=int, default=0, help="only the first N, 0 for all")
    parser.add_argument("--split", default="", help="only questions of this split")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets:
        rows.append(score(arguments.eval / name, arguments.mode, arguments.questions, arguments.split))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(json.dumps({"benchmark": "retrieval", "rows": rows}))


if __name__ == "__main__":
    main()
