"""The verbs, and the one place where an error becomes a line, a JSON document and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any, Final

import typer
from typer.core import TyperCommand
from typer.main import get_command, get_group

from ragcli.commands._flags import Root, Verb
from ragcli.errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    Busy,
    DamagedIndex,
    MemoryShort,
    RagcliError,
    StorageError,
    UsageError,
)

VERBS: Final = {
    "ingest": "Bring the index up to date with files and folders.",
    "search": "Find the passages closest to a query.",
    "ask": "Answer a question from your documents, with citations.",
    "ls": "List the files of the index with their state: one line a file.",
    "show": "Show a snippet or a document as it is stored.",
    "rm": "Remove files from the index.",
    "stats": "Count what the index holds: documents, words, languages, sizes.",
    "doctor": "Check the installation and the index; say what mends each fault.",
    "rebuild": "Make the search indexes anew from the stored text.",
    "export": "Write the whole index to one file.",
    "import": "Make an index of a file that export wrote.",
    "log": "Show what was asked of this index before, and what was answered.",
    "verify": "Check a saved answer again, against the index and the files.",
    "config": "Show the settings that hold, or where their files are.",
    "models": "Fetch models, list those on this machine, or predict the memory one takes.",
    "schema": "Print the JSON Schema of an output, or list their names.",
    "eval": "Measure search, answers, citations and abstention on questions whose answers are known.",
    "tune": "Choose the weights of search and answers for this index, on questions whose answers are known.",
    "help": "Explain exit codes, environment variables or the JSON schemas.",
}
"""Each is the module of its name in `ragcli.commands`, with its line in `ragcli --help`."""
EXIT_BROKEN_PIPE: Final = 141
STORAGE_ERRNOS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EMFILE}
)
SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Interrupted(RagcliError):
    """Ctrl-C."""

    exit_code = EXIT_INTERRUPTED
    code = "interrupted"


class Verbs(Root):
    """The verbs by name; one is imported when it is called, since importing all costs `--help` half its time."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands.update({verb: TyperCommand(verb, help=line) for verb, line in VERBS.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """(name, command, arguments left) of the verb that is called."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, _load(str(name)), rest


def build() -> typer.Typer:
    """The Typer app with all verbs."""
    app = typer.Typer(
        cls=Verbs,
        help="Ask a folder of documents; every citation resolves to file, page, line and characters.",
        epilog="\b\nStart:\n  ragcli ingest FOLDER\n  ragcli ask 'What does it say about penguins?'",
        context_settings=SETTINGS,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    return app


def _load(verb: str) -> Any:
    """The command or group of commands of a verb."""
    module = importlib.import_module(f"ragcli.commands.{verb}")
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(_root)
    if hasattr(module, "app"):
        app.add_typer(module.app, name=verb, cls=Root, help=VERBS[verb], epilog=module.EXAMPLES)
    else:
        kind = getattr(module, "VERB", Verb)
        app.command(verb, cls=kind, epilog=module.EXAMPLES, context_settings=SETTINGS)(module.run)
    return get_group(app).commands[verb]


def _root() -> None:
    """Nothing: the verbs do the work."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; a bug propagates (to `report_bug` in a process of its own)."""
    args = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    # The numpy encoder's products are small: OpenBLAS threads that wait for each other cost 20 times the work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if argv is None:
        sys.excepthook = report_bug
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _invoke(args)
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_stdout()
        return EXIT_BROKEN_PIPE
    except _foreseen() as error:
        known = named(error)
        if known is None:
            raise
        return _report(known, error, args)
    return code


def _invoke(args: list[str]) -> int:
    """Parses and runs. Typer's own main() is not used: it would turn Ctrl-C and a broken pipe into exit 1."""
    app = build()
    if "_RAGCLI_COMPLETE" in os.environ:
        # Typer would take markup out of our help texts, which have none, and import Rich for it: 0.2 s a key
        sys.modules["rich"] = None  # type: ignore[assignment]
        app(prog_name="ragcli")
    try:
        with get_command(app).make_context("ragcli", args) as context:
            context.command.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    return EXIT_OK


def _foreseen() -> tuple[type[BaseException], ...]:
    import sqlite3

    return RagcliError, typer.TyperException, typer.Abort, KeyboardInterrupt, OSError, MemoryError, sqlite3.Error


def named(error: BaseException) -> RagcliError | None:
    """The error of our tree that this one is, None for a bug."""
    import sqlite3

    if isinstance(error, RagcliError):
        return error
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return Interrupted("interrupted")
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        return UsageError(error.format_message(), f"{context.command_path if context else 'ragcli'} --help")
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return MemoryShort("not enough memory", "close other programs, or ingest fewer files at a time")
    if isinstance(error, OSError) and error.errno in STORAGE_ERRNOS:
        where = f": {error.filename!r}" if error.filename else ""
        return StorageError(f"{error.strerror}{where}", "free some space or choose another --index")
    return _named_sqlite(error) if isinstance(error, sqlite3.Error) else None


def _named_sqlite(error: BaseException) -> RagcliError | None:
    import sqlite3

    if isinstance(error, (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.IntegrityError)):
        return None
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Busy("another process is writing to this index", "wait for it to end, then run the command again")
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}:
        return StorageError(
            f"the index cannot be read or written: {error}", "free some space or choose another --index"
        )
    if code == sqlite3.SQLITE_NOMEM:
        return MemoryShort("not enough memory", "close other programs, or ingest fewer files at a time")
    return DamagedIndex(f"the index is damaged: {error}", "see what is wrong and how to mend it: ragcli doctor --deep")


def _report(error: RagcliError, cause: BaseException, args: Sequence[str]) -> int:
    """The error on stderr, and under --json on stdout too. Returns the exit code."""
    from ragcli.render.jsonform import dumps, error_value
    from ragcli.render.safe import name

    options = list(args[: args.index("--")]) if "--" in args else list(args)
    if "--debug" in options:
        import traceback

        traceback.print_exception(cause)
    try:
        if _wants_json(options):
            sys.stdout.write(dumps(error_value(error), ascii_only=True) + "\n")
            sys.stdout.flush()
        hint = f"\n  hint: {name(error.hint)}" if error.hint else ""
        sys.stderr.write(f"ragcli: {name(error.message)}{hint}\n")
    except OSError:
        _leave_stdout()
    return error.exit_code


def _wants_json(options: Sequence[str]) -> bool:
    named = any(option.split("=")[0] in {"--json", "--jsonl", "--batch"} for option in options)
    formats = {f"--format{between}{form}" for between in "= " for form in ("json", "cohere")}
    return named or bool(formats & {*options, *(f"{one} {two}" for one, two in pairwise(options))})


def report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The excepthook: an unforeseen error as one line, its traceback only with --debug; Python exits with 1."""
    import traceback

    args = sys.argv[1:]
    if "--debug" in args:
        traceback.print_exception(kind, error, trace)
        args = [arg for arg in args if arg != "--debug"]
    bug = RagcliError(f"internal error: {kind.__name__}: {error}", "run it again with --debug and report the traceback")
    _report(bug, error, args)


def _leave_stdout() -> None:
    """Points stdout at nothing, so that the interpreter's last flush cannot fail."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
