"""The words of a text -> what language they are taken for, as far as analysis differs; and its function words."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

_PROSE: Final = 15
"""Text in a language has one of the marks looked for in every so many words; lists and code have fewer."""
_ACCENTED: Final = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_VIETNAMESE: Final = re.compile("[\u1ea0-\u1ef9\u01a0\u01a1\u01af\u01b0]")

STOP: Final = frozenset(
    (
        "a about above after again against all also am an and any are as at be because been before being below"
        " between both but by can could did do does doing during each few for from further had has have having he"
        " her here hers him his how i if in into is it its itself just me more most my no nor not now of off on"
        " once only or other our out over own same she should so some such than that the their them then there"
        " these they this those through to too under until up very was we were what when where which while who whom"
        " whose why will with would you your ain aren couldn didn doesn don hadn hasn haven isn shouldn wasn weren"
        " wouldn"
    ).split()
)
# function words that are English but common elsewhere too: no evidence for either side
_SHARED: Final = frozenset(
    (
        "a all am an as at be by can do for he her him i in is me more most no of off on or so such to too up was"
        " we were will"
    ).split()
)
_FOREIGN: Final = frozenset(
    # German, Dutch, Scandinavian
    "der die das den dem des ein eine einer einem einen und ist sind waren wurde wurden wird werden nicht mit von zu"
    " zum zur im auf aus bei nach wie wer wen welche welcher welches welchen welchem wann warum wo wieviel viele sich"
    " hat haben durch als auch oder einige seine sein kann machen worauf wogegen het een zijn werd welk welke wat niet"
    " voor og ikke det som til av har hvad hvem hvor och inte att ett är vad vem hur"
    # Spanish, Portuguese, French, Italian, Romanian, Catalan
    " el la los las un una unos del que qué en y por para se su sus es fue eran cuál quién cómo cuándo cuántos dónde"
    " lo um uma da dos das em não quem qual quando quantos le les une du et est sont dans pour avec qui quel quelle"
    " quels combien où aux il gli di che è sono della nel chi quale come quanti și din cu ce cine când unde câți câte"
    " cum cui este sunt lui ai"
    # Polish, Czech, Croatian, Hungarian, Finnish, Turkish, Indonesian
    " na nie się jest są jak kto który která gdzie je jsou kdo který kde su što tko koji az és hogy egy nem volt ki hol"
    " melyik ei oli mikä kuka missä ve bir bu için ile kim hangi nerede kaç nasıl mı nedir kimdi kimdir nerededir"
    " olarak olan yang dan dari untuk dengan pada ini itu apa siapa".split()
)
_ENGLISH: Final = STOP - _SHARED - _FOREIGN
_ABROAD: Final = _FOREIGN - STOP
STOP_ABROAD: Final = STOP | _FOREIGN
NO_CONTENT: Final = STOP | {"many", "much"}
NO_CONTENT_ABROAD: Final = STOP_ABROAD | NO_CONTENT


class Language(Enum):
    """What the Latin words of a text are taken for."""

    ENGLISH = auto()
    OTHER = auto()
    VIETNAMESE = auto()


def guess(words: list[str], *, ascii_only: bool) -> Language:
    """The language by which more words tell than tell of English, if enough of them do; `ascii_only`: all are."""
    english = other = vietnamese = 0
    for word in words:
        lower = word.lower()
        if lower in _ENGLISH:
            english += 1
        elif lower in _ABROAD:
            other += 1
        elif not ascii_only and _ACCENTED.search(word):
            other += 1
            vietnamese += _VIETNAMESE.search(word) is not None
        elif not ascii_only and len(word) > 1 and min(word) >= "\u0370":
            other += 1
    if vietnamese > english and vietnamese * 8 >= len(words):
        return Language.VIETNAMESE
    if other > english and other * _PROSE >= len(words):
        return Language.OTHER
    return Language.ENGLISH
