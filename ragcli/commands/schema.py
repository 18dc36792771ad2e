"""ragcli schema [NAME]: the JSON Schema of an output."""

from __future__ import annotations

import typer

from ragcli.commands._complete import schemas
from ragcli.commands._flags import common, examples
from ragcli.errors import MissingError

EXAMPLES = examples("ragcli schema", "ragcli schema answer > answer.schema.json")


def run(
    ctx: typer.Context,
    name: str = typer.Argument(
        "", metavar="[NAME]", help="As in ragcli.NAME/1, such as answer.", autocompletion=schemas
    ),
) -> None:
    """Print the JSON Schema of an output, or list their names."""
    from importlib.resources import files

    from ragcli.render.jsonform import dumps

    folder = files("ragcli") / "schemas"
    names = sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json"))
    wanted = name.removeprefix("ragcli.").removesuffix("/1")
    if wanted in names:
        typer.echo((folder / f"{wanted}.json").read_text("utf-8"), nl=False)
    elif name:
        raise MissingError(f"no schema {name!r}", f"one of: {', '.join(names)}")
    elif common(ctx).as_json:
        typer.echo(dumps({"schema": "ragcli.schemas/1", "ok": True, "exit_code": 0, "schemas": names}))
    else:
        typer.echo("\n".join(names))
