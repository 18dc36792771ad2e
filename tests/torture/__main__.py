"""`python -m tests.torture [--quick | --brief] [--only PART] [--seed N] [--files N] [--json]`: exits with 1 if anything
does not hold."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tests.torture import __path__ as HERE
from tests.torture import _lab, _shim
from tests.torture._figures import Outcome, Settings, Size

SHOWN: Final = 20


def parts() -> list[str]:
    """The modules without an underscore."""
    return sorted(module.name for module in pkgutil.iter_modules(HERE) if not module.name.startswith("_"))


def main(argv: list[str]) -> int:
    """Runs the parts and prints one page."""
    given = _arguments(argv)
    size = Size.BRIEF if given.brief else Size.QUICK if given.quick else Size.FULL
    chosen = [part for part in parts() if not given.only or part in given.only]
    with tempfile.TemporaryDirectory(prefix="ragcli-torture-") as folder:
        if not _shim.is_loaded() and "RAGCLI_TORTURE" not in os.environ:
            library = _shim.build(Path(folder))
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAGCLI_TORTURE": "1"}
            if library is not None:
                environment["LD_PRELOAD"] = str(library)
            command = [sys.executable, "-m", "tests.torture", *argv]
            return os.waitstatus_to_exitcode(os.spawnve(os.P_WAIT, sys.executable, command, environment) << 8)
        return _all(chosen, Settings(size, given.seed, Path(folder), given.files), as_json=given.json)


def _arguments(argv: list[str]) -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="at most 20 minutes")
    parser.add_argument("--brief", action="store_true", help="at most one minute: a part of make test")
    parser.add_argument("--only", action="append", choices=parts(), metavar="PART", help=", ".join(parts()))
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--files", type=int, default=0, metavar="N", help="of the tree; 0: by the size of the run")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def _all(chosen: list[str], settings: Settings, *, as_json: bool) -> int:
    _lab.prepare(settings.place)
    os.environ["XDG_CONFIG_HOME"] = os.devnull
    told: dict[str, Any] = {"seed": settings.seed, "size": settings.size.name.lower(), "parts": {}}
    failed = stopped = False
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in chosen:
        outcome, started = Outcome(), time.monotonic()
        module = importlib.import_module(f"tests.torture.{name}")
        if getattr(module, "NEEDS_SHIM", False) and not _shim.is_loaded():
            outcome.figures["not run"] = "needs Linux and a C compiler"
        else:
            place = settings.place / name
            place.mkdir()
            try:
                module.run(replace(settings, place=place), outcome)
            except KeyboardInterrupt:
                stopped = True
                outcome.figures["stopped"] = "before its end"
        seconds = round(time.monotonic() - started)
        figures = {**outcome.figures, "violations": len(outcome.violations), "seconds": seconds}
        told["parts"][name] = {"figures": figures, "violations": outcome.violations}
        failed |= bool(outcome.violations)
        if not as_json:
            _show(name, figures, outcome.violations)
        if stopped:
            break
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
    return int(failed)


def _show(name: str, figures: dict[str, Any], violations: list[str]) -> None:
    lines = [f"{name}", *(f"  {key:<40} {value:>12,}" if isinstance(value, int) else f"  {key:<40} {value:>12}"
                          for key, value in figures.items())]  # fmt: skip
    lines += [f"  ! {violation}" for violation in violations[:SHOWN]]
    if len(violations) > SHOWN:
        lines.append(f"  ! and {len(violations) - SHOWN} more")
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
