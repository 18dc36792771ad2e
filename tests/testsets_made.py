"""Small question sets on disk, in both layouts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.library import PARAGRAPHS

KEEPER, STORM, OIL = PARAGRAPHS
QUERIES = (
    {"id": "q1", "text": "When did a storm break the lantern?", "answers": ["1893", "winter of 1893"],
     "evidence": [{"doc": "storm", "start": 17, "end": 21, "text": "1893"}]},
    {"id": "q2", "text": "How long did one barrel of paraffin last?", "answers": ["forty days"],
     "evidence": [{"doc": "oil", "start": 62, "end": 72, "text": "forty days"}]},
    {"id": "q3", "text": "Who painted the harbour wall in Lisbon?", "answerable": False, "answers": []},
)  # fmt: skip


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    """One JSON document a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def beir(folder: Path) -> Path:
    """Three documents, three questions; the last has no answer. Judged by qrels/test.tsv but for that one."""
    documents = zip(("keeper", "storm", "oil"), PARAGRAPHS, strict=True)
    write_lines(folder / "corpus.jsonl", ({"_id": id, "title": id.title(), "text": text} for id, text in documents))
    write_lines(folder / "queries.jsonl", QUERIES)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tstorm\t1\nq2\toil\t2\nq2\tstorm\t0\n", "utf-8")
    return folder


def files(folder: Path) -> Path:
    """The same documents as files below docs/, and questions.jsonl with gold passages."""
    for name, text in zip(("keeper", "storm", "oil"), PARAGRAPHS, strict=True):
        path = folder / "docs" / "light" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name.title()}\n\n{text}\n", "utf-8")
    write_lines(
        folder / "questions.jsonl",
        [
            {"id": "q1", "question": "When did a storm break the lantern?", "answers": ["1893"],
             "gold": [{"file": "light/storm.md", "text": "In the  winter of\n1893", "start": None, "end": None}]},
            {"id": "q2", "question": "And how long did one last?", "answers": ["forty days"],
             "gold": [{"file": "light/oil.md", "text": "one barrel lasted for about forty days"}],
             "history": [{"question": "How did the paraffin come?", "answer": "By boat, in barrels."}]},
            {"id": "q3", "question": "Who painted the harbour wall in Lisbon?", "answerable": False},
        ],
    )  # fmt: skip
    return folder
