"""Made corpora for benchmarks/scale.py: texts and vectors of any number of snippets, the same for the same seed.

Words follow a Zipf-Mandelbrot law without end, so that a larger corpus has more words and not only more of each; one
snippet in twenty nearly repeats an earlier one; one in ten is Cyrillic and one in twenty Chinese. A vector is a mix of
two real ones with noise: windows of a snippet share one of the two, and none is used twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragcli import prepare
from ragcli.index import MAX_WORDS, MIN_WORDS, Index
from ragcli.rows import NewSnippet, NewWindow
from ragcli.types import Document, File, FileOutcome, FileState
from ragcli.walk import stat_of

if TYPE_CHECKING:
    from ragcli.protocols import Vectors

LATIN = [consonant + vowel for consonant in "bdfgkmnprtvz" for vowel in "aou"]  # no stemmer shortens what ends so
CYRILLIC = [consonant + vowel for consonant in "бвгдзкмнпрст" for vowel in "аоу"]
STOP = "the of and to in is that for with as on by".split()
NEAR_COPIES, CYRILLIC_SHARE, CHINESE_SHARE = 0.05, 0.10, 0.05
WORDS = (MIN_WORDS + MAX_WORDS) // 2
FLAT, TAIL, MOST_WORDS = 60, 0.35, 20_000_000
"""Of the law: the commonest word makes .6 % of the content words, and 3 % of them are beyond the first million."""
NOISE = 0.35


@dataclass(frozen=True, slots=True)
class Passage:
    """A snippet's text, and its words that are not stop words."""

    text: str
    content: list[str]


def spelled(rank: int, syllables: list[str]) -> str:
    """The word of a rank: short ones are frequent."""
    word = ""
    rank += len(syllables)
    while rank:
        rank, digit = divmod(rank, len(syllables))
        word += syllables[digit]
    return word


def ranks(count: int, rng: np.random.Generator) -> list[int]:
    """Drawn by the law."""
    drawn = FLAT * (rng.random(count) ** (-1 / TAIL) - 1)
    found: list[int] = np.fmod(drawn, MOST_WORDS).astype(np.int64).tolist()
    return found


def passages(count: int, seed: int = 0) -> Iterator[Passage]:
    """The texts, one a snippet."""
    rng = np.random.default_rng(seed)
    earlier: list[Passage] = []
    for _ in range(count):
        kind = rng.random()
        if earlier and kind < NEAR_COPIES:
            made = _near_copy(earlier[int(rng.integers(len(earlier)))], rng)
        elif kind < NEAR_COPIES + CHINESE_SHARE:
            text = "".join(chr(0x4E00 + min(rank, 5000)) for rank in ranks(WORDS * 2, rng))
            made = Passage(text, [])
        else:
            syllables = CYRILLIC if kind > 1 - CYRILLIC_SHARE else LATIN
            content = [spelled(rank, syllables) for rank in ranks(WORDS * 3 // 5, rng)]
            mixed = content + [STOP[number] for number in rng.integers(0, len(STOP), WORDS * 2 // 5).tolist()]
            text = " ".join(mixed[number] for number in rng.permutation(len(mixed)).tolist())
            made = Passage(text, content if syllables is LATIN else [])
        if len(earlier) < 1000:
            earlier.append(made)
        yield made


def _near_copy(passage: Passage, rng: np.random.Generator) -> Passage:
    if not passage.content:
        return Passage(passage.text + "。", [])
    fresh = [spelled(rank, LATIN) for rank in ranks(len(passage.content) // 10, rng)]
    kept = passage.content[len(fresh) :]
    return Passage(passage.text.partition(" ")[2] + " " + " ".join(fresh), kept + fresh)


def question(passage: Passage, rng: np.random.Generator) -> str:
    """Five of the passage's words, as often common ones as it has them."""
    one, two, three, four, five = rng.choice(passage.content, 5).tolist()
    return f"what is the {one} of {two} that the {three} has in {four} and {five}"


def vectors(pool: Vectors, count: int, rng: np.random.Generator, base: int | None = None) -> Vectors:
    """(count, dim) float32, unit rows; `base` is the real vector that they share, None for one each."""
    first = rng.integers(0, len(pool), count) if base is None else np.full(count, base)
    share = rng.uniform(0.5, 1, (count, 1)).astype(np.float32)
    mixed = pool[first] * share + pool[rng.integers(0, len(pool), count)] * (1 - share)
    mixed += rng.standard_normal(mixed.shape, np.float32) * np.float32(NOISE / pool.shape[1] ** 0.5)
    unit: Vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return unit


def fill(index: Index, folder: Path, count: int, per_file: int, pool: Vectors, seed: int = 0) -> None:
    """Puts the corpus into the index as an ingest would leave it, with its files in `folder`, past parsing, cutting and
    encoding: those cost the same for every snippet, and would take days."""
    rng = np.random.default_rng(seed + 1)
    made = passages(count, seed)
    for number in range(-(-count // per_file)):
        some = [passage for _, passage in zip(range(min(per_file, count - number * per_file)), made, strict=False)]
        path = folder / f"{number // 1000:03}" / f"{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n\n".join(passage.text for passage in some)
        path.write_text(text, encoding="utf-8")
        uri = str(path.absolute().relative_to(index.base))
        file = File(uri, stat_of(path.stat()), hashlib.sha256(text.encode()).hexdigest())
        _put(index, file, text, some, pool, rng)


def _put(index: Index, file: File, text: str, some: list[Passage], pool: Vectors, rng: np.random.Generator) -> None:
    title = Path(file.uri).stem
    fields = (("title", title),)
    snippets, terms, at = [], [], 0
    for number, passage in enumerate(some):
        windows = tuple(_windows(index, passage.text, pool, rng))
        end = at + len(passage.text)
        snippets.append(NewSnippet(at, end, passage.text, fields, (2 * number + 1, 2 * number + 1), (), windows))
        body, header = prepare.terms_of(file.uri, "" if passage.content else passage.text, fields)
        terms.append((passage.content or body, header))
        at = end + 2
    document = Document(0, file.uri, file.sha256, title, text, (), ())
    with index.store.transaction():
        for (snippet_id, _), (body, header) in zip(
            index.store.put_document(file, document, snippets), terms, strict=True
        ):
            index.lexicon.add(snippet_id, body, header)
        index.store.ledger.put(FileOutcome(file.uri, FileState.ADDED, snippets=len(some)), file.stat, file.sha256)


def _windows(index: Index, text: str, pool: Vectors, rng: np.random.Generator) -> Iterator[NewWindow]:
    """Two to four of about 480 characters, which is what 128 tokens are in English."""
    count = int(rng.choice((2, 2, 3, 4)))
    rows = vectors(pool, count, rng, int(rng.integers(len(pool))))
    step = len(text) // count
    for number, row in enumerate(rows):
        start, end = number * step, len(text) if number == count - 1 else (number + 1) * step
        digest = prepare.window_digest(index.embedder.fingerprint, text[start:end])
        yield NewWindow(start, end, digest, row.tobytes())
