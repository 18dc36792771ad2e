"""What it costs to start: whole processes of --help, ls, search and ask on a small index, wall and CPU.

Usage: python benchmarks/startup.py [--runs 7] [--index DIR]

With --index on that index, such as one of 10,000 snippets that scale.py --folder left.

Prints a table of milliseconds and, as its last line, one JSON document. Load of the machine is in the wall times.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOTE = "Paraffin came by boat twice a year; one barrel lasted for about forty days of ordinary weather.\n"
COMMANDS = {
    "help": ["--help"],
    "ls": ["ls"],
    "search": ["search", "how long did a barrel last"],
    "ask": ["ask", "How long did one barrel of paraffin last?"],
}


def run(arguments: list[str], folder: str) -> tuple[float, float]:
    """(wall, CPU) milliseconds of `ragcli ARGUMENTS` as a process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "ragcli", *arguments], check=False, cwd=folder, capture_output=True)
    if done.returncode not in (0, 3):  # 3: not in the documents
        sys.exit(done.stderr.decode())
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--index", type=Path)
    given = parser.parse_args()
    runs = given.runs
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    figures: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / ".pycache")
        (Path(folder) / "paraffin.md").write_text(NOTE, encoding="utf-8")
        run(["ingest", "."], folder)
        print(f"{'command':8} {'wall':>6} {'least':>6} {'CPU':>6} {'least':>6}   ms, median and least of {runs}")
        for name, arguments in COMMANDS.items():
            if given.index is not None and name != "help":
                arguments = [*arguments, "--index", str(given.index.absolute())]
            run(arguments, folder)
            walls, cpus = zip(*(run(arguments, folder) for _ in range(runs)), strict=True)
            figures[name] = {
                "wall_ms": round(statistics.median(walls)),
                "wall_min_ms": round(min(walls)),
                "cpu_ms": round(statistics.median(cpus)),
                "cpu_min_ms": round(min(cpus)),
            }
            print(f"{name:8} " + " ".join(f"{figure:6}" for figure in figures[name].values()))
    print(json.dumps({"benchmark": "startup", "runs": runs, **figures}))


if __name__ == "__main__":
    main()
