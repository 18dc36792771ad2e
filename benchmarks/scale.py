"""Cost against size: filling, publishing, searching (cold, warm), an unchanged tree, one changed file, memory, disk.

Usage: python benchmarks/scale.py [--sizes 1000 10000 100000] [--runs 5] [--folder DIR] [--pool VECTORS.npy]

The corpora are made (made.py), 100 snippets a file, with vectors in the space of the default model. Each step is a
process of its own; searches and ingests of an unchanged tree and of one file are the command line as a user calls it.
Prints a table, the slopes of log cost on log size, and, as its last line, one JSON document. With --folder the corpora
stay, and are not filled again. A million snippets take 9 GB of disk and the filling about 10 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

import made
import numpy as np

from ragcli import backends, models
from ragcli.config import DEFAULT_EMBEDDER
from ragcli.index import Index, open_index
from ragcli.retrieve import retrieve

if TYPE_CHECKING:
    from ragcli.protocols import Embedder, Vectors

PER_FILE = 100
POOL = 1000
ASKED = 40
EXACT = 20
"""Query vectors whose ten nearest are also looked for one by one."""
ROOT = Path(__file__).parents[1]


def model(*, bulk: bool) -> Embedder:
    """The default one."""
    made_one: Embedder = backends.create("embedder", models.choose(DEFAULT_EMBEDDER, bulk=bulk))
    return made_one


def pool_in(place: Path) -> Vectors:
    """Real vectors: those of the benchmark's own passages, embedded once."""
    path = place / "pool.npy"
    if not path.exists():
        files = sorted((ROOT / "benchmarks/passages").glob("*.jsonl"))
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        texts = [" ".join(json.loads(line)["sentences"])[:500] for line in lines][:POOL]
        np.save(path, model(bulk=True).passages(texts))
    loaded: Vectors = np.load(path)
    return loaded


# -- steps, each in its own process -----------------------------------------------------------------------


def fill(folder: Path, size: int) -> dict[str, float]:
    """The store, then the caches."""
    pool = pool_in(folder.parent)
    with open_index(folder / ".ragcli", model(bulk=False), name=DEFAULT_EMBEDDER, write=True) as index:
        start, cpu = time.perf_counter(), time.process_time()
        made.fill(index, folder, size, PER_FILE, pool)
        filled = time.perf_counter() - start, time.process_time() - cpu
        start, cpu = time.perf_counter(), time.process_time()
        index.publish()
        published = time.perf_counter() - start, time.process_time() - cpu
        windows = index.store.count()[2]
    told = {"fill_s": filled[0], "fill_cpu_s": filled[1], "publish_s": published[0], "publish_cpu_s": published[1]}
    return told | {"windows": windows}


def questions(size: int) -> list[str]:
    """About the first passages."""
    rng = np.random.default_rng(7)
    asked = [passage for passage in made.passages(min(size, 200)) if passage.content]
    return [made.question(passage, rng) for passage in asked[:ASKED]]


def warm(folder: Path, size: int) -> dict[str, float]:
    """Milliseconds of a question on an open index, and of its two legs."""
    with open_index(folder / ".ragcli", model(bulk=False)) as index:
        told: dict[str, list[float]] = {name: [] for name in ("whole", "cpu", "dense", "lexical", "embed")}
        for question in questions(size):
            start, cpu = time.perf_counter(), time.process_time()
            retrieve(question, index)
            told["whole"].append(time.perf_counter() - start)
            told["cpu"].append(time.process_time() - cpu)
            start = time.perf_counter()
            index.dense(question, 100)
            told["dense"].append(time.perf_counter() - start)
            start = time.perf_counter()
            index.lexical(question, 100)
            told["lexical"].append(time.perf_counter() - start)
            start = time.perf_counter()
            index.embedder.query(question + " again")
            told["embed"].append(time.perf_counter() - start)
        return {f"warm_{name}_ms": 1000 * statistics.median(seconds[3:]) for name, seconds in told.items()} | {
            "warm_whole_p90_ms": 1000 * statistics.quantiles(told["whole"][3:], n=10)[-1]
        }


def recall(folder: Path, size: int) -> dict[str, float]:
    """Share of the ten, and of the hundred, nearest windows that the search finds."""
    asked = made.vectors(pool_in(folder.parent), EXACT, np.random.default_rng(11))
    with open_index(folder / ".ragcli", model(bulk=False)) as index:
        best = [_nearest(index, asked, 100)]
        found = [[id for id, _ in index.vectors.search(query, 100)] for query in asked]
    shares = {}
    for k in (10, 100):
        shares[f"recall_at_{k}"] = statistics.mean(
            len(set(mine[:k]) & set(true[:k])) / k for mine, true in zip(found, best[0], strict=True)
        )
    return shares


