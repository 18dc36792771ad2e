"""A prompt as token ids, in which nothing that was given becomes a control token, a header, `</results>` or a tag.

Ids: a prompt is split at the control tokens of its trusted segments only. What lies between two of them is one run,
encoded without added tokens, so that ids are the tokenizer's own for harmless text.
Words: the model reads a copy of what was given, in which one character of whatever would pass for the template's own
words is another one. A character stands for a character: offsets in the copy are offsets in the original.
"""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeVar

from ragcli.errors import RagcliError, UsageError
from ragcli.ground import BOS, CONTROL
from ragcli.marks import ESCAPE
from ragcli.types import Prompt, Segment

Encode = Callable[[str], list[int]]
Made = TypeVar("Made")

ANGLE: Final = "‹"
COLON: Final = "∶"
LETTER: Final = "е"
"""What stands in the copy for "<", ":" and an "e"; no normalisation turns them back."""
UNSEEN: Final = "\ufffd"

_CONTROL: Final = re.compile("(" + "|".join(map(re.escape, CONTROL)) + ")")
# lone surrogates, bidi overrides and isolates, the tag block, and the escape of completions (citations.py)
_HIDDEN: Final = re.compile(f"[\ud800-\udfff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f{ESCAPE}]")
_BREAK: Final = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_BLANK: Final = rf"(?:[^\S{_BREAK}]|[\xad\u200b-\u200f\u2060\ufeff])*+"
_FORGED: Final = re.compile(
    r"<(?=\||\s*+/?+\s*+(?:(?i:results)\b|(?i:co)\s*+[:>])|(?:PAD|UNK|CLS|SEP|(?:BOS|EOS|EOP|MASK)_TOKEN)>)"
    rf"|(?:(?<![^{_BREAK}])|(?<=\|>)){_BLANK}(?P<word>(?i:document)(?={_BLANK}:{_BLANK}\d)"
    rf"|(?:Relevant Documents|Cited Documents|Grounded answer|Answer)(?={_BLANK}:)){_BLANK}(?P<colon>:)"
)


class _Compatible(dict[int, str]):
    """Each character as NFKC has it, where that is one character: what a normalizer makes an ASCII letter is one."""

    def __missing__(self, code: int) -> str:
        form = unicodedata.normalize("NFKC", chr(code))
        self[code] = form if len(form) == 1 else chr(code)
        return self[code]


_COMPATIBLE: Final = _Compatible()


@lru_cache(maxsize=4)  # a prompt is counted, encoded and guarded
def model_copy(prompt: Prompt) -> tuple[Segment, ...]:
    """The prompt's segments as the model gets them; a word that is forged over a seam is broken where it was given."""
    trusted = bytearray()
    for segment in prompt.segments:
        trusted += (b"\1" if segment.trusted else b"\0") * len(segment.text)
    whole = neutral("".join(segment.text for segment in prompt.segments), trusted)
    copies: list[Segment] = []
    at = 0
    for segment in prompt.segments:
        copies.append(Segment(whole[at : at + len(segment.text)], segment.trusted))
        at += len(segment.text)
    return tuple(copies)


def neutral(text: str, trusted: bytes | bytearray = b"") -> str:
    """The model's copy of a text on lines of its own: as long as the text, so that offsets hold in both. `trusted[i]`
    not 0: character i is the template's own and stays; none is unless it is given."""
    trusted = trusted or bytes(len(text))
    text = _HIDDEN.sub(UNSEEN, text)
    changes = dict(_changes(text, trusted))
    if not changes:
        return text
    parts: list[str] = []
    at = 0
    for place, character in sorted(changes.items()):
        parts += (text[at:place], character)
        at = place + 1
    return "".join((*parts, text[at:]))


def _changes(text: str, trusted: bytes | bytearray) -> Iterator[tuple[int, str]]:
    for forged in _forged(text):
        if forged["word"] is None:
            place, character = forged.start(), ANGLE
        elif trusted[forged.start("colon")]:  # a key of that name, before the template's own ": "
            place, character = forged.start("word") + forged["word"].lower().index("e"), LETTER
        else:
            place, character = forged.start("colon"), COLON
        if not trusted[place]:
            yield place, character


