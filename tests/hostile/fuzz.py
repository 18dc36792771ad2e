"""`python -m tests.hostile.fuzz TARGET [atheris' own flags]`: a target of targets.py with inputs that cover new code.

Needs atheris, which is no dependency: `pip install atheris`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main(argv: list[str]) -> None:
    """Runs until a crash, or as long as the flags say (-runs=N, -max_total_time=S)."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["ragcli"]):
        targets: Any = importlib.import_module("tests.hostile.targets")
    if len(argv) < 2 or argv[1] not in targets.TARGETS:
        raise SystemExit(f"name a target: {', '.join(targets.TARGETS)}")
    target = targets.TARGETS[argv[1]]

    def one(raw: bytes) -> None:
        # a byte above 127 stands for a piece, so that few bytes make a whole tag
        target("".join(targets.PIECES[byte % len(targets.PIECES)] if byte > 127 else chr(byte) for byte in raw))

    atheris.Setup([argv[0], *argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
