"""Answers on the sample corpus: is every citation exact, is the gold passage cited, is the unanswerable declined?

    python benchmarks/sample.py [--verbose] [--k 5]

Ingests sample_corpus/docs into a temporary index and asks every question of questions.jsonl, with its earlier turns,
with the extractive runtime and default settings. Prints a table, the share of gold cited by format, by language and of
follow-ups, and, as its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

from ragcli import backends, models
from ragcli.ask import ask
from ragcli.index import Index, open_index
from ragcli.ingest import ingest
from ragcli.types import Answer, Cited, Outcome, Role, Turn

CORPUS = Path(__file__).parents[1] / "sample_corpus"
OVERLAP = 0.5
"""Share of the gold passage that a cited quote must hold to count as citing it."""


def squeezed(text: str) -> str:
    """Without white space and line-end hyphens: HTML and PDF golds know nothing of the extracted layout."""
    return re.sub(r"[\s\u00ad\ufffe-]+", "", text)


def place(gold: dict[str, Any], text: str) -> tuple[int, int]:
    """Where the gold stands in the document's text: as stored, else by search that ignores white space."""
    if gold["start"] is not None and text[gold["start"] : gold["end"]] == gold["text"]:
        return gold["start"], gold["end"]
    letters = [(at, character) for at, character in enumerate(text) if squeezed(character)]
    at = "".join(character for _, character in letters).find(squeezed(gold["text"]))
    if at < 0:
        raise ValueError(f"gold not in {gold['file']}: {gold['text']!r}")
    return letters[at][0], letters[at + len(squeezed(gold["text"])) - 1][0] + 1


def exact(answer: Answer, source: Cited, index: Index) -> bool:
    """The source's offsets, lines and pages are those of its quote in the stored document."""
    document = index.store.document(source.snippet.uri)
    if document is None:
        return False
    start, end = source.support.start, source.support.end
    inside = source.snippet.start <= start < end <= source.snippet.end
    lines = (document.text[:start].count("\n") + 1, document.text[: end - 1].count("\n") + 1)
    within = source.snippet.lines[0] <= lines[0] <= lines[1] <= source.snippet.lines[1]
    page = sum(page.start <= start for page in document.pages)
    return inside and within and (not document.pages or page in source.snippet.pages)


def cites(answer: Answer, question: dict[str, Any], index: Index) -> bool:
    """Whether some cited quote holds most of some gold passage."""
    for gold in question["gold"]:
        document = next(
            d for d in index.store.documents() if d.uri.endswith("/" + gold["file"]) or d.uri == gold["file"]
        )
        stored = index.store.document(document.uri)
        assert stored is not None
        start, end = place(gold, stored.text)
        for citation in answer.citations:
            for source in citation.sources:
                shared = min(end, source.support.end) - max(start, source.support.start)
                if source.snippet.uri == document.uri and shared >= OVERLAP * (end - start):
                    return True
    return False


def turns(question: dict[str, Any]) -> list[Turn]:
    """What was said before a follow-up."""
    pairs = [(Role.USER, Role.ASSISTANT)] * len(question.get("history", []))
    return [
        Turn(role, said)
        for roles, turn in zip(pairs, question.get("history", []), strict=True)
        for role, said in zip(roles, (turn["question"], turn["answer"]), strict=True)
    ]


def groups(question: dict[str, Any]) -> list[str]:
    """What a question's result counts towards besides the whole."""
    suffixes = {".eml" if ".eml/" in gold["file"] else Path(gold["file"]).suffix for gold in question["gold"]}
    follow_up = ["follow-ups"] if question.get("history") else []
    return [*sorted(suffixes), question["lang"], *follow_up]


def measure(k: int, verbose: bool) -> tuple[dict[str, int], dict[str, list[bool]]]:
    """Counts over all questions, and for each group whether its answerable questions had their gold cited."""
    questions = [json.loads(line) for line in (CORPUS / "questions.jsonl").read_text("utf-8").split("\n") if line]
    counts: dict[str, int] = defaultdict(int)
    cited: dict[str, list[bool]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / ".ragcli"
        bulk = backends.create("embedder", models.choose("", bulk=True))
        with open_index(folder, bulk, name=models.DEFAULT_MODEL, write=True) as index:
            ingest([CORPUS / "docs"], index)
        with open_index(folder, backends.create("embedder", models.choose("", bulk=False))) as index:
            runtime = backends.create("runtime", "extractive", embedder=index.embedder, idf=index.idf)
            for question in questions:
                answer = ask(question["question"], index=index, runtime=runtime, k=k, history=turns(question))
                good = count(answer, question, index, counts)
                for group in groups(question) if question["answerable"] else ():
                    cited[group].append(good)
                if verbose and not good:
                    print(
                        f"{question['id']} {answer.outcome} {answer.evidence.score:.2f} {question['question']}",
                        f"\n    {answer.text!r}",
                    )
    return dict(counts), dict(cited)


def count(answer: Answer, question: dict[str, Any], index: Index, counts: dict[str, int]) -> bool:
    """Adds one answer to `counts`; whether it did what the question asks for."""
    sources = [source for citation in answer.citations for source in citation.sources]
    counts["citations"] += len(sources)
    counts["exact_answer"] += sum(
        len(citation.sources)
        for citation in answer.citations
        if answer.text[citation.start : citation.end] == citation.text
    )
    counts["exact_quote"] += sum(exact(answer, source, index) for source in sources)
    answered = answer.outcome is Outcome.ANSWERED
    if not question["answerable"]:
        counts["unanswerable"] += 1
        counts["declined"] += not answered
        return not answered
    good = cites(answer, question, index)
    counts["answerable"] += 1
    counts["answered"] += answered
    counts["gold_cited"] += good
    counts["words"] += len(answer.text.split())
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--verbose", action="store_true", help="show the questions that went wrong")
    arguments = parser.parse_args()
    counts, cited = measure(arguments.k, arguments.verbose)
    shares = {
        "citations exact": counts["exact_quote"] / max(1, counts["citations"]),
        "answer spans exact": counts["exact_answer"] / max(1, counts["citations"]),
        "gold cited, of answerable": counts["gold_cited"] / counts["answerable"],
        "declined, of unanswerable": counts["declined"] / counts["unanswerable"],
    }
    for label, share in shares.items():
        print(f"{label:28} {share:6.1%}")
    for group, results in sorted(cited.items()):
        print(f"  gold cited, {group:14} {sum(results) / len(results):6.1%} of {len(results)}")
    print(
        json.dumps(
            {
                "benchmark": "sample",
                **counts,
                **{k.replace(" ", "_").replace(",", ""): round(v, 4) for k, v in shares.items()},
                "gold_cited_by_group": {group: f"{sum(r)}/{len(r)}" for group, r in sorted(cited.items())},
            }
        )
    )


if __name__ == "__main__":
    main()
