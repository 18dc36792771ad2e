"""An answer as one HTML page: no script at all, nothing from outside, readable offline, printed and by keyboard.

Spans of the answer and passages light up each other by `:has()`: a pair of rules for each source. The policy in
its head allows the one style sheet by its hash and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Final

from ragcli import __version__
from ragcli.render.parts import CLOSEST, GLYPH, VERDICT, Numbers, Run, in_document, left_out, reason, runs, where_text
from ragcli.render.place import Documents, Here, best_span, place_of
from ragcli.render.safe import name, safe
from ragcli.types import Answer, Cited, Snippet, Span

AROUND: Final = 300
PARAGRAPH: Final = re.compile(r"\n[^\S\n]*\n")
WRAPPED_AT_LEAST, WRAPPED_AT_MOST, CHARS_A_WORD = 45, 160, 14
"""What tells lines of wrapped prose from verses, records and programs: characters of a line, and of a word at most."""
SOFT: Final = '<span class="soft">\n</span>'
ACTIVE: Final = (":hover", ":focus", ":focus-within", ":target")
STYLE: Final = """
:root { color-scheme: light dark; --text: #1b1b1b; --quiet: #595959; --ground: #fff; --rule: #c8c8c8;
  --lit: #ffe58a; --lit-text: #1b1b1b; --link: #0b4fa8; --good: #1a6e2e; --warn: #8a5a00; --bad: #a8201a }
@media screen and (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --quiet: #a6a6a6; --ground: #17181a; --rule: #45484d;
    --lit: #5c4a00; --lit-text: #fff; --link: #8ab8ff; --good: #7fd492; --warn: #f0c060; --bad: #ff9c94 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem; max-width: 78rem; background: var(--ground); color: var(--text);
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 1rem }
h2 { font-size: 1rem; margin: 0 0 .5rem }
footer, .where, .reason { color: var(--quiet); font-size: .875rem }
.answer p, blockquote { white-space: pre-wrap; unicode-bidi: plaintext; margin: 0 }
.answer { margin-bottom: 1.5rem }
.answer p { font-size: 1.125rem }
.answer .reason { font-size: .875rem }
a { color: inherit }
.cited { text-decoration: underline dotted; text-underline-offset: .25em }
.mark { color: var(--link); text-decoration: none; font-size: .75em; vertical-align: super; line-height: 0 }
.mark::before { content: "\\2060" }
ol { list-style: none; margin: 0; padding: 0 }
.source { margin: 0 0 1rem; padding: .5rem .75rem; border-inline-start: 4px solid var(--rule); scroll-margin: 1rem }
.where { margin: 0 0 .25rem }
.where span { white-space: nowrap }
.where a { color: var(--link); text-decoration: none }
blockquote { color: var(--quiet); font-size: .9375rem; line-height: 1.5 }
.soft { white-space: normal }
q { quotes: none; color: var(--text); font-weight: 600 }
.supported { color: var(--good) } .partial { color: var(--warn) } .unsupported { color: var(--bad) }
.cited, q { border-radius: 2px }
.cited:hover, .cited:focus, :target > .cited, :is(.source:hover, .source:focus-within, .source:target) q {
  background: var(--lit); color: var(--lit-text) }
.source:hover, .source:focus-within, .source:target { border-color: var(--link) }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
@media (min-width: 60rem) {
  main { display: grid; grid-template-columns: 1fr 1fr; gap: 0 2.5rem; align-items: start }
  h1, footer { grid-column: 1 / -1 }
  .answer { position: sticky; top: 1.5rem } }
@media print {
  :root { color-scheme: light }
  body { max-width: none; padding: 0; font-size: 10pt } main { display: block } .answer { position: static }
  .source { break-inside: avoid } .cited { text-decoration: none } }
@media (forced-colors: active) {
  :root { --text: CanvasText; --lit: Highlight; --lit-text: HighlightText } .cited, q { forced-color-adjust: none } }
"""


def answer_html(answer: Answer, documents: Documents, here: Here) -> str:
    """The page. `here` tells how paths show; every foreign string is made safe and escaped."""
    numbers = Numbers(answer.citations)
    style = STYLE + "".join(_pair(number) for number in range(1, len(numbers.sources) + 1))
    allowed = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    body = _abstention(answer, documents, here) if answer.outcome in VERDICT else _answered(answer, numbers)
    body += _sources(numbers.sources, documents, here)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_line(answer.question)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1 lang="" dir="auto">{_line(answer.question)}</h1>\n{body}'
        f"<footer>ragcli {__version__}, {_line(answer.runtime)}, citations {answer.mode.value}</footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def _pair(number: int) -> str:
    """Source n lights the spans of the answer that cite it, and each of those lights source n."""
    answer = ", ".join(f".a{number}{state}" for state in ACTIVE)
    source = ", ".join(f".s{number}{state}" for state in ACTIVE)
    lit = "{ background: var(--lit); color: var(--lit-text) }\n"
    return (
        f"body:has({answer}) .s{number} q {lit}"
        f"body:has({answer}) .s{number} {{ border-color: var(--link) }}\n"
        f"body:has({source}) .cited.a{number} {lit}"
    )


def _answered(answer: Answer, numbers: Numbers) -> str:
    seen: set[int] = set()
    text = "".join(_run(run, numbers, seen) for run in runs(answer))
    left = left_out(answer)
    note = f'<p class="reason">{_line(left)}</p>\n' if left else ""
    return f'<section class="answer" aria-label="Answer">\n<p lang="" dir="auto">{text}</p>\n{note}</section>\n'


def _run(run: Run, numbers: Numbers, seen: set[int]) -> str:
    """A cited stretch is a link to its first source, and the target of its sources where it is their first."""
    text = _text(run.text)
    of = sorted({number for citation in run.within for number in numbers.of(citation)})
    if of:
        text = f'<a class="cited {_classes(of)}" href="#s{of[0]}">{text}</a>'
        for number in [each for each in of if each not in seen]:
            text = f'<span class="a{number}" id="a{number}">{text}</span>'
        seen.update(of)
    ended = [number for citation in run.ending for number in numbers.of(citation)]
    marks = [f'<a class="mark a{n}" href="#s{n}" aria-label="Source {n}">[{n}]</a>' for n in ended]
    return text + "".join(marks)


def _classes(numbers: Sequence[int]) -> str:
    return " ".join(f"a{number}" for number in numbers)


def _sources(sources: Sequence[Cited], documents: Documents, here: Here) -> str:
    if not sources:
        return ""
    listed = []
    for number, cited in enumerate(sources, 1):
        span = (cited.support.start, cited.support.end)
        status = cited.support.status
        back = f'<a href="#a{number}" aria-label="Where the answer cites source {number}">[{number}]</a>'
        shown = f'<span class="{status.value}">{GLYPH[status]} {status.value}</span>'
        head = f'<p class="where">{back} {_where(cited.snippet, span, documents, here)} {shown}</p>'
        passage = _passage(cited.snippet, span, documents)
        listed.append(f'<li class="source s{number}" id="s{number}" tabindex="0">{head}{passage}</li>\n')
    head = '<section aria-labelledby="sources">\n<h2 id="sources">Sources</h2>\n'
    return f"{head}<ol>\n{''.join(listed)}</ol>\n</section>\n"


def _abstention(answer: Answer, documents: Documents, here: Here) -> str:
    why = reason(answer)
    told = f'<p class="reason">Reason: {_line(why)}</p>\n' if why else ""
    parts = [f'<section class="answer" aria-label="Answer">\n<p>{VERDICT[answer.outcome]}</p>\n{told}</section>\n']
    if answer.hits:
        parts.append('<section aria-labelledby="closest">\n<h2 id="closest">Closest passages</h2>\n<ol>\n')
        for hit in answer.hits[:CLOSEST]:
            head = f'<p class="where">{_where(hit.snippet, (0, 0), documents, here)}</p>'
            passage = _passage(hit.snippet, best_span(hit), documents)
            parts.append(f'<li class="source" tabindex="0">{head}{passage}</li>\n')
        parts.append("</ol>\n</section>\n")
    return "".join(parts)


def _where(snippet: Snippet, span: Span, documents: Documents, here: Here) -> str:
    return f"<bdi>{_line(where_text(place_of(snippet, span, documents), here))}</bdi>"


def _passage(snippet: Snippet, span: Span, documents: Documents) -> str:
    """The quote between what its paragraphs hold before and after it, cut at blanks."""
    text, (start, end) = in_document(snippet, span, documents)
    first, last = max(start - AROUND, 0), min(end + AROUND, len(text))
    borders = [border.span() for border in PARAGRAPH.finditer(text, first, last)] if end > start else []
    from_border = max((past for _, past in borders if past <= start), default=0)
    to_border = min((at for at, _ in borders if at >= end), default=len(text))
    dots = first > from_border, last < to_border
    if dots[0]:
        first = next((at + 1 for at in range(first, start) if text[at].isspace()), first)
    if dots[1]:
        last = next((at for at in range(last, end, -1) if text[at].isspace()), last)
    first, last = max(first, from_border), min(last, to_border)
    quote = f"<q>{_lines(text, start, end)}</q>" if end > start else ""
    before = ("… " if dots[0] else "") + _lines(text, first, start).lstrip()
    after = _lines(text, end, last).rstrip() + (" …" if dots[1] else "")
    return f'<blockquote lang="" dir="auto">{before}{quote}{after}</blockquote>'


def _lines(text: str, start: int, end: int) -> str:
    """`text[start:end]`, in which the ends of lines of running text are shown as blanks."""
    edges = [at for at in range(start, end) if text[at] == "\n" and _runs_on(text, at)]
    cuts = pairwise([start - 1, *edges, end])
    return SOFT.join(_text(text[past + 1 : at]) for past, at in cuts)


def _runs_on(text: str, at: int) -> bool:
    """Whether the line that ends at `at` is one of prose that was wrapped: long, of words, and a letter comes next."""
    line = text[max(at - WRAPPED_AT_MOST, 0) : at].rpartition("\n")[2]
    wrapped = WRAPPED_AT_LEAST <= len(line) < WRAPPED_AT_MOST and line.count(" ") * CHARS_A_WORD >= len(line)
    return wrapped and text[at + 1 : at + 2].isalpha()


def _text(text: str) -> str:
    return escape(safe(text))


def _line(text: str) -> str:
    return escape(name(text))
