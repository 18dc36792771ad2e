"""What an evaluation counts: rankings under the names of ir-measures, answers, citations, abstention. All pure.

A share is in 0..1 and higher is better, but for WORDS and WRONG. `P@5` is precision among the first five, `R@5` recall
(the mean is the "pass@5" of code benchmarks), `Success@5` "hit@5", `RR@10` the "MRR@10", as trec_eval computes them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ragcli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ragcli.types import Span

    Entails = Callable[[str, Sequence[str]], bool]
    """Whether some texts together carry a claim."""

MOST: Final = 0.5
"""Share of a gold passage that a text must hold to count as it."""
ANSWERED: Final = 0.95
"""Share of the answerable questions that are answered where wrong answers are counted."""
DEEPEST: Final = 1000
WORDS: Final = "Words"
WRONG: Final = "Wrong@95"
LESS_IS_BETTER: Final = frozenset({WORDS, WRONG})

_NAME: Final = re.compile(r"([A-Za-z]+)(?:@([1-9][0-9]{0,3}))?")
_NEEDS_DEPTH: Final = frozenset({"P", "R", "Success"})
_OTHER_NAMES: Final = {"hit": "Success", "pass": "R", "recall": "R", "mrr": "RR", "map": "AP", "precision": "P"}
# Thai, Lao, Burmese, Khmer, kana and ideographs
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^ {_UNSPACED}]+")
_ARTICLES: Final = frozenset({"a", "an", "the"})


# -- rankings ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a ranking; `depth` is how many of its documents count, DEEPEST for all."""

    name: str
    kind: str
    depth: int


def measure(name: str) -> Measure:
    """ "nDCG@10", "R@5", "RR", in any case, also "hit@1", "pass@5", "recall@5", "MRR@10". UsageError."""
    match = _NAME.fullmatch(name.strip())
    known = {kind.casefold(): kind for kind in RANKED} | _OTHER_NAMES
    kind = known.get(match[1].casefold()) if match else None
    if match is None or kind is None or (match[2] is None and kind in _NEEDS_DEPTH):
        raise UsageError(f"no measure {name!r}", "such as nDCG@10, R@5, Success@1, RR@10, P@5, AP")
    if match[2] is None:
        return Measure(kind, kind, DEEPEST)
    if int(match[2]) > DEEPEST:
        raise UsageError(f"{name}: no ranking is that deep", f"at most @{DEEPEST}")
    return Measure(f"{kind}@{match[2]}", kind, int(match[2]))


