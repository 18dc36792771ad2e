"""ragcli ingest PATH...: bring the index up to date with files and folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ragcli.commands._flags import REPEATED, WAIT, examples
from ragcli.errors import EXIT_PARTIAL, UsageError
from ragcli.types import FileState, IngestReport

if TYPE_CHECKING:
    from ragcli.commands._session import Session, Words
    from ragcli.commands._sources import Given, Sources
    from ragcli.plan import IngestOptions

EXAMPLES = examples(
    "ragcli ingest ~/notes",
    "ragcli ingest ~/mail --include '*.eml' --meta year=2024",
    "git ls-files -z | ragcli ingest --files-from - -0",
    "ragcli ingest ~/notes --json | jq -c 'select(.state == \"failed\")'",
)


def run(
    ctx: typer.Context,
    paths: list[str] = typer.Argument(None, metavar="[PATH...|-]", help="Files and folders; - is a text on stdin."),
    files_from: str | None = typer.Option(None, metavar="FILE|-", help="Also the paths in this file, one a line."),
    null: bool = typer.Option(False, "--null", "-0", help="NUL ends a path in --files-from, not a new line."),
    stdin_name: str | None = typer.Option(None, metavar="NAME", help="What to call the text on stdin."),
    include: list[str] = typer.Option([], metavar="GLOB", help=f"Only files that match. {REPEATED}"),
    exclude: list[str] = typer.Option([], metavar="GLOB", help=f"No file or folder that matches. {REPEATED}"),
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
    password_file: str | None = typer.Option(None, metavar="FILE", help="Passwords for PDFs, one a line."),
    wait: float = WAIT,
    watch: bool = typer.Option(False, "--watch", help="Go on, and ingest again what changes, until Ctrl-C."),
) -> None:
    """Bring the index up to date with files and folders.

    New files are added, unchanged ones cost nothing, changed ones are replaced, vanished ones removed.
    Patterns are those of .gitignore; what they leave out is not searchable any more. Attachments of e-mails are
    documents of their own, as MAIL/NAME.
    """
    from ragcli.commands import _sources
    from ragcli.commands._session import Session, pairs, size_bytes
    from ragcli.plan import IngestOptions
    from ragcli.walk import WalkOptions

    if min_words and max_words and min_words > max_words:
        raise UsageError(f"--min-words {min_words} is more than --max-words {max_words}", "swap them")
    _sources.check(given := _sources.Given(paths or [], files_from, null, stdin_name))
    session = Session(ctx, embedder=embedder)
    walk = WalkOptions(
        *(no_ignore, hidden, include_secrets, size_bytes(max_file_size)),
        include=_sources.patterns(include, "--include"),
        exclude=_sources.patterns(exclude, "--exclude"),
        private=() if password_file is None else (os.path.abspath(password_file),),
    )
    passwords = _sources.passwords(password_file)
    options = IngestOptions(pairs(meta, "--meta"), verify, prune_all, files_from is not None, passwords, walk)
    if watch:
        _check_watch(given, dry_run=dry_run)
    base = Path(os.path.abspath(session.settings.index)).parent
    sources = _sources.gather(given, base, walk.max_file_bytes)
    words = (min_words, max_words)
    report = _forecast(session, sources, options) if dry_run else _ingest(session, sources, options, words, wait)
    _show(session, report, planned=dry_run)
    if watch:
        from ragcli.commands._watch import follow

        sys.stdout.flush()
        report = follow(session, sources.roots, report, lambda: _again(session, sources, options), hidden=hidden)
    if any(outcome.state is FileState.FAILED for outcome in report.outcomes):
        raise typer.Exit(EXIT_PARTIAL)


def _check_watch(given: Given, *, dry_run: bool) -> None:
    from ragcli.commands._sources import PIPE
    from ragcli.commands._watch import need_watchfiles

    if dry_run or PIPE in given.paths:
        raise UsageError(f"--watch does not go with {'--dry-run' if dry_run else 'a text on stdin'}", "leave one out")
    need_watchfiles()


def _again(session: Session, sources: Sources, options: IngestOptions) -> IngestReport:
    """A run of --watch: as the first one, and its summary as JSON only."""
    report = _ingest(session, sources, options, (None, None), 0.0)
    if session.flags.as_json:
        _show(session, report, planned=False)
    return report


def _ingest(session: Session, sources: Sources, options: IngestOptions, words: Words, wait_s: float) -> IngestReport:
    from ragcli.ingest import Progress, ingest
    from ragcli.render.jsonform import file_event
    from ragcli.types import FileOutcome

    with session.open(write=True, words=words, wait_s=wait_s) as index, session.progress() as step:

        def on_file(outcome: FileOutcome, progress: Progress) -> None:
            if session.flags.as_json:
                session.emit(file_event(outcome))
            step(outcome.uri, progress.done_bytes, progress.total_bytes, progress.windows)

        return ingest(sources.roots, index, options=options, piped=sources.piped, on_file=on_file)


def _forecast(session: Session, sources: Sources, options: IngestOptions) -> IngestReport:
    """What an ingest would do. Without an index it is planned against an empty one in a temporary folder."""
    import tempfile
    import time

    from ragcli.database import NAME
    from ragcli.index import open_index
    from ragcli.ingest import forecast
    from ragcli.render.jsonform import file_event

    started = time.monotonic()
    folder = session.settings.index
    if (folder / NAME).exists():
        with open_index(folder, None) as index:
            outcomes = forecast(sources.roots, index, options=options, piped=sources.piped)
    else:
        with tempfile.TemporaryDirectory() as empty, open_index(Path(empty), None, write=True) as index:
            index.base = Path(os.path.abspath(folder)).parent
            outcomes = forecast(sources.roots, index, options=options, piped=sources.piped)
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
