"""Answers without a model, end to end: is the answer in them, how long are they, and are they left out when
the documents do not say?

    python benchmarks/answers.py --eval EVAL_FOLDER xquad/en xquad/de [--questions 150] [--index FOLDER]

A set is a folder with corpus.jsonl {id, title, text, [article]} and queries.jsonl {id, text, answers,
evidence: [{doc, start, end}]}. The documents of an article become one Markdown file. Each question is asked
twice: of everything, and with every snippet that touches its gold paragraph taken out of what was found
(the rest of the article stays). Prints a table and, as its last line, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcli import backends, citations, evidence, models, salience, support
from ragcli.index import Index, open_index
from ragcli.ingest import ingest
from ragcli.lexical import count_words
from ragcli.rerank import rerank
from ragcli.retrieve import retrieve
from ragcli.types import CitationMode, Hit, Prompt, Sampling, Span

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
KEPT = 5
FETCHED = 14


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text lies: a file and a span of it."""

    uri: str
    start: int
    end: int

    def touches(self, hit: Hit) -> bool:
        snippet = hit.snippet
        return snippet.uri == self.uri and snippet.start < self.end and snippet.end > self.start


@dataclass(frozen=True, slots=True)
class Case:
    """A question, what was found for it, and where its gold paragraph and answer lie."""

    question: str
    answers: tuple[str, ...]
    paragraph: Place
    answer: Place
    hits: list[Hit]
    present: bool
    sentences: list[salience.Sentence]
    score: float
    enough: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What an answer to a case was."""

    text: str
    contained: bool
    cited: bool
    exact: bool
    sentences: int


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:  # some texts hold U+2028
        for line in file:
            yield json.loads(line)


def write_folder(source: Path, folder: Path) -> dict[str, Place]:
    """One file an article; document id -> its place."""
    texts: dict[str, str] = {}
    places = {}
    for row in lines(source / "corpus.jsonl"):
        name = f"{row.get('article', row['id'])}.md"
        title = " ".join(row["title"].split())
        text = texts.get(name, f"# {title}\n\n" if title else "")
        places[row["id"]] = Place(name, len(text), len(text) + len(row["text"]))
        texts[name] = text + row["text"] + "\n\n"
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return places


@contextmanager
def opened(source: Path, kept: Path | None) -> Iterator[tuple[Index, dict[str, Place]]]:
    """The set's index, made in `kept` unless it is there already."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = kept / source.parent.name / source.name if kept else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        places = write_folder(source, folder)
        bulk = backends.create("embedder", models.choose(MODEL, bulk=True))
        with open_index(folder / ".ragcli", bulk, name=MODEL, write=True) as index:
            ingest([folder], index)
        with open_index(folder / ".ragcli", backends.create("embedder", models.choose(MODEL, bulk=False))) as index:
            yield index, places


def cases(index: Index, places: dict[str, Place], questions: Sequence[dict[str, Any]]) -> Iterator[Case]:
    """Each question with its gold paragraph among what is found, and without."""
    for row in questions:
        gold = row["evidence"][0]
        paragraph = places[gold["doc"]]
        answer = Place(paragraph.uri, paragraph.start + gold["start"], paragraph.start + gold["end"])
        found = retrieve(row["text"], index, k=FETCHED)
        for present in (True, False):
            hits = rerank([hit for hit in found if present or not paragraph.touches(hit)], KEPT)
            snippets = [hit.snippet for hit in hits]
            rated = salience.score(row["text"], snippets, embedder=index.embedder, idf=index.idf)
            judged = evidence.judge(row["text"], hits, sentences=rated, idf=index.idf)
            yield Case(
                row["text"], tuple(row["answers"]), paragraph, answer, hits, present, rated, judged.score, judged.enough
            )


def answered(case: Case, index: Index) -> Result:
    """The extractive answer, whatever the evidence."""
    snippets = tuple(hit.snippet for hit in case.hits)
    runtime = backends.create("runtime", "extractive", embedder=index.embedder, idf=index.idf)
    prompt = Prompt(case.question, (), snippets, CitationMode.FAST)
    completion = "".join(piece.text for piece in runtime.stream(prompt, Sampling()))
    parsed = citations.parse(completion, CitationMode.FAST, len(snippets))
    checked = support.check(parsed.text, parsed.marks, snippets, idf=index.idf)
    quotes = [(source.snippet.uri, (source.support.start, source.support.end)) for c in checked for source in c.sources]
    return Result(
        parsed.text,
        any(squeezed(answer) in squeezed(parsed.text) for answer in case.answers),
        any(uri == case.answer.uri and covers(quote, case.answer) for uri, quote in quotes),
        all(source.support.method == "exact" for c in checked for source in c.sources[:1]),
        len(parsed.marks),
    )


def covers(quote: Span, answer: Place) -> bool:
    return quote[0] <= answer.start and answer.end <= quote[1]


def squeezed(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return wins / max(1, len(positive) * len(negative))


def row_of(name: str, index: Index, made: Sequence[Case]) -> dict[str, Any]:
    present = [case for case in made if case.present]
    absent = [case for case in made if not case.present]
    results = [answered(case, index) for case in present]
    both = list(zip(present, results, strict=True))
    limit = sorted(case.score for case in present)[len(present) // 20]
    share = {
        "found": sum(any(case.paragraph.touches(hit) for hit in case.hits) for case in present),
        "contained": sum(result.contained for result in results),
        "cited": sum(result.cited for result in results),
        "answered": sum(case.enough for case in present),
        "cited_and_answered": sum(case.enough and result.cited for case, result in both),
        "declined": sum(not case.enough for case in absent),
        "answered_at_95": sum(case.score >= limit for case in absent),
        "quotes_exact": sum(result.exact for result in results),
    }
    return {
        "set": name,
        "questions": len(present),
        **{key: round(100 * count / len(present), 1) for key, count in share.items()},
        "auroc": round(auroc([case.score for case in present], [case.score for case in absent]), 3),
        "words": round(sum(count_words(result.text) for result in results) / len(results), 1),
        "sentences": round(sum(result.sentences for result in results) / len(results), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eval", type=Path, required=True, help="the folder that holds the sets")
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--questions", type=int, default=150, help="drawn at random (seed 0), 0 for all")
    parser.add_argument("--index", type=Path, help="where indexes are kept between runs")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets:
        with opened(arguments.eval / name, arguments.index) as (index, places):
            asked = [row for row in lines(arguments.eval / name / "queries.jsonl") if row.get("evidence")]
            count = min(arguments.questions or len(asked), len(asked))
            asked = random.Random(0).sample(asked, count)
            rows.append(row_of(name, index, list(cases(index, places, asked))))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(json.dumps({"benchmark": "answers", "rows": rows}))


if __name__ == "__main__":
    main()
