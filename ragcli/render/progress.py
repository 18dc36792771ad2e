"""The progress bar of an ingest: on stderr, only where stderr is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from ragcli.render.safe import name


@contextmanager
def bar(stream: TextIO, *, wanted: bool) -> Iterator[Callable[[str, int, int, str], None]]:
    """Yields `step(label, done_bytes, total_bytes, rate)`; it draws nothing unless `wanted` and on a terminal."""
    if not wanted or not stream.isatty():
        yield lambda _label, _done, _total, _rate: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    columns = (
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, rate="")

        def step(label: str, done: int, total: int, rate: str) -> None:
            progress.update(task, description=name(label)[-40:], completed=done, total=total, rate=rate)

        yield step
