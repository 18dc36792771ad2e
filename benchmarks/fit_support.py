"""Fits the weights of `ragcli.support` and says how well they tell supported claims from others.

    python benchmarks/fit_support.py SET/claims.jsonl [SET/claims.jsonl ...] [--embedder NAME] [--run OUT]

Each line: {"id", "claim", "evidence": [text], "label"}; "supported" against every other label. All sets weigh the
same, and in each set both sides do. Each half (claims of one source stay together: what stands before "|" in the
id) is scored by weights of the other, and both AUCs are shown; then the weights of all. `--run` writes the held-out
scores, a file of id<TAB>score for each set.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragcli import backends, claims, models, support
from ragcli.lexical import terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragcli.protocols import Embedder

RIDGE = 1e-3


@dataclass(frozen=True)
class Set:
    """Claims with their signs, labels and halves; `ms` of CPU a claim took."""

    name: str
    ids: list[str]
    signs: NDArray[np.float64]
    labels: NDArray[np.str_]
    half: NDArray[np.int64]
    ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--embedder", default="")
    parser.add_argument("--run", type=Path)
    options = parser.parse_args()
    embedder = backends.create("embedder", models.choose(options.embedder, bulk=True)) if options.embedder else None
    sets = [read(path, embedder) for path in options.sets]
    held_out = [np.zeros(len(each.ids)) for each in sets]
    for half in (0, 1):
        weights = fit([chosen(each, each.half != half) for each in sets])
        for each, scores in zip(sets, held_out, strict=True):
            scores[each.half == half] = odds(weights, each.signs[each.half == half])
    shipped = np.array(support.BY_STATES if embedder else support.BY_WORDS)
    for each, scores in zip(sets, held_out, strict=True):
        print(json.dumps(measured(each, scores, odds(shipped, each.signs))))
        if options.run:
            lines = (f"{id}\t{score:.6f}\n" for id, score in zip(each.ids, scores, strict=True))
            options.run.with_name(f"{options.run.name}-{each.name}.tsv").write_text("".join(lines), "utf-8")
    print(json.dumps({"weights": [round(float(each), 2) for each in fit([chosen(each, ...) for each in sets])]}))


def read(path: Path, embedder: Embedder | None) -> Set:
    with path.open(encoding="utf-8", newline="\n") as stream:
        rows = [json.loads(line) for line in stream]
    rows = [row for row in rows if "".join(row["evidence"]).strip()]
    idf = weights_of(rows)
    started = time.process_time()
    found = [
        support.signs(claims.read(row["claim"], idf, embedder), support.source_of(row["evidence"], embedder))[0]
        for row in rows
    ]
    ms = 1000 * (time.process_time() - started) / len(rows)
    half = [blake2b(row["id"].split("|")[0].encode()).digest()[0] % 2 for row in rows]
    signs = np.array([astuple(each) for each in found], dtype=np.float64)
    labels = np.array([row["label"] for row in rows])
    return Set(path.parent.name, [row["id"] for row in rows], signs, labels, np.array(half), ms)


def weights_of(rows: Sequence[dict[str, Any]]) -> Callable[[str], float]:
    """The IDF of a term among the texts that serve as evidence, as an index has it among its snippets."""
    texts = {"\n\n".join(row["evidence"]) for row in rows}
    count = Counter(term for text in texts for term in set(terms(text)))
    return lambda term: math.log(1 + (len(texts) - count[term] + 0.5) / (count[term] + 0.5))


def chosen(each: Set, which: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return each.signs[which], each.labels[which] == "supported"


def odds(weights: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weights[0] + signs @ weights[1:], dtype=np.float64)


def fit(sets: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> NDArray[np.float64]:
    """Logistic regression with a little ridge by Newton's method; bias first."""
    inputs = np.vstack([np.column_stack((np.ones(len(signs)), signs)) for signs, _ in sets])
    wanted = np.concatenate([labels for _, labels in sets]).astype(np.float64)
    mass = np.concatenate([np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum()) for _, y in sets]) / len(sets)
    weights = np.zeros(inputs.shape[1])
    ridge = RIDGE * np.eye(len(weights))
    ridge[0, 0] = 0.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (mass * (wanted - chance)) - ridge @ weights
        curve = (inputs * (mass * chance * (1 - chance))[:, None]).T @ inputs + ridge
        weights = weights + np.linalg.solve(curve, slope)
    return weights


def measured(each: Set, held_out: NDArray[np.float64], shipped: NDArray[np.float64]) -> dict[str, Any]:
    told: dict[str, Any] = {"set": each.name, "claims": len(each.ids), "ms_a_claim": round(each.ms, 1)}
    for name, scores in (("held_out", held_out), ("shipped", shipped)):
        told[f"auc_{name}"] = auc(scores, each.labels)
        told[f"auc_{name}_halves"] = [auc(scores[each.half == h], each.labels[each.half == h]) for h in (0, 1)]
        for label in sorted(set(each.labels) - {"supported"}):
            among = (each.labels == label) | (each.labels == "supported")
            told[f"auc_{name}_against_{label}"] = auc(scores[among], each.labels[among])
    return told


def auc(scores: NDArray[np.float64], labels: NDArray[np.str_]) -> float:
    positive, negative = scores[labels == "supported"], scores[labels != "supported"]
    above = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    return round(float(above), 4)


if __name__ == "__main__":
    main()
