"""The figures of an index: how much of what it holds, in which languages and lengths, and what it weighs."""

from __future__ import annotations

import contextlib
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from ragcli import tuning
from ragcli.census import Census
from ragcli.language import Language, guess
from ragcli.lexical import count_words
from ragcli.reports import Counts, Lengths, Sized, Stats, Tally
from ragcli.store import Store
from ragcli.types import FileState

LARGEST: Final = 10
STEP: Final = 50
"""Words between two lengths told apart."""
MOST: Final = 400
SAMPLE: Final = 20_000
"""Characters of a document by which its language is told."""
_NAMED: Final = {"CJK": "Chinese", "HANGUL": "Korean", "HIRAGANA": "Japanese", "KATAKANA": "Japanese"}
_WORD: Final = re.compile(r"\w+")
_KANA: Final = 0.05
"""Of a Japanese text's letters at least so many are kana; a Chinese one has none."""


def gather(folder: Path, store: Store) -> Stats:
    """Counts everything; reads every text once."""
    census, pins = Census(store.connection), store.pins()
    held = census.documents()
    sizes, languages, total = [], Counter[str](), 0
    for uri, text in census.texts():
        count = count_words(text)
        total += count
        sizes.append(Sized(uri, count, held[uri][1]))
        languages[tongue(text[:SAMPLE])] += 1
    outcomes = [outcome for outcome, _, _ in store.ledger.lines().values()]
    return Stats(
        counts=Counts(*store.count()),
        words=total,
        embedder=pins.embedder if pins else "",
        rule=(pins.min_words, pins.max_words) if pins else None,
        states=_tally(outcome.state.value for outcome in outcomes),
        formats=_tally(Path(uri).suffix.lower() or "none" for uri in held),
        languages=tuple(sorted(languages.items(), key=_rank)),
        disk=_disk(folder),
        lengths=lengths(map(count_words, census.snippet_texts())),
        largest=tuple(sorted(sizes, key=lambda sized: (-sized.words, sized.uri))[:LARGEST]),
        failed=tuple(outcome for outcome in outcomes if outcome.state is FileState.FAILED),
        tuned=tuning.changed(tuning.read(store.meta(tuning.KEY))),
    )


def lengths(counts: Iterable[int]) -> tuple[Lengths, ...]:
    """A histogram in steps of 50 words, so laid that 100 begins a step and 400 ends one: Cohere's rule shows."""
    steps = Counter((count - (count == MOST)) // STEP for count in counts)
    return tuple(
        Lengths(step * STEP + (step * STEP == MOST), (step + 1) * STEP - ((step + 1) * STEP != MOST), steps[step])
        for step in range(max(steps, default=-1) + 1)
    )


def tongue(text: str) -> str:
    """What a text is written in, as far as ragcli tells languages apart: else its script."""
    scripts = Counter(script for script in map(_script, filter(str.isalpha, text)) if script)
    if not scripts:
        return "no words"
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > _KANA * scripts.total():
        return "Japanese"
    script = scripts.most_common(1)[0][0]
    if script != "LATIN":
        return _NAMED.get(script, f"{script.capitalize()} script")
    found = guess(_WORD.findall(text), ascii_only=text.isascii())
    return {Language.ENGLISH: "English", Language.VIETNAMESE: "Vietnamese"}.get(found, "other in Latin script")


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """The first word of its Unicode name: LATIN, GREEK, CJK; "" for a letter without one."""
    return unicodedata.name(letter, "").partition(" ")[0]


def _tally(names: Iterable[str]) -> Tally:
    return tuple(sorted(Counter(names).items(), key=_rank))


def _rank(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _disk(folder: Path) -> Tally:
    """Bytes of the regular files of the index, the largest first."""
    sizes = {}
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a log that its last reader removed just now
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                sizes[path.name] = status.st_size
    return tuple(sorted(sizes.items(), key=_rank))
