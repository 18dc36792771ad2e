"""An index's own weights, from questions whose answers are known: each is chosen from a few values, one after the
other, and kept only if such a choice is also better on questions that it was not made by.

Each question is searched for once; what the legs found is then weighed in memory, by the functions that search uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ragcli import backends, evidence, measures, salience, tuning
from ragcli.database import existing
from ragcli.errors import DamagedIndex, UsageError
from ragcli.heldout import choose
from ragcli.lock import Patience, WriterLock
from ragcli.reports import Change, Compared, Weighed
from ragcli.rerank import DEFAULT, rerank, words_of
from ragcli.retrieve import SPARE, Candidates, first, gather
from ragcli.significance import mean
from ragcli.store import Store
from ragcli.types import Hit, Scores, Snippet, Span

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.protocols import Embedder
    from ragcli.salience import Sentence
    from ragcli.trial import Case
    from ragcli.tuning import Tuning

    Step = Callable[[str, int, int, int], None]

Row = TypeVar("Row")
Thing = TypeVar("Thing")

LEAST: Final = 30
"""Questions with a known passage or document: fewer tell nothing of five weights."""
LEAST_EACH: Final = 10
"""Questions without an answer: fewer, and the documents of the others are left out instead."""
FOUND: Final = 10
"""Hits that count: the reciprocal rank of the first that answers."""
READ: Final = 5
"""Hits that sentences are chosen from, and evidence is judged by, as `ask` does."""
RANK: Final = "RR@10"
SENTENCE: Final = "Sentence@1"
TOLD: Final = "Balanced"
"""The mean of the share answered of what has an answer and the share declined of what has none."""
GRIDS: Final = {
    "dense": (0.15, 0.3, 0.45, 0.6, 0.75, 0.9),
    "document": (0.0, 0.05, 0.1, 0.2, 0.3, 0.4),
    "rerank": (0.0, 0.15, 0.3, 0.45, 0.6, 0.75),
    "likeness": (0.5, 0.75, 1.0, 1.25, 1.5),
    "enough": tuple(round(0.05 * step, 2) for step in range(1, 20)),
}
"""Few values, since few questions cannot tell near ones apart."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question and all that it may find; `positive` if what answers it is there."""

    case: Case
    found: Candidates
    positive: bool = True


Judged = tuple[bool, bool]
"""Whether a question has an answer, and whether it would get one."""


def tune(cases: Sequence[Case], index: Index, *, step: Step = lambda *_: None) -> tuple[Tuning, tuple[Weighed, ...]]:
    """The weights for this index, beginning with those it has, and what became of each. UsageError: too few cases."""
    known = [case for case in cases if case.question.answerable and (case.golds or _documents(case))]
    if len(known) < LEAST:
        message = f"{len(known)} questions name a passage or document of this index that answers them"
        raise UsageError(f"{message}; {LEAST} is the least to choose weights by", "write more: docs/EVAL.md")
    bench = _Bench(index, step)
    good = [bench.ask(case) for case in bench.counted("searching", known)]
    made: list[Weighed] = []
    tuned = index.tuning
    for name in ("dense", "document", "rerank"):
        ranks = {value: bench.ranks(good, each) for value, each in bench.tried(name, tuned)}
        made.append(_weighed(name, tuned, ranks, mean, RANK))
        tuned = replace(tuned, **{name: made[-1].value})
    marked = [each for each in good if each.case.golds]
    read = [bench.read(each, tuned) for each in bench.counted("reading", marked)]
    if read:
        right = {value: [_right(*each, value) for each in read] for value, _ in bench.tried("likeness", tuned)}
        made.append(_weighed("likeness", tuned, right, mean, SENTENCE))
        tuned = replace(tuned, likeness=made[-1].value)
    else:
        made.append(Weighed("likeness", tuned.likeness, tuned.likeness, note="no gold passages"))
    made.append(_threshold(bench, [*good, *bench.unanswerable(cases, good)], tuned))
    return replace(tuned, enough=made[-1].value), tuple(made)


def _documents(case: Case) -> list[str]:
    """The relevant ones that are in the index."""
    return [uri for uri, grade in case.grades.items() if grade > 0 and not uri.startswith("\0")]


