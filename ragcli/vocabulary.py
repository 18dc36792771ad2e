"""A tokenizer as bytes: what each token writes, and tokens that write exactly what is wanted.

Byte-level tokenizers (Command-R, GPT-2, Llama 3) and those with byte fallback (Llama 2, Gemma) are known; others are
refused, as nothing could be promised of their text.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from ragcli.citations import END_TOKEN
from ragcli.errors import UsageError
from ragcli.marks import ESCAPE

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CONTROL: Final = re.compile(r"<.*>", re.DOTALL)
_BYTE: Final = re.compile(r"<0x([0-9A-F]{2})>")
_ODD: Final = re.compile(rf"[<:>{ESCAPE}]")


def _byte_letters() -> dict[str, int]:
    """GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes for code points from 256 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(256 + place): byte for place, byte in enumerate(others)}


class Vocabulary:
    """The tokens of a tokenizer.

    `spellings[id]` are a token's bytes, None for control tokens. `special` are the control tokens by text, `ends`
    those that end a completion: Command-R's, and what is given. UsageError: the tokenizer is of no known kind,
    cannot write every byte, or has no end.
    """

    def __init__(self, tokenizer: Tokenizer, ends: Iterable[int] = ()) -> None:
        self._tokenizer = tokenizer
        end = tokenizer.token_to_id(END_TOKEN)
        self.ends = frozenset(ends) | ({end} if end is not None else set())
        if not self.ends:
            raise UsageError(f"the model's tokenizer has no {END_TOKEN}")
        added = tokenizer.get_added_tokens_decoder()
        control = {id for id, token in added.items() if token.special or _CONTROL.fullmatch(token.content)} | self.ends
        words: dict[str, int] = tokenizer.get_vocab(with_added_tokens=True)
        self.special = {word: id for word, id in words.items() if id in control}
        letters = _byte_letters() if _is_byte_level(tokenizer) else None
        self.known: dict[Hashable, list[int]] = {}  # tokens that may come at places of a grammar (constraint.py)
        self.spellings: list[bytes | None] = [None] * (max(words.values()) + 1)
        for word, id in words.items():
            if id not in control:
                self.spellings[id] = word.encode() if id in added else _spelling(word, letters)
        if missing := [byte for byte in range(256) if bytes([byte]) not in self._ids]:
            raise UsageError(
                f"the model's tokenizer cannot write {len(missing)} of the 256 bytes, such as {missing[0]}"
            )

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        return {spelling: id for id, spelling in reversed(list(enumerate(self.spellings))) if spelling}

    @cached_property
    def ordered(self) -> list[tuple[bytes, int]]:
        """(spelling, id) of every token that writes something, sorted: a trie to be walked by halving."""
        return sorted((spelling, id) for id, spelling in enumerate(self.spellings) if spelling)

    @cached_property
    def plain(self) -> frozenset[int]:
        """Tokens of whole characters without what begins or ends markup and without the escape."""
        return frozenset(id for spelling, id in self.ordered if _is_plain(spelling))

    @cached_property
    def odd(self) -> list[tuple[bytes, int]]:
        """The others that write something, in the order of their spelling."""
        return [(spelling, id) for spelling, id in self.ordered if id not in self.plain]

    @cached_property
    def inner(self) -> Sequence[tuple[bytes, int]]:
        """Those that begin inside of a character."""
        low, high = (bisect_left(self.ordered, (bytes([byte]), -1)) for byte in (0x80, 0xC0))
        return self.ordered[low:high]

    @cached_property
    def longest(self) -> int:
        """The bytes of the longest token."""
        return max(len(spelling) for spelling, _ in self.ordered)

    def span(self, prefix: bytes) -> tuple[int, int]:
        """Which of the ordered tokens begin with `prefix`: the first, and the first behind them."""
        after = prefix.rstrip(b"\xff")
        high = bisect_left(self.ordered, (after[:-1] + bytes([after[-1] + 1]), -1)) if after else len(self.ordered)
        return bisect_left(self.ordered, (prefix, -1)), high

    def below(self, prefix: bytes) -> Sequence[tuple[bytes, int]]:
        """The tokens that begin with `prefix`, in order."""
        low, high = self.span(prefix)
        return self.ordered[low:high]

    def encode(self, text: str) -> list[int]:
        """The tokenizer's own tokens, without special ones around."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def spell(self, raw: bytes) -> list[int]:
        """Tokens that write exactly `raw`: the tokenizer's own, or else the longest that fit, from the left."""
        text, whole = utf8(raw) or ("", raw)
        own = self.encode(text) if text and not whole else []
        if own and b"".join(self.bytes_of(own)) == raw:
            return own
        return list(self._longest_first(raw))

    def _longest_first(self, raw: bytes) -> Iterator[int]:
        at = 0
        while at < len(raw):
            sizes = range(min(self.longest, len(raw) - at), 0, -1)
            size = next(size for size in sizes if raw[at : at + size] in self._ids)
            yield self._ids[raw[at : at + size]]
            at += size

    def bytes_of(self, ids: Sequence[int]) -> list[bytes]:
        """What each token writes; control tokens, and ids beyond the vocabulary, write nothing."""
        return [(self.spellings[id] if id < len(self.spellings) else None) or b"" for id in ids]


def _is_byte_level(tokenizer: Tokenizer) -> bool:
    decoder = json.loads(tokenizer.to_str())["decoder"] or {"type": ""}
    kinds = {part["type"] for part in decoder.get("decoders", [decoder])}
    if not kinds & {"ByteLevel", "ByteFallback"}:
        raise UsageError("the model's tokenizer is neither byte-level nor has it byte fallback")
    return "ByteLevel" in kinds


def _spelling(word: str, letters: dict[str, int] | None) -> bytes | None:
    if letters is not None:
        return bytes(letters[char] for char in word) if all(char in letters for char in word) else None
    byte = _BYTE.fullmatch(word)
    return bytes([int(byte[1], 16)]) if byte else word.replace("▁", " ").encode()


def _is_plain(spelling: bytes) -> bool:
    text, rest = utf8(spelling) or ("", b"?")
    return not rest and not _ODD.search(text)


@lru_cache(maxsize=4096)
def utf8(raw: bytes) -> tuple[str, bytes] | None:
    """(whole characters, the beginning of one more); None where no bytes could make UTF-8 of it."""
    if raw.isascii():
        return raw.decode(), b""
    for size in range(min(3, len(raw)) + 1):
        head, tail = raw[: len(raw) - size], raw[len(raw) - size :]
        try:
            text = head.decode()
        except UnicodeDecodeError:
            continue
        return (text, tail) if not tail or _begins_character(tail) else None
    return None


@lru_cache(maxsize=1024)
def _begins_character(raw: bytes) -> bool:
    """Whether 1 to 3 bytes begin a character; lead bytes narrow what may follow, so both ends are tried."""
    size = 2 if 0xC2 <= raw[0] < 0xE0 else 3 if 0xE0 <= raw[0] < 0xF0 else 4 if 0xF0 <= raw[0] < 0xF5 else 0
    if size <= len(raw):
        return False
    for filler in (b"\x80", b"\xbf"):
        try:
            (raw + filler * (size - len(raw))).decode()
        except UnicodeDecodeError:
            continue
        return True
    return False
