"""A stored document -> questions about it with their gold passages, by rules alone: a set to begin with.

They repeat the document's words, which people who do not know it would not: whoever keeps them says them anew. English
and German have rules of their own; questions that stand in the text, labels, tables and headings do for any language.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import Final

from ragcli import sentences
from ragcli.lexical import content_terms, count_words
from ragcli.reports import Made
from ragcli.types import Document, Snippet, Span

LEAST_WORDS: Final = 4
MOST_WORDS: Final = 30
"""Of a sentence that a question is made of."""
MOST_CHARS: Final = 600
MOST_A_DOCUMENT: Final = 40
"""Of each kind, before some are drawn: a long document is not the whole set."""
LABEL_WORDS: Final = 5
CELL_CHARS: Final = 80

_LEADING: Final = re.compile(r"\s*(?:[#>*+•-]+\s+|\(?\d{1,3}[.)]\s+|(?:Q|F|Question|Frage)\s?:\s*)*", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"[^\S\n]*(?:[-*+•] )?\**([^\W\d_][^\n:|*]{1,40}?)\**:\**[^\S\n]+([^\W_a-zäöü][^\n|]{0,120})"
)
_MARKS: Final = re.compile(r"[*_`]{1,3}")
_RULE: Final = re.compile(r"[\s|:+=-]+")
_DEFINITION: Final = re.compile(
    r"(?P<article>(?:The|A|An|Der|Die|Das|Ein|Eine) |(?=[A-Z]))(?P<what>\w[\w'’ -]{1,50}?)"
    r" (?P<verb>is|are|was|were|ist|sind|war|waren) (?:an?|the|one|ein|eine|der|die|das) "
)
_PRONOUNS: Final = frozenset(
    "it this that these those there he she they we you i what which who each one all both here er sie es dies dieser"
    " diese dieses das man wir ihr ich was wer welche jeder alle beide hier".split()
)
_YEAR: Final = re.compile(r"\b(?P<in>in|im Jahre?) (?P<number>1[0-9]{3}|20[0-9]{2})\b(?!\s?[-–%])")
_AMOUNT: Final = re.compile(
    r"(?<![\w.,:/$€£-])(?P<number>\d{1,3}(?:[.,]?\d{3})*(?:[.,]\d+)?) (?P<unit>[^\W\d_]{3,})(?!\w)"
)
_UNIT_NOT: Final = frozenset(
    "and or to of in on at is are was were by for the und oder bis von im am ist sind war uhr"
    " january february march april may june july august september october november december"
    " januar februar märz mai juni juli oktober dezember".split()
)
_GERMAN: Final = re.compile(r"\b(?:der|die|das|und|ist|ein|eine|nicht|wird|mit|auf|den|dem)\b")
_ENGLISH: Final = re.compile(r"\b(?:the|and|is|are|was|were|of|to|in|for|with|that)\b")
_ASKS: Final = {
    "en": ("what {verb} {what}?", "in which year", "how many"),
    "de": ("Was {verb} {what}?", "in welchem Jahr", "wie viele"),
}


def questions_of(document: Document, snippets: Sequence[Snippet]) -> list[Made]:
    """The questions that a document's text gives, at most one a passage, and only of what a search can find."""
    spans = [span for snippet in snippets for span in sentences.spans(document.text, snippet.start, snippet.end)]
    rules = (_asked(document, spans), _tables(document, spans), _lines(document, spans), _headings(document, snippets))
    found: dict[Span, Made] = {}
    counts: dict[str, int] = {}
    for made in chain.from_iterable(rules):
        if counts.get(made.kind, 0) < MOST_A_DOCUMENT and made.span not in found and content_terms(made.question):
            found[made.span] = made
            counts[made.kind] = counts.get(made.kind, 0) + 1
    return list(found.values())


def draw(made: Sequence[Made], count: int) -> list[Made]:
    """`count` of them, of all kinds and documents in turn, no question twice; the same on every call."""
    chance = random.Random(0)
    piles: dict[tuple[str, str], list[Made]] = {}
    for each in made:
        piles.setdefault((each.kind, each.uri), []).append(each)
    order = list(piles.values())
    chance.shuffle(order)
    order.sort(key=len)  # the rarest first; the order of equal ones is by chance
    for pile in order:
        chance.shuffle(pile)
    chosen: dict[str, Made] = {}
    by_kind: dict[str, list[list[Made]]] = {}
    for pile in order:
        by_kind.setdefault(pile[0].kind, []).append(pile)
    while by_kind and len(chosen) < count:
        for kind in list(by_kind):
            pile = by_kind[kind].pop(0)
            each = pile.pop()
            if len(chosen) < count:
                chosen.setdefault(each.question.casefold(), each)
            if pile:
                by_kind[kind].append(pile)
            if not by_kind[kind]:
                del by_kind[kind]
    return list(chosen.values())


def _made(document: Document, kind: str, question: str, answer: str, span: Span) -> Made:
    return Made(kind, question, answer, document.uri, span, document.text[slice(*span)])


