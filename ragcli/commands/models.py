"""ragcli models pull|list|fit: the model files on this machine. `pull` is the only verb that uses the network."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from ragcli.commands._flags import Verb, examples
from ragcli.errors import MissingError, RagcliError

if TYPE_CHECKING:
    from ragcli.checkpoints import Checkpoint
    from ragcli.commands._session import Session
    from ragcli.models import ModelFolder

EXAMPLES = examples("ragcli models list", "ragcli models pull", "ragcli models fit command-r-08-2024")

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "pull", cls=Verb, epilog=examples("ragcli models pull", "ragcli models pull intfloat/multilingual-e5-small")
)
def pull(
    ctx: typer.Context,
    name: str = typer.Argument("", metavar="[NAME]", help="OWNER/MODEL on the hub. [default: all-MiniLM-L6-v2]"),
    revision: str | None = typer.Option(None, metavar="COMMIT", help="Pin this commit."),
) -> None:
    """Fetch a model from the hub: the only verb that uses the network."""
    from ragcli import models
    from ragcli.commands._session import Session

    session = Session(ctx)
    folder = models.pull(name, revision, session.notice)
    _show(session, [(folder.name, str(folder.path))])


@app.command("list", cls=Verb, epilog=examples("ragcli models list", "ragcli models list --json"))
def list_(ctx: typer.Context) -> None:
    """List the default model and those pulled, with their folders."""
    from ragcli import models
    from ragcli.commands._session import Session

    found: list[tuple[str, str | None]] = []
    for name in dict.fromkeys((models.DEFAULT_MODEL, *sorted(models.recorded()))):
        found.append((name, _where(name)))
    _show(Session(ctx), found)


@app.command(
    "fit",
    cls=Verb,
    epilog=examples("ragcli models fit command-r-08-2024", "ragcli models fit ./c4ai-command-r-v01 --memory 24G"),
)
def fit(
    ctx: typer.Context,
    model: str = typer.Argument(..., metavar="MODEL", help="Its folder, its name in the cache, or a published name."),
    memory: str = typer.Option("", metavar="SIZE", help="As if so much were free, such as 24G. [default: as it is]"),
) -> None:
    """Predict the memory that a Command-R takes, before it is fetched or loaded."""
    from ragcli import checkpoints
    from ragcli.commands._session import Session, size_bytes
    from ragcli.fit import known, table
    from ragcli.render.fit import fit_text, fit_value

    session = Session(ctx)
    place, free = ("as --memory says", size_bytes(memory)) if memory else _free()
    try:
        found = checkpoints.configured(model)
        made = table(found.name, found.config, place, free)
    except MissingError:
        published = known(model)
        if published is None:
            raise
        made = table(model, published, place, free)
    if session.flags.as_json:
        session.emit(fit_value(made))
    else:
        session.show(fit_text(made))


def _free() -> tuple[str, int]:
    """(whose memory, its free bytes): of the GPUs, or where there are none of this machine."""
    from ragcli.fit import SPARE_BYTES
    from ragcli.runtime import _memory

    gpus = _memory.of_gpus()
    if gpus:
        named = "on the GPU" if len(gpus) == 1 else f"on the {len(gpus)} GPUs together"
        return named, sum(gpus) - SPARE_BYTES * len(gpus)
    return "on this machine, which has no CUDA device", _memory.of_host()


def _where(name: str) -> str | None:
    """The folder of an embedder or a language model; None where it is not whole."""
    from ragcli import checkpoints, models

    finders: tuple[Callable[[str], ModelFolder | Checkpoint], ...] = (models.find, checkpoints.find)
    for find in finders:
        with contextlib.suppress(RagcliError):
            return str(find(name).path)
    return None


def _show(session: Session, found: Sequence[tuple[str, str | None]]) -> None:
    from ragcli.render.jsonform import path_value
    from ragcli.render.safe import name

    if session.flags.as_json:
        entries = [{"name": model, "path": path and path_value(path)} for model, path in found]
        session.emit({"schema": "ragcli.models/1", "ok": True, "exit_code": 0, "models": entries})
    else:
        session.show("".join(f"{name(model)}  {name(path or 'not on this machine')}\n" for model, path in found))
