"""ragcli models pull|list: the model files on this machine. `pull` is the only verb that uses the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ragcli.commands._flags import Verb, examples
from ragcli.errors import MissingError

if TYPE_CHECKING:
    from ragcli.commands._session import Session

EXAMPLES = examples("ragcli models list", "ragcli models pull")

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
    for name in dict.fromkeys((models.DEFAULT_MODEL, *_pulled(models.cache_folder()))):
        try:
            found.append((name, str(models.find(name).path)))
        except MissingError:
            found.append((name, None))
    _show(Session(ctx), found)


def _pulled(cache: Path) -> list[str]:
    """The names that `pull` recorded."""
    import json

    try:
        recorded = json.loads((cache / "models.json").read_bytes())
    except (OSError, ValueError):
        return []
    return sorted(recorded) if isinstance(recorded, dict) else []


def _show(session: Session, found: Sequence[tuple[str, str | None]]) -> None:
    from ragcli.render.jsonform import path_value
    from ragcli.render.safe import name

    if session.flags.as_json:
        entries = [{"name": model, "path": path and path_value(path)} for model, path in found]
        session.emit({"schema": "ragcli.models/1", "ok": True, "exit_code": 0, "models": entries})
    else:
        session.show("".join(f"{name(model)}  {name(path or 'not on this machine')}\n" for model, path in found))