def _weighed(
    name: str,
    tuned: Tuning,
    table: Mapping[float, Sequence[Row]],
    statistic: Callable[[Sequence[Row]], float],
    measure: str,
    *,
    allowed: Callable[[Sequence[Row], Sequence[Row]], bool] = lambda rows, present: True,
) -> Weighed:
    """What became of one weight."""
    now = getattr(tuned, name)
    choice = choose(table, now, statistic, allowed=allowed)
    held = Compared(measure, choice.new, Change(choice.old, choice.p, len(table[now])))
    return Weighed(name, now, choice.value if choice.better else now, held)


def _threshold(bench: _Bench, asked: Sequence[_Asked], tuned: Tuning) -> Weighed:
    """The least evidence: of what answers as many questions as ragcli promises to, or as it does now if that is less,
    what tells best which have an answer."""
    if sum(not each.positive for each in asked) < LEAST_EACH:
        return Weighed(
            "enough", tuned.enough, tuned.enough, note=f"fewer than {LEAST_EACH} questions without an answer"
        )
    scores = [(each.positive, bench.evidence(each, tuned)) for each in bench.counted("judging", asked)]
    table = {
        value: [(positive, score >= value) for positive, score in scores] for value, _ in bench.tried("enough", tuned)
    }
    return _weighed("enough", tuned, table, balanced, TOLD, allowed=_answers_enough)


def balanced(rows: Sequence[Judged]) -> float:
    """The mean over the kinds that are there of the share that was taken for what it is."""
    kinds = ([told == positive for positive, told in rows if positive is kind] for kind in (True, False))
    return mean([mean([float(right) for right in kind]) for kind in kinds if kind])


def _answers_enough(rows: Sequence[Judged], present: Sequence[Judged]) -> bool:
    answered, before = (mean([float(told) for positive, told in each if positive]) for each in (rows, present))
    return answered >= min(measures.ANSWERED, before)


def _right(case: Case, hits: Sequence[Hit], read: Sequence[Sentence], likeness: float) -> float:
    """1.0 where the best sentence is of a gold passage."""
    if not read:
        return 0.0
    best = max(salience.weigh(read, likeness), key=lambda sentence: sentence.score)
    snippet = hits[best.number].snippet
    return float(_in_gold(case, snippet, (snippet.start + best.start, snippet.start + best.end)))


def _in_gold(case: Case, snippet: Snippet, span: Span) -> bool:
    """Whether the span shares most of itself, or of a gold passage, with that."""
    return any(
        uri == snippet.uri
        and measures.shared([span], [gold]) >= measures.MOST * min(span[1] - span[0], gold[1] - gold[0])
        for uri, gold in case.golds
    )


def _answers(case: Case, snippet: Snippet) -> bool:
    """Where no passage is known, all of a relevant document answers."""
    if case.golds:
        return _in_gold(case, snippet, (snippet.start, snippet.end))
    return case.grades.get(snippet.uri, 0) > 0