def ranked(wanted: Measure, ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """The measure of one ranking, best document first, none twice; grades above 0 are relevant, one at least."""
    return RANKED[wanted.kind](ranking[: wanted.depth], grades, wanted.depth)


def _ndcg(ranking: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    gains = [max(0, grades.get(id, 0)) for id in ranking]
    return _discounted(gains) / _discounted(sorted(filter(_positive, grades.values()), reverse=True)[:depth])


def _discounted(gains: Sequence[int]) -> float:
    """Linear in the grade, as trec_eval has it."""
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


def _positive(grade: int) -> bool:
    return grade > 0


def _found(ranking: Sequence[str], grades: Mapping[str, int]) -> list[int]:
    """The ranks, from 1, of what is relevant."""
    return [rank for rank, id in enumerate(ranking, 1) if grades.get(id, 0) > 0]


def _wanted(grades: Mapping[str, int]) -> int:
    return sum(map(_positive, grades.values()))


RANKED: Final[dict[str, Callable[[Sequence[str], Mapping[str, int], int], float]]] = {
    "nDCG": _ndcg,
    "P": lambda ranking, grades, depth: len(_found(ranking, grades)) / depth,
    "R": lambda ranking, grades, depth: len(_found(ranking, grades)) / _wanted(grades),
    "RR": lambda ranking, grades, depth: next((1 / rank for rank in _found(ranking, grades)), 0.0),
    "AP": lambda ranking, grades, depth: (
        sum(n / rank for n, rank in enumerate(_found(ranking, grades), 1)) / _wanted(grades)
    ),
    "Success": lambda ranking, grades, depth: float(bool(_found(ranking, grades))),
}


# -- spans of one text ------------------------------------------------------------------------------------


def union(spans: Sequence[Span]) -> list[Span]:
    """The same characters as spans that do not touch, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def length(spans: Sequence[Span]) -> int:
    """How many characters some spans hold, each counted once."""
    return sum(end - start for start, end in union(spans))


def shared(spans: Sequence[Span], others: Sequence[Span]) -> int:
    """How many characters two sets of spans have in common."""
    return length(spans) + length(others) - length([*spans, *others])


# -- answers ----------------------------------------------------------------------------------------------


def tokens(text: str) -> list[str]:
    """Words as answers are compared by (SQuAD): no case, punctuation or English article; in scripts that put no spaces
    between words each letter is one."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in folded)
    return [word for word in _WORD.findall(plain) if word not in _ARTICLES]


def exact_match(text: str, answers: Sequence[str]) -> float:
    """1 where the text is one of the answers, else 0."""
    said = tokens(text)
    return float(any(said == tokens(answer) for answer in answers))


def contained(text: str, answers: Sequence[str]) -> float:
    """1 where one of the answers stands in the text as whole words, else 0."""
    said = f" {' '.join(tokens(text))} "
    return float(any(f" {' '.join(wanted)} " in said for answer in answers if (wanted := tokens(answer))))


def token_f1(text: str, answers: Sequence[str]) -> float:
    """The harmonic mean of precision and recall of the words, by the best of the answers."""
    return max((_f1(tokens(text), tokens(answer)) for answer in answers), default=0.0)


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    same = sum((Counter(said) & Counter(wanted)).values())
    return 2 * same / (len(said) + len(wanted)) if same else float(not said and not wanted)


def citation_quality(statements: Sequence[tuple[str, Sequence[str]]], entails: Entails) -> tuple[float, float]:
    """ALCE's citation recall and precision of (sentence, texts it cites) pairs; 0 and 0 for none.

    Recall: the share of sentences that their texts together carry. Precision: the share of citations that count, in
    such a sentence: the text alone carries it, or the others do not without that one (Gao et al. 2023).
    """
    carried = [bool(cited) and entails(claim, cited) for claim, cited in statements]
    counting = sum(
        _needed(claim, cited, at, entails)
        for (claim, cited), good in zip(statements, carried, strict=True)
        if good
        for at in range(len(cited))
    )
    citations = sum(len(cited) for _, cited in statements)
    return sum(carried) / max(1, len(carried)), counting / max(1, citations)


def _needed(claim: str, cited: Sequence[str], at: int, entails: Entails) -> bool:
    others = [*cited[:at], *cited[at + 1 :]]
    return not others or entails(claim, cited[at : at + 1]) or not entails(claim, others)


# -- telling two kinds apart by a score -------------------------------------------------------------------


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that a positive scores above a negative, ties half; NaN where there are none of a kind."""
    if not positive or not negative:
        return math.nan
    counts = Counter(positive), Counter(negative)
    below, wins = 0, 0.0
    for score in sorted(counts[0].keys() | counts[1].keys()):
        wins += counts[0][score] * (below + 0.5 * counts[1][score])
        below += counts[1][score]
    return wins / (len(positive) * len(negative))


def wrong_at(positive: Sequence[float], negative: Sequence[float], share: float = ANSWERED) -> float:
    """The share of negatives that reach the highest limit which at least `share` of the positives reach; NaN where
    there are none of a kind."""
    if not positive or not negative:
        return math.nan
    limit = sorted(positive)[int(len(positive) * (1 - share) + 1e-9)]
    return sum(score >= limit for score in negative) / len(negative)
