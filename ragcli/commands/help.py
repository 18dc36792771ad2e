"""ragcli help TOPIC: exit codes, environment, schemas."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

import typer

from ragcli.commands._complete import one_of
from ragcli.commands._flags import examples
from ragcli.errors import UsageError

EXAMPLES = examples("ragcli help exit-codes", "ragcli help environment", "ragcli ask --help")

TOPICS: Final = ("exit-codes", "environment", "schema")
EXIT_CODES: Final = (
    (0, "ok", "done"),
    (1, "internal", "a bug in ragcli; --debug shows where"),
    (2, "usage", "a flag or argument is wrong"),
    (3, "no_evidence", "nothing found, or your documents do not answer"),
    (4, "missing", "the index, a file, a model or a package is not there"),
    (5, "partial", "some files could not be read; the others are in the index"),
    (6, "index", "the index is damaged, or made for another embedder or version"),
    (7, "memory", "not enough memory"),
    (8, "check_failed", "a check that you asked for does not hold"),
    (9, "busy", "another process is writing to this index"),
    (10, "storage", "the disk is full, read-only or failing"),
    (130, "interrupted", "stopped by Ctrl-C"),
)


def run(
    topic: str = typer.Argument(
        "", metavar="[TOPIC]", help="exit-codes, environment or schema.", autocompletion=one_of(*TOPICS)
    ),
) -> None:
    """Explain exit codes, environment variables or the JSON schemas."""
    topics = dict(zip(TOPICS, (exit_codes, environment, schema), strict=True))
    if topic and topic not in topics:
        raise UsageError(f"no help on {topic!r}", f"topics: {', '.join(topics)}")
    text = topics[topic]() if topic else f"Topics: {', '.join(topics)}. For a verb: ragcli VERB --help.\n"
    typer.echo(text, nl=False)


def exit_codes() -> str:
    """The table of exit codes, and how a batch chooses among them."""
    from ragcli.errors import SEVERITY

    rows = [(f"{code:>4}  {name:<13} ", meaning) for code, name, meaning in EXIT_CODES]
    order = ", ".join(str(code) for code in SEVERITY)
    return _laid(rows) + "\n" + _laid([("", f"A batch exits with the worst of its lines: {order}.")])


def environment() -> str:
    """The table of environment variables."""
    from ragcli.config import ENVIRONMENT

    rows = [(f"{name:<22} ", meaning) for name, meaning in ENVIRONMENT]
    return _laid(rows) + "\n" + _laid([("", "Flags win over these, these over files: ragcli config.")])


def schema() -> str:
    """Where the JSON schemas are."""
    lines = (
        "Every JSON output names its schema: ragcli.NAME/VERSION. Within a version keys are only added.",
        "List the names: ragcli schema. Print one: ragcli schema answer.",
        "Offsets count Unicode code points from 0, end exclusive. JavaScript strings count UTF-16 units.",
    )
    return _laid([("", line) for line in lines])


def _laid(rows: Sequence[tuple[str, str]]) -> str:
    """(label, text) rows, wrapped under the text where stdout is a terminal."""
    from ragcli.render.layout import Segment, lay, look_of

    look = look_of(sys.stdout, "never", os.environ)
    return "".join(lay([Segment(label + text)], look, indent=" " * len(label), first="") for label, text in rows)
