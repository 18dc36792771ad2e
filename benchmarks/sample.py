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
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

from ragcli import backends, models
from ragcli.index import Index, open_index
from ragcli.setindex import make_index, places
from ragcli.testsets import QUESTIONS, Question, read_set, records
from ragcli.trial import Asker, answer, asked, case_of
from ragcli.types import Answer, Cited

CORPUS = Path(__file__).parents[1] / "sample_corpus"


def exact(source: Cited, index: Index) -> bool:
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


def groups(question: Question, language: str) -> list[str]:
    """What a question's result counts towards besides the whole."""
    suffixes = {".eml" if ".eml/" in gold.document else Path(gold.document).suffix for gold in question.golds}
    return [*sorted(suffixes), language, *(["follow-ups"] if question.history else [])]


def measure(k: int, verbose: bool) -> tuple[dict[str, int], dict[str, list[bool]]]:
    """Counts over all questions, and for each group whether its answerable questions had their gold cited."""
    test = read_set(CORPUS)
    languages = {record["id"]: record["lang"] for _, record in records(CORPUS / QUESTIONS)}
    counts: dict[str, int] = defaultdict(int)
    cited: dict[str, list[bool]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        make_index(test, Path(name), lambda: embedder(bulk=True), models.DEFAULT_MODEL)
        with open_index(Path(name), embedder(bulk=False)) as index:
            runtime = backends.create("runtime", "extractive", embedder=index.embedder, idf=index.idf)
            where = places(test, index, own=True)
            for question in test.questions:
                case = case_of(question, where, index)
                if case.lost:
                    raise ValueError(f"{question.id}: gold not in {case.lost[0].document}: {case.lost[0].text!r}")
                given = asked(case, Asker(index, k, runtime))
                values = answer(case, given, index.idf).values
                good = count(given, values, index, counts)
                for group in groups(question, languages[question.id]) if question.answerable else ():
                    cited[group].append(good)
                if verbose and not good:
                    print(
                        f"{question.id} {given.outcome} {given.evidence.score:.2f} {question.text}",
                        f"\n    {given.text!r}",
                    )
    return dict(counts), dict(cited)


def embedder(*, bulk: bool) -> Any:
    return backends.create("embedder", models.choose("", bulk=bulk))


def count(given: Answer, values: Mapping[str, float], index: Index, counts: dict[str, int]) -> bool:
    """Adds one answer to `counts`; whether it did what the question asks for."""
    sources = [source for citation in given.citations for source in citation.sources]
    counts["citations"] += len(sources)
    counts["exact_answer"] += sum(
        len(citation.sources)
        for citation in given.citations
        if given.text[citation.start : citation.end] == citation.text
    )
    counts["exact_quote"] += sum(exact(source, index) for source in sources)
    if "Declined" in values:
        counts["unanswerable"] += 1
        counts["declined"] += bool(values["Declined"])
        return bool(values["Declined"])
    counts["answerable"] += 1
    counts["answered"] += bool(values["Answered"])
    counts["gold_cited"] += bool(values["Gold"])
    counts["words"] += len(given.text.split())
    return bool(values["Gold"])


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
