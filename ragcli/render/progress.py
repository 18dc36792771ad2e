"""A progress bar: on stderr, only where stderr is a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from ragcli.render.safe import name

LABEL: Final = 32
Step = Callable[[str, int, int, int], None]
"""Takes a file, how much is done, how much there is to do, windows (or another unit) so far."""


@contextmanager
def bar(stream: TextIO, *, wanted: bool, unit: str = "windows") -> Iterator[Step]:
    """Yields what takes a step; nothing is drawn unless `wanted` and on a terminal."""
    if not wanted or not stream.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, rate="")
        started = time.monotonic()

        def step(file: str, done: int, total: int, windows: int) -> None:
            rate = windows / max(time.monotonic() - started, 0.1)
            shown = f"{rate:,.0f} {unit}/s" if rate >= 10 else f"{rate:.1f} {unit}/s"
            progress.update(task, description=label(file), completed=done, total=total, rate=shown)

        yield step


def label(file: str) -> str:
    """The file with as many of its folders as fit, at most LABEL characters."""
    shown = name(file)
    while len(shown) > LABEL and "/" in shown:
        shown = shown.partition("/")[2]
    return shown[-LABEL:]
