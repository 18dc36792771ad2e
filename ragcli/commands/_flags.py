"""The flags that every verb takes, before or after its name, and the verb class that adds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from ragcli import __version__
from ragcli.record import record

if TYPE_CHECKING:
    from typer._click.core import Parameter

META: Final = "ragcli."
REPEATED: Final = "May be repeated."
RERANKER_HELP: Final = "What reads close hits again: maxsim, none or cross-encoder:MODEL. [default: maxsim]"
WAIT: Final = typer.Option(0.0, metavar="SECONDS", min=0, help="How long to wait for another writer to end.")
"""--wait, of every verb that writes to the index."""


@record
class Common:
    """The values of the flags that every verb takes."""

    index: str | None
    as_json: bool
    quiet: bool
    color: str | None


def common(ctx: typer.Context) -> Common:
    """The common flags, wherever on the command line they stood."""
    meta = ctx.meta
    return Common(
        index=meta.get(META + "index"),
        as_json=bool(meta.get(META + "json")),
        quiet=bool(meta.get(META + "quiet")),
        color=meta.get(META + "color"),
    )


def keep(ctx: typer.Context, param: Any, value: Any) -> None:
    """Remembers a flag that was given; one after the verb wins over the same before it."""
    if value is not None and value is not False:
        ctx.meta[META + param.name] = value


def _version(ctx: typer.Context, _param: Any, value: bool) -> None:
    if not value:
        return
    import platform

    from ragcli.render.jsonform import dumps

    if ctx.meta.get(META + "json"):
        document = {"schema": "ragcli.version/1", "ok": True, "exit_code": 0, "version": __version__}
        typer.echo(dumps({**document, "python": platform.python_version()}))
    else:
        typer.echo(f"ragcli {__version__}")
    raise typer.Exit


def _color(ctx: typer.Context, param: Any, value: str | None) -> None:
    if value not in (None, "auto", "always", "never"):
        raise typer.BadParameter(f"{value!r} is not one of auto, always, never", ctx=ctx, param=param)
    keep(ctx, param, value)


def valued(flag: str, metavar: str, line: str, **more: Any) -> TyperOption:
    """A flag with a value, which is kept for `common` and its like instead of passed to the verb."""
    how = {"type": str, "callback": keep, "expose_value": False, **more}
    return TyperOption(param_decls=[f"--{flag}"], metavar=metavar, help=line, **how)


def switch(flag: str, line: str, *short: str, **more: Any) -> TyperOption:
    """A flag without one, kept alike."""
    how = {"callback": keep, "expose_value": False, **more}
    return TyperOption(param_decls=[f"--{flag}", *short], is_flag=True, help=line, **how)


COMMON: Final = [
    valued("index", "DIR", "The index folder. [default: the nearest .ragcli upward]"),
    switch("json", "JSON on stdout, errors too.", is_eager=True),
    switch("quiet", "No progress and no notices.", "-q"),
    valued(
        "color",
        "WHEN",
        "auto, always or never.",
        callback=_color,
        autocompletion=lambda ctx, args, incomplete: ["auto", "always", "never"],
    ),
    # read from the arguments by main(), since an error may come before they are parsed
    switch("debug", "Tracebacks for errors.", callback=None),
    switch("version", "Print the version.", callback=_version),
]


class Verb(TyperCommand):
    """A verb: its own options, then the common ones, then --help."""

    def get_params(self, ctx: Any) -> list[Parameter]:
        """The options in the order in which --help lists them."""
        own = super().get_params(ctx)
        return [*own[:-1], *COMMON, own[-1]]


class Root(TyperGroup):
    """A group of verbs, which takes the common flags too."""

    def get_params(self, ctx: Any) -> list[Parameter]:
        """The options in the order in which --help lists them."""
        own = super().get_params(ctx)
        return [*own[:-1], *COMMON, own[-1]]


def examples(*lines: str) -> str:
    """The last section of a verb's --help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
