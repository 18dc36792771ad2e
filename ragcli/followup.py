"""A question with the turns before it: what is searched for besides it, and as what it is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ragcli.lexical import content_terms
from ragcli.types import Role, Turn

TURNS: Final = 3
"""Questions that make the context, the last one among them."""
ANSWER_CHARS: Final = 150
"""Of 13 follow-ups of the sample corpus 6 have their passage first with the answer's beginning, without it 4."""
SHARE: Final = 0.4
"""Of the context in a snippet's score; the question alone has the rest. A conversation's own turns lift nDCG@10 from
.84 to .92 (MTRAG-UN, 116 follow-ups), another conversation's, so a change of subject, lower it to .82."""
FEW: Final = 4
"""Content words up to which a question that points back says too little alone. Of 8 such in MTRAG-UN, the most
salient sentence is of a right passage in 4, with the question before in 7."""

# English, German, Spanish, French, Russian, Chinese; what is an article too ("la") or is empty ("es gibt") is left out
_POINTS_BACK: Final = re.compile(
    r"\b(?:it|its|he|him|his|she|her|hers|they|them|their|theirs|this|that|these|those|one|ones|same|both|latter"
    r"|er|sie|ihn|ihm|ihr|ihre[nmrs]?|diese[nmrs]?|dessen|deren|davon|dafür|dazu|damit|darüber|dort"
    r"|él|ella|ellos|ellas|su|sus|eso|esto|esos|esas|aquel|aquella|allí"
    r"|ils?|elles?|leurs?|cela|ça|celui|celle|ceux|celles"
    r"|он|она|оно|они|его|её|ее|их|ним|ней|них|нему|это|этот|эта|эти|этого|этой|этих|там)\b|[它他她这那其]",
    re.IGNORECASE,
)

# A question word with what it asks for ("how tall", "which year"): that was answered already.
_ASKED: Final = re.compile(
    r"\A\W*(?:(?:and|but|so|und|aber|y|et|а|и)\s+)?(?:in\s+|at\s+|since\s+|seit\s+|en\s+)?"
    r"(?:how|what|which|when|where|who|whom|whose|why|wie|was|welche[nmrs]?|wann|wo|woher|wohin|wer|wen|wem|warum"
    r"|qué|cuál(?:es)?|cuánt[oa]s?|cuándo|dónde|quién(?:es)?|cómo|que|quel(?:le)?s?|combien|quand|où|qui|comment"
    r"|pourquoi|как(?:ой|ая|ое|ие)?|что|когда|где|кто|почему|сколько)\s+[\w-]+\s+(?=\w)",
    re.IGNORECASE,
)


def context(question: str, history: Sequence[Turn]) -> str:
    """The last questions in order, this one among them; "" where it is the first. Where it points back, to what may
    have been named in the last answer only, the beginning of that comes first."""
    before = _asked(history)[1 - TURNS :]
    if not before:
        return ""
    answers = [turn.text[:ANSWER_CHARS] for turn in history if turn.role is Role.ASSISTANT]
    answer = answers[-1:] if _POINTS_BACK.search(question) else []
    return "\n".join([*answer, *before, question])


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question, behind what the last one with words of its own is about, where it points back and has few.

    For choosing what to say, not for judging whether there is an answer: the words of the question before would
    each be missed where they do not stand again (of 87 answerable follow-ups 19 would pass, alone 58).
    """
    if not _points_back(question):
        return question
    for earlier in reversed(_asked(history)):
        if not _points_back(earlier):
            return f"{_ASKED.sub('', earlier)}\n{question}"
    return question


def _points_back(question: str) -> bool:
    return bool(_POINTS_BACK.search(question)) and len(set(content_terms(question))) <= FEW


def _asked(history: Sequence[Turn]) -> list[str]:
    return [turn.text for turn in history if turn.role is Role.USER and turn.text.strip()]