def _nearest(index: Index, asked: Vectors, k: int) -> list[list[int]]:
    """Exactly, from the store."""
    rows = index.store.covered.vectors(1)
    ids, scores = np.empty((len(asked), 0), np.int64), np.empty((len(asked), 0), np.float32)
    while some := [row for _, row in zip(range(20_000), rows, strict=False)]:
        vectors = np.frombuffer(b"".join(vector for _, vector, _ in some), np.float32).reshape(len(some), -1)
        scores = np.hstack([scores, asked @ vectors.T])
        ids = np.hstack([ids, np.tile([id for id, _, _ in some], (len(asked), 1))])
        order = np.argsort(-scores, axis=1)[:, :k]
        ids, scores = np.take_along_axis(ids, order, 1), np.take_along_axis(scores, order, 1)
    found: list[list[int]] = ids.tolist()
    return found


STEPS = {"fill": fill, "warm": warm, "recall": recall}

# -- the processes ------------------------------------------------------------------------------------------


def process(command: list[str]) -> tuple[str, dict[str, float]]:
    """(stdout, wall and CPU milliseconds and MiB at most) of a command."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        said = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if child.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return said, {"ms": 1000 * wall, "cpu_ms": 1000 * cpu, "mib": usage.ru_maxrss / 1024}


def step(name: str, folder: Path, size: int) -> dict[str, float]:
    said, cost = process([sys.executable, __file__, "--step", name, "--folder", str(folder), "--sizes", str(size)])
    told: dict[str, float] = json.loads(said)
    return told | {f"{name}_mib": cost["mib"]}


def cli(name: str, runs: int, *arguments: str) -> dict[str, float]:
    """Medians of `ragcli ARGUMENTS`, after one that counts not where there are several."""
    if runs > 1:
        process([sys.executable, "-m", "ragcli", *arguments])
    costs = [process([sys.executable, "-m", "ragcli", *arguments])[1] for _ in range(runs)]
    return {f"{name}_{unit}": statistics.median(cost[unit] for cost in costs) for unit in costs[0]}


def measured(folder: Path, size: int, runs: int) -> dict[str, float]:
    """All figures of one size."""
    told: dict[str, float] = {"snippets": size}
    notes = folder / "fill.json"
    if not notes.exists():
        folder.mkdir(parents=True, exist_ok=True)
        notes.write_text(json.dumps(step("fill", folder, size)))
    told |= json.loads(notes.read_text())
    index = ("--index", str(folder / ".ragcli"))
    asked = questions(size)[5]
    told |= cli("cold", runs, "search", asked, *index)
    told |= cli("cold_lexical", runs, "search", asked, "--mode", "lexical", *index)
    told |= step("warm", folder, size) | step("recall", folder, size)
    told |= cli("unchanged", 1, "ingest", str(folder), "--exclude", "/note.md", "--quiet", *index)
    note = folder / "note.md"
    changes = []
    for number in range(3):
        note.write_text(f"# Note {number}\n\n" + "The lamp of the harbour was lit again. " * (9 + number))
        changes.append(cli("changed", 1, "ingest", str(note), "--quiet", *index))
    told |= {name: statistics.median(change[name] for change in changes) for name in changes[0]}
    for family in ("store", "vectors", "terms"):
        bytes_held = sum(path.stat().st_size for path in (folder / ".ragcli").glob(f"{family}.*"))
        told[f"{family}_mib"] = bytes_held / 2**20
    return told


def slopes(rows: list[dict[str, float]]) -> dict[str, float]:
    """Of log cost on log size from 10,000 snippets on, or over all if there is one such size only."""
    fitted = [row for row in rows if row["snippets"] >= 10_000]
    fitted = fitted if len(fitted) > 1 else rows
    if len(fitted) < 2:
        return {}
    sizes = np.log([row["snippets"] for row in fitted])
    names = ("fill_cpu_s", "publish_cpu_s", "cold_cpu_ms", "warm_cpu_ms", "changed_cpu_ms", "store_mib", "vectors_mib")
    return {name: round(float(np.polyfit(sizes, np.log([row[name] for row in fitted]), 1)[0]), 2) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the corpora are made, and stay")
    parser.add_argument("--pool", type=Path, help="real vectors to mix, instead of those of benchmarks/passages")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(STEPS[arguments.step](arguments.folder, arguments.sizes[0])))
        return
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as temporary:
        place = (arguments.folder or Path(temporary)).absolute()
        place.mkdir(parents=True, exist_ok=True)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
        os.environ["PYTHONPYCACHEPREFIX"] = str(place / ".pycache")
        if arguments.pool is not None:
            np.save(place / "pool.npy", np.load(arguments.pool))
        rows: list[dict[str, float]] = []
        for size in arguments.sizes:
            rows.append(
                {name: round(value, 3) for name, value in measured(place / str(size), size, arguments.runs).items()}
            )
            print(f"{size:,} snippets", file=sys.stderr)
    for name in rows[0]:
        print(f"{name:24}" + "".join(f"{row[name]:>14,.6g}" for row in rows))
    fitted: dict[str, Any] = slopes(rows)
    print(" ".join(f"{name} {slope}" for name, slope in fitted.items()))
    print(json.dumps({"benchmark": "scale", "runs": arguments.runs, "sizes": rows, "slopes": fitted}))


if __name__ == "__main__":
    main()
