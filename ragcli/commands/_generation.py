"""The flags by which `ask` says when to answer, how a language model is loaded and how it draws words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperOption

from ragcli.commands._checking import CHECKING
from ragcli.commands._flags import META, RERANKER_HELP, Verb, keep, switch, valued
from ragcli.commands._prompting import PROMPTING
from ragcli.errors import UsageError
from ragcli.record import record
from ragcli.types import Sampling

if TYPE_CHECKING:
    from typer._click.core import Parameter

    from ragcli.commands._session import Session

RUNTIME: Final = "command_r"
DEFAULT: Final = Sampling()
MOST_TOKENS: Final = 1 << 17


@record
class Flag:
    """A flag: its name without dashes, its type, its allowed values or bounds, its line in --help."""

    name: str
    kind: type
    help: str
    names: tuple[str, ...] = ()
    bounds: tuple[float, float] = (0, 0)

    @property
    def key(self) -> str:
        """As a keyword."""
        return self.name.replace("-", "_")


CONFIDENCE: Final = Flag("min-confidence", float, "The least evidence to answer from. [default: 0.36]", bounds=(0, 1))
RERANKER: Final = Flag("reranker", str, RERANKER_HELP)
LOADING: Final = (
    Flag("dtype", str, "The model's floats. [default: auto]", ("auto", "bf16", "fp16", "fp32")),
    Flag(
        "quant",
        str,
        "Its weights in fewer bits. [default: auto, if they must]",
        ("auto", "none", "8bit", "4bit"),
    ),
    Flag("attn", str, "Its attention. [default: auto, flash where it can be had]", ("auto", "flash", "sdpa", "eager")),
    Flag("device", str, "Where it runs, such as cpu, cuda or cuda:1. [default: auto]"),
)
SAMPLING: Final = (
    Flag("max-new-tokens", int, f"The longest completion. [default: {DEFAULT.max_tokens}]", bounds=(1, MOST_TOKENS)),
    Flag("temperature", float, "0 takes the likeliest word. [default: 0]", bounds=(0, 10)),
    Flag("top-p", float, "Draws from this share of the odds. [default: 1]", bounds=(1e-6, 1)),
    Flag("top-k", int, "Draws from so many tokens; 0: all. [default: 0]", bounds=(0, 1 << 20)),
    Flag("seed", int, "Draws the same words again. [default: 0]", bounds=(0, (1 << 63) - 1)),
)
NO_CONSTRAIN: Final = "no-constrain"
_FIELDS: Final = {"max_new_tokens": "max_tokens"}


def generation_options() -> list[TyperOption]:
    """The options, in the order of --help."""
    free = switch(NO_CONSTRAIN, "Lets the model write what it will, valid citations or not.")
    return [*map(_option, (CONFIDENCE, RERANKER, *LOADING, *SAMPLING)), free]


def _option(flag: Flag) -> TyperOption:
    return valued(
        flag.name,
        "|".join(flag.names) or ("NAME" if flag.kind is str else "N"),
        flag.help,
        type=flag.kind,
        callback=_checked(flag),
        autocompletion=(lambda ctx, args, incomplete: list(flag.names)) if flag.names else None,
    )


def _checked(flag: Flag) -> Callable[[typer.Context, Any, Any], None]:
    def check(ctx: typer.Context, param: Any, value: Any) -> None:
        low, high = flag.bounds
        if value is not None and flag.names and value not in flag.names:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(flag.names)}", ctx=ctx, param=param)
        if value is not None and high and not low <= value <= high:
            raise typer.BadParameter(f"{value} is not between {low:g} and {high:g}", ctx=ctx, param=param)
        keep(ctx, param, value)

    return check


class Asking(Verb):
    """The verb `ask`: the flags of checks, prompt and generation stand between its own and the common ones."""

    def get_params(self, ctx: Any) -> list[Parameter]:
        """The options in the order in which --help lists them."""
        params = super().get_params(ctx)
        own = len(self.params)
        return [*params[:own], *CHECKING, *PROMPTING, *GENERATION, *params[own:]]


GENERATION: Final = generation_options()


@record
class Generation:
    """How to load (`backends.create`'s options), how to draw, the least evidence to do either (None: the index's own),
    what reads close hits again ("": the default)."""

    loading: Mapping[str, Any]
    sampling: Sampling
    enough: float | None
    reranker: str


def generation(session: Session) -> Generation:
    """What the flags say. UsageError for flags of a model where the runtime has none."""
    given = {flag.key: session.meta.get(META + flag.key) for flag in (*LOADING, *SAMPLING)}
    given = {key: value for key, value in given.items() if value is not None}
    free = bool(session.meta.get(META + NO_CONSTRAIN.replace("-", "_")))
    named = [f"--{key.replace('_', '-')}" for key in given] + [f"--{NO_CONSTRAIN}"] * free
    if named and session.settings.runtime.partition(":")[0] != RUNTIME:
        told = f"{named[0]} is for a language model; {session.settings.runtime.partition(':')[0]!r} is none"
        raise UsageError(told, f"--runtime {RUNTIME}:MODEL")
    loading: dict[str, Any] = {key: given[key] for key in _keys(LOADING) if key in given}
    loading["constrain"] = not free
    loading["notice"] = None if session.flags.quiet else session.notice
    drawing: dict[str, Any] = {_FIELDS.get(key, key): given[key] for key in _keys(SAMPLING) if key in given}
    enough = session.meta.get(META + CONFIDENCE.key)
    reranker = session.meta.get(META + RERANKER.key) or ""
    return Generation(loading, Sampling(**drawing), enough, reranker)


def _keys(flags: Sequence[Flag]) -> list[str]:
    return [flag.key for flag in flags]
