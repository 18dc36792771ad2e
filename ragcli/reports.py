"""What verbs report besides hits and answers: on an index, a bundle, the log, a prompt, a model, an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from ragcli.record import record
from ragcli.types import FileOutcome, Prompt, Snippet, Span, Support


@record
class SavedSource:
    """One source of a saved answer. `span` and `quote` are of the document's text, None where only the ref was kept;
    `claim` is the cited span of the answer."""

    ref: str
    uri: str
    claim: Span = (0, 0)
    span: Span = (0, 0)
    quote: str | None = None
    status: str = ""


@record
class Saved:
    """A saved answer: its text and its sources in order. `line` counts from 1 in a file of several."""

    line: int
    question: str
    text: str
    sources: tuple[SavedSource, ...]


class SourceState(StrEnum):
    """What became of a cited passage; anything but `ok` makes `verify` exit with 8."""

    OK = "ok"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"


@record
class Rechecked:
    """A source of a saved answer today. `snippet` and `span` (of the document) are where its quote is now, None and
    (0, 0) where it is nowhere; `support` is the check of it against the claim, None where neither is known."""

    line: int
    question: str
    claim: str
    source: SavedSource
    state: SourceState
    detail: str = ""
    snippet: Snippet | None = None
    span: Span = (0, 0)
    support: Support | None = None


class Verdict(StrEnum):
    """What a check found; only `failed` makes `doctor` exit with 8."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@record
class Check:
    """One check: what was found, and the command that mends it, "" where nothing has to be."""

    name: str
    verdict: Verdict
    detail: str
    mend: str = ""


@record
class Counts:
    """How much an index holds."""

    documents: int = 0
    snippets: int = 0
    windows: int = 0


@record
class Rebuilt:
    """What a rebuild made. `embedder` is the index's own afterwards, "" for one that never had a file."""

    counts: Counts
    embedder: str
    embedded: int
    reused: int
    seconds_s: float


@record
class Bundle:
    """What the index in a bundle holds; the names are "" for an index without a file."""

    counts: Counts
    embedder: str
    fingerprint: str


@record
class Sized:
    """A document and its length."""

    uri: str
    words: int
    snippets: int


@record
class Lengths:
    """How many snippets have `least` to `most` words, both included."""

    least: int
    most: int
    snippets: int


Tally = tuple[tuple[str, int], ...]
"""Name and count, the most frequent first."""


@record
class Stats:
    """The figures of an index. `rule` is the least and most words it cuts snippets to, None before its first file;
    `disk` is bytes by file name; `lengths` have no gaps; `tuned` are its weights that are no defaults."""

    counts: Counts
    words: int
    embedder: str
    rule: tuple[int, int] | None
    states: Tally
    formats: Tally
    languages: Tally
    disk: Tally
    lengths: tuple[Lengths, ...]
    largest: tuple[Sized, ...]
    failed: tuple[FileOutcome, ...]
    tuned: tuple[tuple[str, float], ...] = ()


@record
class Asked:
    """One line of the log. `at` is ISO 8601 in UTC; `answer` is None once it was dropped; `sources` are the
    (ref, uri) that it cites, `made_from` the refs of all that it may repeat."""

    at: str
    question: str
    answer: str | None
    outcome: str
    runtime: str
    sources: tuple[tuple[str, str], ...] = ()
    made_from: tuple[str, ...] = ()


@record
class Part:
    """A stretch of a prompt as the model gets it: a turn, a document, the instructions."""

    name: str
    text: str
    tokens: int


@record
class Prompted:
    """A prompt that was made and not answered: its parts, how many tokens the model takes and how many of them are
    kept for the answer, and the snippets that found no room. `unit`: a runtime without a model counts words."""

    question: str
    prompt: Prompt
    parts: tuple[Part, ...]
    runtime: str
    context_tokens: int
    answer_tokens: int
    dropped: tuple[Snippet, ...]
    unit: str = "tokens"


@record
class FitRow:
    """A model under one quantisation: its weights, what prompt and answer of so many tokens take in all ((tokens,
    bytes), ...), and how many fit into the memory that is free."""

    quant: str
    weights_bytes: int
    needs: tuple[tuple[int, int], ...]
    most_tokens: int


@record
class FitTable:
    """Whether a model fits: `place` is whose memory is meant, `runs` whether ragcli can run its format."""

    name: str
    parameters: int
    context_tokens: int
    place: str
    free_bytes: int
    runs: bool
    rows: tuple[FitRow, ...]


@record
class Trial:
    """What one question or claim came to. `values` are measures by name; `score` is what tells the `positive`
    (answerable, supported) from the others; `shown` is what more a line about it says, as JSON."""

    id: str
    values: Mapping[str, float]
    positive: bool | None = None
    score: float | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)


@record
class Change:
    """A figure's value in an older run over the same questions, and the p-value of the difference."""

    before: float
    p: float
    questions: int


@record
class Figure:
    """A measure over all questions that have it, with its bootstrap 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    questions: int
    less_is_better: bool = False
    change: Change | None = None


@record
class Evaluation:
    """Figures of a set. `how` says what was measured ("hybrid", "extractive"), `short` which bounds do not hold."""

    kind: str
    name: str
    how: str
    documents: int
    figures: tuple[Figure, ...]
    trials: tuple[Trial, ...]
    short: tuple[str, ...] = ()


@record
class Made:
    """A question that a rule made of a document: its answer, "" where only the passage is known, and that passage."""

    kind: str
    question: str
    answer: str
    uri: str
    span: Span
    text: str


@record
class Compared:
    """What the values chosen for a weight came to on questions held out; `change` is since its present one."""

    measure: str
    value: float
    change: Change


@record
class Weighed:
    """A weight before and now. `held` is None where no other value could be tried; `note` then says why."""

    name: str
    before: float
    value: float
    held: Compared | None = None
    note: str = ""


@record
class Tuned:
    """What tuning came to. `tuning` is all weights now, of which `changed` are no defaults; `stored` in the index."""

    name: str
    questions: int
    weights: tuple[Weighed, ...]
    tuning: tuple[tuple[str, float], ...]
    changed: tuple[str, ...]
    stored: bool
