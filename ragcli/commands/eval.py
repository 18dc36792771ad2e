"""ragcli eval KIND SET: how well search, answers, citations and abstention do on questions whose answers are known."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import typer

from ragcli.commands._complete import backends_of
from ragcli.commands._flags import REPEATED, RERANKER_HELP, examples
from ragcli.errors import UsageError
from ragcli.types import SearchMode

EXAMPLES = examples(
    "ragcli eval --make-questions > questions.jsonl",
    "ragcli eval retrieval questions.jsonl",
    "ragcli eval answers my-set --json > before.json",
    "ragcli eval answers my-set --baseline before.json --fail-under Gold=0.6",
)


class Kind(StrEnum):
    """What is measured."""

    RETRIEVAL = "retrieval"
    ANSWERS = "answers"
    SUPPORT = "support"
    ABSTAIN = "abstain"


KIND: Final = typer.Argument(None, metavar="[KIND]", help="What to measure: retrieval, answers, support or abstain.")
TEST: Final = typer.Argument(
    "", metavar="[SET]", help="A folder with corpus.jsonl or questions.jsonl, or a file of questions or claims."
)
QUESTIONS: Final = typer.Option(
    None, metavar="N", min=1, help="Only N of them, the same each time. [default: all, or 50 to make]"
)
RUNTIME: Final = typer.Option(
    None, metavar="NAME[:ARG]", help="What answers. [default: extractive]", autocompletion=backends_of("runtime")
)
MIN_CONFIDENCE: Final = typer.Option(
    None, metavar="X", min=0, max=1, help="The least evidence to answer from; 0 answers all."
)
WITHOUT_GOLD: Final = typer.Option(
    False, "--without-gold", help="For abstain: also ask each question with its documents left out."
)
RUN_FILE: Final = typer.Option(
    None, "--run", metavar="FILE", help="The ranking: query, document, score; of claims: id, score."
)
FAIL_UNDER: Final = typer.Option([], metavar="NAME=X", help=f"Exit with 8 where a figure is worse than X. {REPEATED}")
MAKE_QUESTIONS: Final = typer.Option(
    False, "--make-questions", help="Write questions about the files of the index, to begin a set with."
)


def run(
    ctx: typer.Context,
    kind: Kind | None = KIND,
    test: str = TEST,
    split: str = typer.Option("", metavar="NAME", help="Only questions or claims of this split."),
    questions: int | None = QUESTIONS,
    measure: list[str] = typer.Option([], metavar="NAME", help=f"Of rankings, such as R@100. {REPEATED}"),
    mode: SearchMode = typer.Option(SearchMode.HYBRID, help="How retrieval searches."),
    k: int | None = typer.Option(None, "-k", metavar="N", min=1, max=1000, help="Snippets an answer. [default: 5]"),
    runtime: str | None = RUNTIME,
    embedder: str | None = typer.Option(None, metavar="NAME", help="A model's name or folder."),
    reranker: str = typer.Option("", metavar="NAME[:ARG]", help=RERANKER_HELP, autocompletion=backends_of("reranker")),
    min_confidence: float | None = MIN_CONFIDENCE,
    no_history: bool = typer.Option(False, "--no-history", help="Ask follow-ups without the turns before them."),
    without_gold: bool = WITHOUT_GOLD,
    keep: str | None = typer.Option(None, metavar="DIR", help="Where indexes of sets are kept. [default: the cache]"),
    fresh: bool = typer.Option(False, "--fresh", help="Make the set's index anew."),
    out: str | None = typer.Option(None, metavar="FILE", help="One line of JSON a question or claim."),
    run_file: str | None = RUN_FILE,
    baseline: str | None = typer.Option(None, metavar="FILE", help="Compare with an older --json or --out."),
    fail_under: list[str] = FAIL_UNDER,
    make_questions: bool = MAKE_QUESTIONS,
) -> None:
    """Measure search, answers, citations and abstention on questions whose answers are known.

    Every figure comes with its bootstrap 95 % interval. docs/EVAL.md says how a set is written and what is counted.
    """
    from ragcli.commands import _eval
    from ragcli.commands._eval_files import Files
    from ragcli.commands._session import Session

    session = Session(ctx, k=k, runtime=runtime, embedder=embedder)
    if make_questions:
        if kind is not None:
            raise UsageError("--make-questions takes no set", "ragcli eval --make-questions > questions.jsonl")
        _eval.make_questions(session, questions or _eval.MADE)
        return
    if kind is None or not test:
        raise UsageError("say what to measure, and on which set", "such as: ragcli eval retrieval questions.jsonl")
    wanted = _eval.Wanted(
        kind.value,
        test,
        split=split,
        questions=questions or 0,
        measures=tuple(measure),
        mode=mode,
        history=not no_history,
        without_gold=without_gold,
        min_confidence=min_confidence,
        reranker=reranker,
    )
    files = Files(keep=keep, fresh=fresh, out=out, run=run_file, baseline=baseline)
    code = _eval.evaluate(session, wanted, files, fail_under)
    if code:
        raise typer.Exit(code)
