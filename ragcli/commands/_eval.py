"""What `ragcli eval` does once its flags are read: set, index, trials, figures, files."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ragcli.commands._eval_files import Files, check, older, written
from ragcli.commands._session import Session, lasting, make_embedder, make_reranker
from ragcli.errors import MissingError, UsageError
from ragcli.types import SearchMode

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.reports import Trial
    from ragcli.testsets import Claim, Question, QuestionSet
    from ragcli.trial import Case

T = TypeVar("T")

MEASURES: Final = ("nDCG@10", "RR@10", "Success@1", "Success@5", "R@5", "R@10", "R@20")
MADE: Final = 50
NONE: Final = "none"
SPREAD: Final = 3
"""Ids that a notice names."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is measured, on which questions, and how they are asked."""

    kind: str
    path: str
    split: str = ""
    questions: int = 0
    measures: tuple[str, ...] = ()
    mode: SearchMode = SearchMode.HYBRID
    history: bool = True
    without_gold: bool = False
    min_confidence: float | None = None
    reranker: str = ""


def evaluate(session: Session, wanted: Wanted, files: Files, bounds: Sequence[str]) -> int:
    """Measures and shows; the exit code is 8 where a bound does not hold."""
    from ragcli import figures
    from ragcli.render import scores
    from ragcli.reports import Evaluation

    check(files, Path(wanted.path))
    limits = dict(_bound(each) for each in bounds)
    before = None if files.baseline is None else older(Path(files.baseline))
    measured = _claims if wanted.kind == "support" else _questions
    name, how, documents, trials = measured(session, wanted, files, tuple(limits))
    found = figures.figures(trials, before)
    if before is not None and not any(figure.change for figure in found):
        raise UsageError(f"{files.baseline} has no figure of these questions", "compare runs over the same set")
    made = Evaluation(wanted.kind, name, how, documents, found, tuple(trials), figures.short(found, limits))
    if session.flags.as_json:
        session.emit(scores.evaluation_value(made))
    else:
        session.show(scores.evaluation_text(made, session.look))
    return scores.code_of(made)


def _bound(text: str) -> tuple[str, float]:
    """ "nDCG@10=0.7"; a measure's other names are taken too."""
    from ragcli.measures import measure

    name, _, value = text.partition("=")
    try:
        bound = float(value)
    except ValueError as error:
        raise UsageError(f"--fail-under {text}: not NAME=NUMBER", "such as nDCG@10=0.7") from error
    try:
        return measure(name).name, bound
    except UsageError:
        return name.strip(), bound


Measured = tuple[str, str, int, list["Trial"]]
"""The set's name, how it was measured, how many documents there were, and what each question came to."""


def _questions(session: Session, wanted: Wanted, files: Files, bounds: Sequence[str]) -> Measured:
    from ragcli import testsets, trial
    from ragcli.rerank import DEFAULT as MAXSIM
    from ragcli.rerank import NONE as NO_RERANKER
    from ragcli.setindex import places
    from ragcli.tuning import DEFAULT

    test = testsets.read_set(Path(wanted.path), wanted.split)
    counted = _counted(wanted, bounds)
    with opened(session, test, files) as (index, own):
        where = places(test, index, own=own)
        cases = [trial.case_of(question, where, index) for question in _chosen(test.questions, wanted)]
        tell_lost(session, cases)
        names = {uri: id for id, uri in where.items()}
        reading = wanted.reranker or (MAXSIM if wanted.mode is SearchMode.HYBRID else NO_RERANKER)
        reader = make_reranker(reading, index)
        if wanted.kind == "retrieval":
            search = trial.Search(counted, names, reader, wanted.mode, wanted.history)
            how, asked = f"{wanted.mode}, {reading}", _rankings(cases, index, search)
        else:
            how, asked = _answering(session, cases, index, wanted, reader)
        with written(session, files, "questions") as write:
            trials = [write(each, at, total) for at, (each, total) in enumerate(asked, 1)]
        how += "" if wanted.history else ", no history"
        how += ", tuned" if index.tuning != DEFAULT else ""
        return label(wanted.path), how, index.store.count()[0], trials


def label(path: str) -> str:
    """What a set is called: its path as it was given, of an absolute one the end."""
    return "/".join(Path(path).parts[-2:]) if Path(path).is_absolute() else Path(path).as_posix()


def _counted(wanted: Wanted, bounds: Sequence[str]) -> list[Any]:
    """The measures of a ranking that were named, or that a bound names; the usual ones where none were."""
    from ragcli.measures import measure

    named = list(wanted.measures) or list(MEASURES)
    if wanted.kind == "retrieval":
        named += [bound for bound in bounds if "@" in bound and not bound.startswith("Gold")]
    elif wanted.measures:
        raise UsageError("--measure is for rankings", "ragcli eval retrieval")
    return list(dict.fromkeys(map(measure, named)))


def _chosen(found: Sequence[Question], wanted: Wanted) -> list[Question]:
    """Those that can be measured, or as many of them as were wanted, in their order."""
    if wanted.kind == "retrieval":
        found = [question for question in found if question.relevant]
        if not found:
            raise UsageError(f"{wanted.path}: no question names the document that answers it", _see())
    elif wanted.kind == "abstain" and not wanted.without_gold and all(question.answerable for question in found):
        raise UsageError(
            f"{wanted.path}: every question has an answer", "ask each without its documents: --without-gold"
        )
    return drawn(found, wanted.questions)


def _see() -> str:
    from ragcli.testsets import SEE

    return SEE


def drawn(found: Sequence[T], count: int) -> list[T]:
    """`count` of them, the same on every call, in their order; 0 for all."""
    if not count or count >= len(found):
        return list(found)
    return [found[at] for at in sorted(random.Random(0).sample(range(len(found)), count))]