class _Bench:
    """An index on which questions are weighed again and again: snippets, readings and sentences are fetched once."""

    def __init__(self, index: Index, step: Step) -> None:
        self._index = index
        self._step = step
        self._reader = _Recalled(index.embedder)
        self._snippets: dict[int, Snippet] = {}
        self._words: dict[int, frozenset[str]] = {}
        self._sentences: dict[tuple[str, tuple[int, ...]], list[Sentence]] = {}

    def counted(self, label: str, each: Sequence[Thing]) -> Iterator[Thing]:
        """The same, with a step for each."""
        for number, one in enumerate(each, 1):
            yield one
            self._step(label, number, len(each), number)

    def tried(self, name: str, tuned: Tuning) -> Iterator[tuple[float, Tuning]]:
        """Each value that is tried, and the weights with it in them."""
        values = sorted({*GRIDS[name], getattr(tuned, name)})
        for value in self.counted(f"weighing {name}", values):
            yield value, replace(tuned, **{name: value})

    def ask(self, case: Case, *, positive: bool = True) -> _Asked:
        """All that may be found."""
        found = gather(case.question.text, self._index, k=SPARE * FOUND, history=case.question.history)
        return _Asked(case, found, positive)

    def unanswerable(self, cases: Sequence[Case], good: Sequence[_Asked]) -> list[_Asked]:
        """The questions that have no answer; where these are few, the others without the documents that answer."""
        own = [case for case in cases if not case.question.answerable]
        if len(own) >= LEAST_EACH:
            return [self.ask(case, positive=False) for case in self.counted("searching", own)]
        without = []
        for each in good:
            gone = {snippet.id for uri in _documents(each.case) for snippet in self._index.store.snippets_of(uri)}
            found = each.found.without(gone)
            if found.own.dense or found.own.sparse:
                without.append(_Asked(each.case, found, positive=False))
        return without

    def hits(self, asked: _Asked, tuned: Tuning) -> list[Hit]:
        """What `search` would find under these weights."""
        fused = asked.found.fused(tuned)
        best = first(fused, SPARE * FOUND)
        fresh = [id for id in best if id not in self._snippets]
        self._snippets |= {snippet.id: snippet for snippet in self._index.store.snippets(fresh)}
        hits = [Hit(self._snippets[id], Scores(None, None, fused[id])) for id in best]
        self._reader.part = tuned.rerank
        return rerank(asked.case.question.text, hits, FOUND, reranker=self._reader, words=self._words_of)

    def _words_of(self, snippet: Snippet) -> frozenset[str]:
        if snippet.id not in self._words:
            self._words[snippet.id] = words_of(snippet)
        return self._words[snippet.id]

    def ranks(self, asked: Sequence[_Asked], tuned: Tuning) -> list[float]:
        """Of each question the reciprocal rank of the first hit that answers, 0 for none."""
        return [self._rank(each.case, self.hits(each, tuned)) for each in asked]

    def _rank(self, case: Case, hits: Sequence[Hit]) -> float:
        good = (any(_answers(case, snippet) for snippet in (hit.snippet, *hit.copies)) for hit in hits)
        return next((1 / rank for rank, answers in enumerate(good, 1) if answers), 0.0)

    def read(self, asked: _Asked, tuned: Tuning) -> tuple[Case, list[Hit], list[Sentence]]:
        """The question with the first hits under these weights and all their sentences."""
        hits = self.hits(asked, tuned)[:READ]
        key = (asked.case.question.id, tuple(hit.snippet.id for hit in hits))
        if key not in self._sentences:
            snippets = [hit.snippet for hit in hits]
            embedder, idf = self._index.embedder, self._index.idf
            self._sentences[key] = salience.score(asked.case.question.text, snippets, embedder=embedder, idf=idf)
        return asked.case, hits, self._sentences[key]

    def evidence(self, asked: _Asked, tuned: Tuning) -> float:
        """The score of the evidence that `ask` would find."""
        case, hits, read = self.read(asked, tuned)
        weighed = salience.weigh(read, tuned.likeness)
        return evidence.judge(case.question.text, hits, sentences=weighed, idf=self._index.idf).score


class _Recalled:
    """The default reranker, which reads the same hits once, whatever `part` of the say it has."""

    def __init__(self, embedder: Embedder) -> None:
        self._reader = backends.create("reranker", DEFAULT, embedder=embedder, share=1.0)
        self._known: dict[tuple[str, ...], list[float]] = {}
        self.near, self.most = self._reader.near, self._reader.most
        self.part = 0.0

    def share(self, question: str) -> float:
        """As far as the reranker is for this question."""
        return float(self.part * self._reader.share(question))

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """As the reranker's."""
        key = (question, *texts)
        if key not in self._known:
            self._known[key] = self._reader.scores(question, texts)
        return self._known[key]


def keep(folder: Path, tuned: Tuning, fingerprint: str = "", *, patience: Patience = Patience()) -> None:
    """Puts the weights into the index, the defaults in place of what it has too; `fingerprint`, if given, is the
    embedder's with which they were chosen. MissingError, Busy; DamagedIndex: the index has another embedder by now."""
    existing(folder)
    with WriterLock(folder, patience), closing(Store.open(folder, write=True)) as store:
        pins = store.pins()
        if fingerprint and (pins is None or pins.fingerprint != fingerprint):
            raise DamagedIndex("the index was made anew with another embedder meanwhile", "tune it again")
        with store.transaction():
            store.set_meta(tuning.KEY, tuning.write(tuned))
        store.checkpoint()
