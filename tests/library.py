"""Small real pieces that many tests share: a folder of files, an index over it with the hashing embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ragcli.embedders.hashing import Hashing
from ragcli.index import Index, open_index
from ragcli.ingest import ingest
from ragcli.plan import IngestOptions
from ragcli.types import FileState, IngestReport

PARAGRAPHS = (
    "The keeper of the lamp lives in the tower and winds the clockwork every evening before the sun goes down.",
    "In the winter of 1893 a storm broke four panes of the lantern, and the light was dark for nine nights.",
    "Paraffin came by boat twice a year; one barrel lasted for about forty days of ordinary weather.",
)


def fill(root: Path, **texts: str) -> None:
    """Writes `name=text` as root/name.md; "__" in a name stands for a folder."""
    for name, text in texts.items():
        path = root / (name.replace("__", "/") + ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@contextmanager
def opened(
    folder: Path, embedder: Hashing | None = None, *, write: bool = True, notice: Callable[[str], None] = lambda _: None
) -> Iterator[Index]:
    """The index in folder/.ragcli."""
    embedder = embedder or Hashing(64)
    with open_index(folder / ".ragcli", embedder, name="hashing:64", write=write, notice=notice) as index:
        yield index


def ingested(root: Path, embedder: Hashing | None = None, options: IngestOptions | None = None) -> IngestReport:
    """Ingests `root` into root/.ragcli."""
    with opened(root, embedder) as index:
        return ingest([root], index, options=options or IngestOptions())


def states(report: IngestReport) -> dict[str, FileState]:
    """uri -> state, without the index's own folder."""
    return {outcome.uri: outcome.state for outcome in report.outcomes if outcome.uri != ".ragcli"}


def cache_file(root: Path, cache: str = "vectors") -> Path:
    """The one file of a cache of the index in root/.ragcli."""
    (path,) = (root / ".ragcli").glob(f"{cache}.*")
    return path
