"""Embedders of the default model: a cold process for one query, passages a second, agreement.

Usage: python benchmarks/embedders.py [--passages 24] [--rounds 3] [--threads 2]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

BACKENDS = ("bert", "ort", "sentence")
SENTENCE = "The quick brown fox number {} jumps over a lazy dog, and the rain falls on the hills of the north. "
COLD = (
    "from ragcli import backends, models;"
    "backends.create('embedder', models.choose('', bulk=False)).query('How tall is the lighthouse?')"
)


def cold(rounds: int) -> dict[str, float]:
    """Median wall and CPU milliseconds of a whole process that encodes one query by numpy."""
    walls, cpus = [], []
    for _ in range(rounds + 1):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-c", COLD], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        walls.append((time.perf_counter() - start) * 1000)
        cpus.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    # the first run fills the cache of hashes
    return {
        "cold_wall_ms": round(statistics.median(walls[1:])),
        "cold_wall_min_ms": round(min(walls[1:])),
        "cold_cpu_ms": round(statistics.median(cpus[1:])),
    }


def warm(texts: list[str], rounds: int, threads: int) -> dict[str, float]:
    """Median passages a second and per CPU second of each backend, turn by turn, and the largest difference."""
    import torch

    from ragcli import backends

    torch.set_num_threads(threads)
    made = {name: backends.create("embedder", f"{name}:", threads=threads, device="cpu") for name in BACKENDS}
    vectors = {name: embedder.passages(texts) for name, embedder in made.items()}
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in BACKENDS}
    for _ in range(rounds):
        for name, embedder in made.items():
            cpu, wall = time.process_time(), time.perf_counter()
            embedder.passages(texts)
            used = time.process_time() - cpu
            rates[name].append((len(texts) / (time.perf_counter() - wall), len(texts) / used))
    figures = {"tokens": float(len(made["bert"].token_spans(texts[0])))}
    for name, pairs in rates.items():
        figures[f"{name}_per_s"] = round(statistics.median(wall for wall, _ in pairs), 1)
        figures[f"{name}_per_cpu_s"] = round(statistics.median(cpu for _, cpu in pairs), 1)
    couples = [(a, b) for a in BACKENDS for b in BACKENDS if a < b]
    figures["max_abs_diff"] = max(float(np.abs(vectors[a] - vectors[b]).max()) for a, b in couples)
    figures["min_cosine"] = min(float((vectors[a] * vectors[b]).sum(axis=1).min()) for a, b in couples)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    texts = [(SENTENCE.format(number) * 8)[:560] for number in range(arguments.passages)]
    figures = {**cold(arguments.rounds), **warm(texts, arguments.rounds, arguments.threads)}
    for name, figure in figures.items():
        print(f"{name:20} {figure:>12.7g}")
    print(json.dumps({"benchmark": "embedders", "threads": arguments.threads, "load": os.getloadavg()[0], **figures}))


if __name__ == "__main__":
    main()
