"""Which way a text says something: denied or not, up or down, all or some; and whether a source says the opposite."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

NEAR: Final = 5
"""Words on each side of a word of direction in which it is asked what it is said of."""
DENIED: Final = 3
"""Words that a negation reaches to a word of direction behind it."""
BARE: Final = 0.5
"""How much a negation counts where no word of direction stands on either side."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NEGATIONS: Final = frozenset(
    (
        "not no never none nor neither without cannot nobody nothing fails failed fail lack lacks lacked lacking"
        " absence absent nicht kein keine keinen keiner keinem nie niemals ohne weder"
        " nunca sin ningún ninguna tampoco pas jamais aucun aucune sans ne не нет никогда без ни"
    ).split()
)
_UP: Final = re.compile(
    r"(?:increas|enhanc|promot|activat|stimulat|elevat|induc|upregulat|improv|facilitat|accelerat|amplif|strengthen"
    r"|boost|expan|encourag|augment|potentiat|restor|necessar|essential|requir|crucial|effective|efficac|benefi|worsen"
    r"|exacerbat|aggravat|positiv|steig|stieg|gestieg|erhöh|verbesser|gewachsen|aument|mejor|amélior|croissan)"
    r"|(?:ris(?:es?|ing|en)|rose|grow[sn]?|grew|growth|gain(?:s|ed)?|higher|greater|more|larger|better|stronger|longer"
    r"|earlier|faster|high|höher|mehr|größer|besser|länger|más|mayor|hausse)\Z"
)
_DOWN: Final = re.compile(
    r"(?:decreas|reduc|declin|inhibit|suppress|attenuat|impair|diminish|downregulat|weaken|prevent|lessen|negativ"
    r"|abolish|abrogat|disrupt|deplet|discourag|delay|protect|ineffect|inefficac|deficien|defect|dispensab|inactivat"
    r"|deactivat|insufficien|unaffect|unchang|similar|sank|gesunk|verringer|gefallen|vermindert|disminu|redujo"
    r"|empeor|diminu|réduc|réduit|baiss)"
    r"|(?:drop(?:s|ped)?|falls?|fell|fallen|lower(?:s|ed)?|less|fewer|smaller|block(?:s|ed|ing|ade)?|limit(?:s|ed)?"
    r"|worse|weaker|shorter|slower|later|lost|loss|shr[iau]nk|low|poor|unable|niedriger|weniger|kleiner|schlechter"
    r"|kürzer|sinkt|fällt|fiel|menos|menor|peor|moins)\Z"
)
_OPPOSITES: Final = tuple(
    (frozenset(a.split()), frozenset(b.split()))
    for a, b in (
        ("before earlier vor antes avant", "after later nach después après"),
        ("first oldest erste ersten", "last newest letzte letzten"),
        ("largest biggest most größte größten", "smallest least kleinste kleinsten"),
        ("all every always only alle jeder immer nur todos siempre tous toujours",
         "some sometimes few several partly einige manche manchmal teilweise algunos quelques"),
        ("win wins won winning", "lose loses lost losing"),
        ("accept accepts accepted approve approved approves", "reject rejects rejected refuse refused refuses"),
    )
)  # fmt: skip


def words(text: str) -> list[str]:
    """The words of a text, case folded, without numbers."""
    return [word.casefold() for word in _WORD.findall(text)]


def against(claim: str, sentences: Sequence[tuple[str, float]], weigh: Callable[[str], float]) -> float:
    """How much of what sentences say goes the other way than the claim: 0 none, 1 all. Each counts as much as the
    number beside it; `weigh` is what a word weighs in the claim, 0 for one that is not in it."""
    said = words(claim)
    mine = _toward(said, weigh)
    total = sum(share for _, share in sentences)
    if not total:
        return 0.0
    agreed = sum(share * _agrees(mine, said, words(text), weigh) for text, share in sentences)
    return min(1.0, max(0.0, -agreed / total))


def _agrees(mine: float | None, said: Sequence[str], there: Sequence[str], weigh: Callable[[str], float]) -> float:
    """-1 for a sentence that says the opposite, 1 for one that says the same, 0 for one that tells nothing."""
    if _opposed(set(said), set(there)):
        return -1.0
    denied, denies = any(map(_denies, said)), any(map(_denies, there))
    theirs = _toward(there, weigh)
    if mine is not None and theirs is not None:
        return mine * theirs
    if mine is None and theirs is not None and denied:
        return -theirs
    if denied == denies:
        return BARE if denied else 0.0
    return -BARE


def _toward(said: Sequence[str], weigh: Callable[[str], float]) -> float | None:
    """Where the words of direction point that are said of the claim's words: from -1, down, to 1; None without any."""
    pointed = [(at, sign) for at, word in enumerate(said) if (sign := _sign(word))]
    if not pointed:
        return None
    negations = [at for at, word in enumerate(said) if _denies(word)]
    sums = [0.0, *accumulate(weigh(word) for word in said)]
    toward = total = 0.0
    for at, sign in pointed:
        near = sums[min(len(said), at + NEAR + 1)] - sums[max(0, at - NEAR)] - (sums[at + 1] - sums[at])
        flips = sum(0 < at - other <= DENIED for other in negations)
        toward += near * (-sign if flips % 2 else sign)
        total += near
    return toward / total if total else None


def _sign(word: str) -> int:
    if _UP.match(word):
        return 1
    return -1 if _DOWN.match(word) else 0


def _denies(word: str) -> bool:
    return word in _NEGATIONS or word.endswith(("n't", "n’t"))


def _opposed(said: set[str], there: set[str]) -> bool:
    """One side says "first", the other only "last", or another such pair."""
    return any(
        (said & one and there & other and not there & one) or (said & other and there & one and not there & other)
        for one, other in _OPPOSITES
    )