def _forged(text: str) -> Iterator[re.Match[str]]:
    return _FORGED.finditer(text if text.isascii() else text.translate(_COMPATIBLE))


def runs(prompt: Prompt) -> list[Segment]:
    """The model's copy as control tokens (trusted) and the texts between them (not trusted), in order."""
    found: list[Segment] = []
    text: list[str] = []
    for segment in model_copy(prompt):
        for piece in _CONTROL.split(segment.text) if segment.trusted else (segment.text,):
            if segment.trusted and piece in CONTROL:
                found += (Segment("".join(text), False), Segment(piece, True))
                text.clear()
            else:
                text.append(piece)
    found.append(Segment("".join(text), False))
    return [run for run in found if run.text]


def ids(prompt: Prompt, encode: Encode, special: Mapping[str, int]) -> list[int]:
    """The prompt's token ids. `encode` is that of a tokenizer made of `bare(...)`, `special` from `control_ids`."""
    found: list[int] = []
    for run in runs(prompt):
        found += [special[run.text]] if run.trusted else encode(run.text)
    return found


def count(prompt: Prompt, count_tokens: Callable[[str], int]) -> int:
    """How many ids the prompt has, where `count_tokens` counts those of a text without control tokens."""
    return sum(1 if run.trusted else count_tokens(run.text) for run in runs(prompt))


def guard(
    found: Sequence[int],
    prompt: Prompt,
    special: Mapping[str, int],
    *,
    added: Collection[int] = (),
    decode: Callable[[Sequence[int]], str] | None = None,
) -> None:
    """Stops a prompt whose ids hold another control token than the template's, in order, or no single leading BOS.

    `added`: the ids of all added tokens. `decode` shows the ids as text with control tokens; then no word of the
    template may occur more often than the template has it. RagcliError: the prompt must not be used.
    """
    control = {*special.values(), *added}
    wanted = [special[run.text] for run in runs(prompt) if run.trusted]
    if [each for each in found if each in control] != wanted or found[0] != special[BOS]:
        raise _stopped("a control token")
    if decode is not None:
        own = sum(1 for _ in _forged("".join(segment.text for segment in model_copy(prompt))))
        if sum(1 for _ in _forged(decode(found))) != own:
            raise _stopped("a word of the prompt's own")


def _stopped(what: str) -> RagcliError:
    message = f"the prompt was not sent to the model: text in it would have become {what}"
    return RagcliError(message, "see it with ragcli ask --print-prompt, and report it")


def bare(description: str) -> str:
    """A tokenizer.json that encodes text as text: without added tokens, special ones around it, truncation, padding."""
    settings = json.loads(description)
    return json.dumps({**settings, "added_tokens": [], "post_processor": None, "truncation": None, "padding": None})


def control_ids(token_id: Callable[[str], int | None]) -> dict[str, int]:
    """The ids of the template's control tokens. UsageError: the tokenizer lacks one, or two are the same."""
    found = {token: token_id(token) for token in CONTROL}
    special = {token: each for token, each in found.items() if each is not None}
    missing = [token for token in CONTROL if token not in special]
    if missing or len(set(special.values())) != len(CONTROL):
        raise UsageError(f"this is no Command-R tokenizer: {(missing or ['two control tokens are one'])[0]}", _MEND)
    return special


def refuse_forgeable(encode: Encode, added: Mapping[str, int]) -> None:
    """UsageError where plain text alone makes one of the `added` tokens (content -> id): no prompt is safe then."""
    known = set(added.values())
    for content in added:
        if not known.isdisjoint(encode(content)):
            raise UsageError(f"this tokenizer makes {content} of plain text: a document could forge it", _MEND)


_MEND: Final = "use the tokenizer files that came with the model"


def one_per_thread(make: Callable[[], Made]) -> Callable[[], Made]:
    """What `make` makes, once in each thread that asks: a tokenizer keeps state while it encodes."""
    local = threading.local()

    def own() -> Made:
        if not hasattr(local, "made"):
            local.made = make()
        made: Made = local.made
        return made

    return own
