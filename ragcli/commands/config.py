"""ragcli config show|path: which settings hold, and where they come from."""

from __future__ import annotations

from enum import StrEnum

import typer

from ragcli.commands._flags import common, examples

EXAMPLES = examples(
    "ragcli config show --origin",
    'echo "k = 8" > ragcli.toml',
    "ragcli config path",
    "ragcli config show --json | jq '.settings.k'",
)


class Part(StrEnum):
    """What to print."""

    SHOW = "show"
    PATH = "path"


def run(
    ctx: typer.Context,
    part: Part = typer.Argument(Part.SHOW, metavar="[show|path]", help="The settings, or the files they may stand in."),
    origin: bool = typer.Option(False, "--origin", help="Say where each value comes from."),
) -> None:
    """Show the settings that hold, or where their files are.

    A flag wins over RAGCLI_... in the environment, that over the nearest ragcli.toml upward, that over the user's
    file, that over the default. Keys: index, embedder, runtime, k, citation_mode, color, log. A project's file
    chooses neither embedder nor runtime, and no index outside its folder, since it may have come from elsewhere.
    """
    import os
    from pathlib import Path

    from ragcli.commands._session import Session
    from ragcli.config import resolve
    from ragcli.render import settings

    if part is Part.PATH:
        # not by Session, which reads the files: one that is broken must be found too
        _paths(common(ctx).as_json)
        return
    session = Session(ctx)
    found = resolve(session.given, os.environ, Path.cwd())
    rows = [settings.Row(key, each.value, each.origin.value, each.where) for key, each in found.items()]
    if session.flags.as_json:
        session.emit(settings.value(rows))
    else:
        session.show(settings.text(rows, origin=origin))


def _paths(as_json: bool) -> None:
    import os
    from pathlib import Path

    from ragcli.config import PROJECT_FILE, project_file, user_file
    from ragcli.render.jsonform import dumps
    from ragcli.render.settings import files_text, files_value

    places = {"project": project_file(Path.cwd()) or Path.cwd() / PROJECT_FILE, "user": user_file(os.environ)}
    rows = [(kind, str(path), path.is_file()) for kind, path in places.items() if path is not None]
    typer.echo(dumps(files_value(rows)) if as_json else files_text(rows), nl=as_json)