def _asked(document: Document, spans: Sequence[Span]) -> Iterator[Made]:
    """What stands in the text as a question, with the sentence after it."""
    for (start, end), answer in pairwise(spans):
        text, said = document.text[start:end], document.text[slice(*answer)]
        question = _MARKS.sub("", text[_leading(text) :]).strip()
        asks = (
            end - start <= MOST_CHARS
            and question.endswith(("?", "？", "؟", ";"))
            and (question[-1] != ";" or "\u0370" <= question[0] <= "\u1fff")
        )
        if asks and LEAST_WORDS <= count_words(question) <= MOST_WORDS and said[-1] not in "?？؟":
            yield _made(document, "asked", " ".join(question.split()), "", answer)


def _leading(text: str) -> int:
    match = _LEADING.match(text)
    return match.end() if match else 0


def _tables(document: Document, spans: Sequence[Span]) -> Iterator[Made]:
    """A cell by its row's first cell and its column's head."""
    head: list[str] = []
    last = -1
    for start, end in spans:
        line = document.text[start:end].strip()
        if not line.startswith("|") or "\n" in line:
            continue
        cells = [_MARKS.sub("", cell).strip() for cell in line.strip("|").split("|")]
        between = document.text[last:start]
        if last < 0 or between.strip() or between.count("\n") > 1:
            head = cells
        elif not _RULE.fullmatch(line) and len(cells) == len(head):
            for column, cell in list(zip(head, cells, strict=True))[1:]:
                if column and cells[0] and cell and max(len(column), len(cells[0]), len(cell)) <= CELL_CHARS:
                    yield _made(document, "table", _of_cell(document, column, cells[0]), cell, (start, end))
                    break
        last = end


def _of_cell(document: Document, column: str, row: str) -> str:
    return f"What is the {column} of {row}?" if _language(document.text[:4000]) == "en" else f"{row}: {column}?"


def _lines(document: Document, spans: Sequence[Span]) -> Iterator[Made]:
    """Labels, definitions, years and amounts, one question a sentence."""
    for start, end in spans:
        text = document.text[start:end]
        if end - start > MOST_CHARS or text.lstrip().startswith(("|", "#", "{", "<")):
            continue
        label = _LABEL.fullmatch(text)
        if label and count_words(label[1]) <= LABEL_WORDS:
            yield _made(
                document, "label", f"{label[1].strip()}: {document.title}", label[2].strip().rstrip("."), (start, end)
            )
            continue
        if LEAST_WORDS < count_words(text) <= MOST_WORDS and text.rstrip()[-1:] in ".!" and "\n\n" not in text:
            yield from _of_sentence(document, text, (start, end))


def _of_sentence(document: Document, text: str, span: Span) -> Iterator[Made]:
    language = _language(text)
    if language not in _ASKS:
        return
    plain = " ".join(_MARKS.sub("", text[_leading(text) :]).split())
    define, year, amount = _ASKS[language]
    match = _DEFINITION.match(plain)
    if match and match["what"].split()[0].casefold() not in _PRONOUNS and count_words(match["what"]) <= LABEL_WORDS:
        asked = define.format(verb=match["verb"], what=match["article"].lower() + match["what"])
        yield _made(document, "definition", asked[0].upper() + asked[1:], "", span)
    elif match := _YEAR.search(plain):
        yield _made(document, "year", _with(plain, match.span(), year), match["number"], span)
    elif (match := _AMOUNT.search(plain)) and match.start() and _counts(match["number"], match["unit"]):
        asked = _with(plain, match.span("number"), amount)
        yield _made(document, "amount", asked, f"{match['number']} {match['unit']}", span)


def _counts(number: str, unit: str) -> bool:
    """Not a year, nor a number before a word that nobody counts."""
    return unit.casefold() not in _UNIT_NOT and not re.fullmatch("1[0-9]{3}|20[0-9]{2}", number)


def _with(plain: str, span: Span, words: str) -> str:
    """The clause of a sentence that holds `span`, with the words of a question there."""
    start = max(plain.rfind(mark, 0, span[0]) + len(mark) for mark in ("; ", ": ", "\u0000"))
    start = start if start > 1 else 0
    ends = [at for mark in ("; ", ", ", ": ", " (") if (at := plain.find(mark, span[1])) >= 0]
    end = min(ends, default=len(plain))
    asked = f"{plain[start : span[0]]}{words}{plain[span[1] : end]}".strip().rstrip(".!")
    return f"{asked[0].upper()}{asked[1:]}?"


def _language(text: str) -> str:
    english, german = len(_ENGLISH.findall(text)), len(_GERMAN.findall(text))
    return "en" if english > german else "de" if german > english else ""


def _headings(document: Document, snippets: Sequence[Snippet]) -> Iterator[Made]:
    """A section's heading in search words, with the first full sentence below it."""
    before = ""
    for snippet in snippets:
        section = dict(snippet.fields).get("section", "")
        if not section or section == before:
            continue
        before = section
        heading = section.split(" > ")[-1]
        below = snippet.text.find(heading)
        at = below + len(heading) if below >= 0 else 0
        for start, end in sentences.spans(snippet.text, at, len(snippet.text)):
            text = snippet.text[start:end]
            if LEAST_WORDS < count_words(text) <= 2 * MOST_WORDS and not text.lstrip().startswith(("|", "#", "<")):
                asked = f"{document.title} {heading}" if heading != document.title else heading
                yield _made(
                    document, "heading", " ".join(asked.split()), "", (snippet.start + start, snippet.start + end)
                )
                break
