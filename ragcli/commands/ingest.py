"""ragcli ingest PATH...: bring the index up to date with files and folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ragcli.commands._flags import REPEATED, examples
from ragcli.errors import EXIT_PARTIAL, MissingError, UsageError
from ragcli.types import FileState, IngestReport

if TYPE_CHECKING:
    from ragcli.commands._session import Session, Words
    from ragcli.plan import IngestOptions

EXAMPLES = examples(
    "ragcli ingest ~/notes",
    "ragcli ingest report.pdf --meta year=2024",
    "ragcli ingest -n ~/notes             what would be done",
    "ragcli ingest ~/notes --json | jq -c 'select(.state == \"failed\")'",
)


def run(
    ctx: typer.Context,
    paths: list[str] = typer.Argument(metavar="PATH...", help="Files and folders."),
    meta: list[str] = typer.Option([], metavar="KEY=VALUE", help=f"Metadata for every file. {REPEATED}"),
    dry_run: bool = typer.Option(False, "--dry-run", "-n", help="Say what would be done and write nothing."),
    verify: bool = typer.Option(False, "--verify", help="Read every file, also what looks unchanged."),
    embedder: str | None = typer.Option(None, metavar="NAME", help="A model's name or folder."),
    min_words: int | None = typer.Option(None, metavar="N", min=100, max=400, help="Of a snippet. [default: 150]"),
    max_words: int | None = typer.Option(None, metavar="N", min=100, max=400, help="Of a snippet. [default: 220]"),
    max_file_size: str = typer.Option("256M", metavar="SIZE", help="Larger files are not read."),
    prune_all: bool = typer.Option(False, "--prune-all", help="Remove vanished files even if most are gone."),
    no_ignore: bool = typer.Option(False, "--no-ignore", help="Do not obey .gitignore and .ragignore."),
    hidden: bool = typer.Option(False, "--hidden", help="Also hidden files."),
    include_secrets: bool = typer.Option(False, "--include-secrets", help="Also files that hold keys or passwords."),
) -> None:
    """Bring the index up to date with files and folders.

    New files are added, unchanged ones cost nothing, changed ones are replaced, vanished ones removed.
    """
    from ragcli.commands._session import Session, pairs, size_bytes
    from ragcli.plan import IngestOptions
    from ragcli.walk import WalkOptions

    if min_words and max_words and min_words > max_words:
        raise UsageError(f"--min-words {min_words} is more than --max-words {max_words}")
    for path in paths:
        if not os.path.exists(path):
            raise MissingError(f"{path}: no such file or folder")
    session = Session(ctx, embedder=embedder)
    walk = WalkOptions(no_ignore, hidden, include_secrets, size_bytes(max_file_size))
    options = IngestOptions(pairs(meta, "--meta"), verify, prune_all, walk)
    roots = [Path(path) for path in paths]
    words = (min_words, max_words)
    report = _forecast(session, roots, options) if dry_run else _ingest(session, roots, options, words)
    _show(session, report, planned=dry_run)
    if any(outcome.state is FileState.FAILED for outcome in report.outcomes):
        raise typer.Exit(EXIT_PARTIAL)


def _ingest(session: Session, roots: list[Path], options: IngestOptions, words: Words) -> IngestReport:
    from ragcli.ingest import Progress, ingest
    from ragcli.render.jsonform import file_event
    from ragcli.render.progress import bar
    from ragcli.types import FileOutcome

    wanted = not session.flags.quiet and os.environ.get("TERM") != "dumb"
    with session.open(write=True, words=words) as index, bar(sys.stderr, wanted=wanted) as step:

        def on_file(outcome: FileOutcome, progress: Progress) -> None:
            if session.flags.as_json:
                session.emit(file_event(outcome))
            step(outcome.uri, progress.done_bytes, progress.total_bytes, progress.windows)

        return ingest(roots, index, options=options, on_file=on_file)


def _forecast(session: Session, roots: list[Path], options: IngestOptions) -> IngestReport:
    """What an ingest would do. Without an index it is planned against an empty one in a temporary folder."""
    import tempfile
    import time

    from ragcli.index import open_index
    from ragcli.ingest import forecast
    from ragcli.render.jsonform import file_event

    started = time.monotonic()
    folder = session.settings.index
    if (folder / "store.sqlite").exists():
        with open_index(folder, None) as index:
            outcomes = forecast(roots, index, options=options)
    else:
        with tempfile.TemporaryDirectory() as empty, open_index(Path(empty), None, write=True) as index:
            index.base = Path(os.path.abspath(folder)).parent
            outcomes = forecast(roots, index, options=options)
    if session.flags.as_json:
        for outcome in outcomes:
            session.emit(file_event(outcome))
    return IngestReport(tuple(outcomes), 0, 0, time.monotonic() - started)


def _show(session: Session, report: IngestReport, *, planned: bool) -> None:
    from ragcli.render.jsonform import summary_event
    from ragcli.render.report import ingest_text

    if session.flags.as_json:
        session.emit(summary_event(report, str(session.settings.index), planned=planned))
    elif not session.flags.quiet:
        session.show(ingest_text(report, session.look, planned=planned))
