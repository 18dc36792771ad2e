"""How well `lexical.terms` alone finds documents: hit@1 and nDCG@10 under SQLite FTS5's bm25().

    python benchmarks/lexical.py --eval DIR [--set NAME ...]

DIR/NAME holds corpus.jsonl {id, title, text}, queries.jsonl {id, text} and qrels.tsv (query, document, grade).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ragcli.lexical import count_words, terms
from ragcli.measures import measure as measure_of
from ragcli.measures import ranked

K1, B = 1.2, 0.75
HIT, NDCG = measure_of("hit@1"), measure_of("nDCG@10")
XQUAD = "en es de ro el ru tr ar hi vi th zh".split()


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one set; hit@1 and nDCG@10 in per cent."""

    name: str
    documents: int
    questions: int
    hit_at_1: float
    ndcg_at_10: float
    terms_per_word: float
    seconds_s: float


class Ranking:
    """BM25 as FTS5 computes it: idf floored at 1e-6, each query term once, any may match."""

    def __init__(self, documents: Iterable[list[str]]) -> None:
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._lengths: list[int] = []
        for number, found in enumerate(documents):
            self._lengths.append(len(found))
            for term, count in Counter(found).items():
                self._postings[term].append((number, count))
        self._mean = sum(self._lengths) / max(1, len(self._lengths))

    def best(self, query: list[str], k: int) -> list[int]:
        """Numbers of the k best documents; equal scores in order of number."""
        scores: dict[int, float] = defaultdict(float)
        count = len(self._lengths)
        for term in dict.fromkeys(query):
            found = self._postings.get(term, [])
            idf = max(1e-6, math.log((count - len(found) + 0.5) / (len(found) + 0.5)))
            for number, tf in found:
                norm = K1 * (1 - B + B * self._lengths[number] / self._mean)
                scores[number] += idf * tf * (K1 + 1) / (tf + norm)
        return sorted(scores, key=lambda number: (-scores[number], number))[:k]


def lines(path: Path) -> list[dict[str, str]]:
    """The records of a JSONL file."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def measure(folder: Path, name: str) -> Row:
    """Rank every judged question of a set."""
    began = time.process_time()
    corpus = lines(folder / "corpus.jsonl")
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").split("\n")[1:]:
        if line and int(line.split("\t")[2]) > 0:
            question, document, grade = line.split("\t")
            judged[question][document] = int(grade)
    # paragraphs of one article share its title: it tells nothing apart
    texts = [
        record["text"] if name.startswith("xquad") else f"{record['title']}\n{record['text']}" for record in corpus
    ]
    found = [terms(text) for text in texts]
    ranking = Ranking(found)
    hits = gain = 0.0
    questions = [record for record in lines(folder / "queries.jsonl") if record["id"] in judged]
    for record in questions:
        best = [corpus[number]["id"] for number in ranking.best(terms(record["text"]), 10)]
        hits += ranked(HIT, best, judged[record["id"]])
        gain += ranked(NDCG, best, judged[record["id"]])
    count = max(1, len(questions))
    per_word = sum(map(len, found)) / max(1, sum(map(count_words, texts)))
    seconds = time.process_time() - began
    return Row(name, len(corpus), len(questions), 100 * hits / count, 100 * gain / count, per_word, seconds)


def main() -> None:
    """Print a table, and as the last line one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eval", type=Path, required=True, metavar="DIR")
    parser.add_argument("--set", nargs="*", default=[*(f"xquad/{language}" for language in XQUAD), "scifact"])
    options = parser.parse_args()
    rows = []
    print(f"{'set':<12}{'docs':>6}{'questions':>10}{'hit@1':>8}{'nDCG@10':>9}{'terms/word':>12}{'cpu s':>7}")
    for name in options.set:
        row = measure(options.eval / name, name)
        rows.append(row)
        print(
            f"{row.name:<12}{row.documents:>6}{row.questions:>10}{row.hit_at_1:>8.1f}{row.ndcg_at_10:>9.1f}"
            f"{row.terms_per_word:>12.2f}{row.seconds_s:>7.1f}"
        )
    print(json.dumps({"benchmark": "lexical", "k1": K1, "b": B, "rows": [asdict(row) for row in rows]}))


if __name__ == "__main__":
    main()
