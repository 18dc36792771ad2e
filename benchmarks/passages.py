"""Reading one short passage, asked about in other words: is the gold sentence rated best, is a lack of it noticed?

    python benchmarks/passages.py [--passages 60] [home work ...]

A random part (seed 0) of the passages of benchmarks/passages/ becomes the Markdown files of one index, and is asked
about. Retrieval has no part in it: salience and evidence see the passage's own snippet. Evidence is compared with that
for questions that the passage does not answer, and with that for the same questions where the gold sentence is taken
out. Prints a table and, as its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

from ragcli import backends, evidence, models, salience
from ragcli.index import Index, open_index
from ragcli.ingest import ingest
from ragcli.measures import MOST, auroc, shared
from ragcli.types import Hit, Scores, Snippet

PASSAGES = Path(__file__).parent / "passages"
OWN_LINE = re.compile(r"[-|*] |\d{1,2}\. ")
NO_SCORES = Scores(None, None, 0.0)


def text_of(sentences: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """The passage, and where each sentence lies in it."""
    text, spans = "", []
    for sentence in sentences:
        listed = OWN_LINE.match(sentence)
        before = OWN_LINE.match(text.rpartition("\n")[2])
        text += ("\n" if listed and before else "\n\n" if listed or before else " ") if text else ""
        spans.append((len(text), len(text) + len(sentence)))
        text += sentence
    return text, spans


def sentences_of(question: str, snippet: Snippet, index: Index) -> list[salience.Sentence]:
    return salience.score(question, [snippet], embedder=index.embedder, idf=index.idf)


def measured(index: Index, passages: list[tuple[str, dict[str, Any]]], shown: dict[str, int]) -> dict[str, Any]:
    """Counts over the questions of `passages` (name, passage); `shown` is how long each file's heading is."""
    uris = {document.uri.rpartition("/")[2]: document.uri for document in index.store.documents()}
    counts = {"questions": 0, "top1": 0, "top2": 0, "top3": 0}
    answerable, unanswerable, without = [], [], []
    for name, passage in passages:
        [snippet] = index.store.snippets_of(uris[name])
        spans = [(start + shown[name], end + shown[name]) for start, end in text_of(passage["sentences"])[1]]
        for row in passage["questions"]:
            rated = sentences_of(row["q"], snippet, index)
            golds = [spans[number] for number in row["gold"]]
            gold = [overlaps(sentence, snippet, golds) for sentence in rated]
            ranked = sorted(zip(rated, gold, strict=True), key=lambda pair: -pair[0].score)
            counts["questions"] += 1
            for depth in (1, 2, 3):
                counts[f"top{depth}"] += any(is_gold for _, is_gold in ranked[:depth])
            left = [sentence for sentence, is_gold in zip(rated, gold, strict=True) if not is_gold]
            answerable.append(judged(row["q"], snippet, rated, index))
            without.append(judged(row["q"], snippet, left, index))
        for question in passage["unanswerable"]:
            unanswerable.append(judged(question, snippet, sentences_of(question, snippet, index), index))
    return {
        **counts,
        "auroc_unanswerable": round(auroc(answerable, unanswerable), 3),
        "auroc_sentence_removed": round(auroc(answerable, without), 3),
    }


def overlaps(sentence: salience.Sentence, snippet: Snippet, golds: list[tuple[int, int]]) -> bool:
    """Whether a sentence holds most of a gold one."""
    at = (snippet.start + sentence.start, snippet.start + sentence.end)
    return any(shared([at], [gold]) >= MOST * (gold[1] - gold[0]) for gold in golds)


def judged(question: str, snippet: Snippet, rated: list[salience.Sentence], index: Index) -> float:
    """The evidence's score with these sentences of the one snippet."""
    return evidence.judge(question, [Hit(snippet, NO_SCORES)], sentences=rated, idf=index.idf).score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="files of benchmarks/passages/, all unless named")
    parser.add_argument("--passages", type=int, default=60, help="how many are asked about, 0 for all")
    arguments = parser.parse_args()
    paths = [PASSAGES / f"{name}.jsonl" for name in arguments.sets] or sorted(PASSAGES.glob("*.jsonl"))
    lines = [(path.stem, line) for path in paths for line in path.read_text("utf-8").split("\n") if line]
    chosen = random.Random(0).sample(lines, min(arguments.passages or len(lines), len(lines)))
    asked: list[tuple[str, dict[str, Any]]] = []
    shown: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for number, (stem, line) in enumerate(chosen):
            passage, name = json.loads(line), f"{stem}-{number:03}.md"
            heading = f"# {passage['title']}\n\n"
            shown[name] = len(heading)
            (folder / name).write_text(heading + text_of(passage["sentences"])[0] + "\n", "utf-8", newline="\n")
            asked.append((name, passage))
        bulk = backends.create("embedder", models.choose("", bulk=True))
        with open_index(folder / ".ragcli", bulk, name=models.DEFAULT_MODEL, write=True) as index:
            ingest([folder], index)
        with open_index(folder / ".ragcli", backends.create("embedder", models.choose("", bulk=False))) as index:
            counts = measured(index, asked, shown)
    for depth in (1, 2, 3):
        share = counts[f"top{depth}"] / counts["questions"]
        print(f"gold sentence among the best {depth}: {share:6.1%} of {counts['questions']} questions")
    for other in ("unanswerable", "sentence_removed"):
        print(f"AUROC of the evidence, answerable against {other.replace('_', ' ')}: {counts['auroc_' + other]:.3f}")
    print(json.dumps({"benchmark": "passages", "passages": len(asked), "of": len(lines), **counts}))


if __name__ == "__main__":
    main()