def tell_lost(session: Session, cases: Sequence[Case]) -> None:
    """A notice of gold passages that are nowhere."""
    lost = [f"{case.question.id} ({gold.document})" for case in cases for gold in case.lost]
    if lost:
        more = f" and {len(lost) - SPREAD:,} more" if len(lost) > SPREAD else ""
        session.notice(f"gold passages that are not in the index count as not found: {', '.join(lost[:SPREAD])}{more}")


@contextmanager
def opened(session: Session, test: QuestionSet, files: Files) -> Iterator[tuple[Index, bool]]:
    """The index that was named, or the set's own, which is kept; and whether it is the set's own."""
    if session.flags.index is not None or (test.corpus is None and test.files is None):
        with session.open() as index:
            yield index, False
        return
    from ragcli.config import DEFAULT_EMBEDDER
    from ragcli.index import open_index
    from ragcli.models import cache_folder
    from ragcli.setindex import folder_of, make_index

    spec = lasting(session.settings.embedder or DEFAULT_EMBEDDER)
    folder = folder_of(test, spec, Path(files.keep) if files.keep else cache_folder() / "eval")
    session.notice(f"the set's index: {folder}")
    with session.progress() as step:
        make_index(test, folder, lambda: make_embedder(spec, bulk=True), spec, fresh=files.fresh, on_step=step)
    with open_index(folder, make_embedder(spec, bulk=False), notice=session.notice) as index:
        yield index, True


Asked = Iterator[tuple["Trial", int]]
"""What each question came to as it comes, with how many there will be."""


def _rankings(cases: Sequence[Case], index: Index, how: Any) -> Asked:
    from ragcli import trial

    for case in cases:
        yield trial.retrieval(case, index, how), len(cases)


def _answering(session: Session, cases: Sequence[Case], index: Index, wanted: Wanted, reader: Any) -> tuple[str, Asked]:
    """Answers by the runtime, or the evidence alone."""
    from ragcli import trial
    from ragcli.config import ASK_K

    k = session.settings.k or ASK_K
    if wanted.kind == "abstain":
        asker = trial.Asker(index, k, None, reader, wanted.history, wanted.min_confidence)
        return f"evidence of {k} snippets", _evidence(cases, asker, wanted.without_gold)
    from ragcli.commands._generation import generation
    from ragcli.commands.ask import make_runtime

    runtime = make_runtime(session.settings.runtime, lambda: index, generation(session))
    asker = trial.Asker(index, k, runtime, reader, wanted.history, wanted.min_confidence)
    return f"{runtime.name} of {k} snippets", _answers(cases, asker)


def _answers(cases: Sequence[Case], asker: Any) -> Asked:
    from ragcli import trial

    for case in cases:
        made = trial.answer(case, trial.asked(case, asker), asker.index.idf)
        yield replace(made, values={**made.values, **trial.reading(case, asker.index)}), len(cases)


def _evidence(cases: Sequence[Case], asker: Any, without_gold: bool) -> Asked:
    from ragcli import trial

    again = [case for case in cases if without_gold and case.question.answerable and case.grades]
    total = len(cases) + len(again)
    for case in cases:
        yield trial.evidence_of(case, asker), total
    for case in again:
        yield trial.evidence_of(case, asker, without_gold=True), total


def _claims(session: Session, wanted: Wanted, files: Files, _: Sequence[str]) -> Measured:
    from ragcli import testsets, trial
    from ragcli.config import DEFAULT_EMBEDDER

    path = Path(wanted.path)
    claims = testsets.read_claims(path, wanted.split)
    full = [claim for claim in claims if any(map(str.strip, claim.evidence))]
    if not full:
        raise UsageError(f"{path}: no claim has evidence", _see())
    if len(full) < len(claims):
        session.notice(f"{len(claims) - len(full):,} claims have no evidence and are left out")
    spec = session.settings.embedder or DEFAULT_EMBEDDER
    embedder = None if spec == NONE else make_embedder(lasting(spec), bulk=True)
    idf = idf_of(full)
    chosen = drawn(full, wanted.questions)
    with written(session, files, "claims") as write:
        trials = [write(trial.support(claim, idf, embedder), at, len(chosen)) for at, claim in enumerate(chosen, 1)]
    return label(wanted.path), f"embedder {spec}", 0, trials


def idf_of(claims: Sequence[Claim]) -> Callable[[str], float]:
    """How much a term tells, as `Index.idf`, each claim's evidence being one snippet."""
    import math
    from collections import Counter

    from ragcli.lexical import terms

    texts = list(dict.fromkeys("\n".join(claim.evidence) for claim in claims))
    counts = Counter(term for text in texts for term in set(terms(text)))
    return lambda term: math.log(1 + (len(texts) - counts[term] + 0.5) / (counts[term] + 0.5))


def make_questions(session: Session, count: int) -> None:
    """A starter set of the index on stdout, one question a line."""
    from ragcli import starter
    from ragcli.render.scores import question_value

    with session.open(embed=False) as index:
        whole = (index.store.document(document.uri) for document in index.store.documents())
        made = [
            question
            for document in whole
            if document is not None
            for question in starter.questions_of(document, index.store.snippets_of(document.uri))
        ]
    drawn_ones = starter.draw(made, count)
    if not drawn_ones:
        raise MissingError("nothing in this index gives a question by rule", "write some by hand: docs/EVAL.md")
    for number, question in enumerate(drawn_ones, 1):
        session.emit(question_value(f"made-{number:03}", question))
    session.notice(f"{len(drawn_ones):,} questions: say them in your own words, and throw out what nobody would ask")
