"""A made-up world for a tiny Command-R: names of two syllables, their facts, questions, and how they are answered.

A tenth of the names, by their checksum, is never seen in training. A level is how much a prompt holds: 1: two
documents of a fact each; 2: two or three; 3: one or two facts each, among them the asked attribute of others; 4: the
asked attribute may be missing of the asked name too.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from ragcli.ground import CONTROL, ground, render
from ragcli.types import CitationMode, Prompt, Snippet

SPECIAL = ("<PAD>", "<UNK>", "<CLS>", "<SEP>", "<MASK_TOKEN>", *CONTROL)
FIRST = tuple("".join(parts) for parts in zip("BCDFGHKLMNPRSTVZ" * 4, "aeiou" * 13, "lnrsmk" * 11, strict=False))
SECOND = tuple("".join(parts) for parts in zip("bdfghkmnprstvzlj" * 4, "oaeui" * 13, "nrlstm" * 11, strict=False))
PEOPLE = ("founder", "owner", "keeper", "mayor")
SIZES = ("height", "depth", "length", "width")
FEASTS = ("market", "opening", "festival", "regatta")
MONTHS = "January February March April May June July August September October November December".split()
TITLES = ("notes", "records", "report", "letters")
UNKNOWN = "The documents do not say that."
WORDS = (
    *"What Who When Tell me Do you know The In the of is in metres documents do not say that None".split(),
    *(*PEOPLE, *SIZES, *FEASTS, *MONTHS, *TITLES),
)
MARKS = ("<results>", "</results>", "\nDocument: ", "\n\nDocument: ", "\ntitle: ", "\ntext: ", "<co:", "</co:")
HEADERS = ("Relevant Documents:", "Cited Documents:", "Answer:", "Grounded answer:")


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    attribute: str
    value: str

    @property
    def before(self) -> str:
        """What the answer says before the value."""
        return f"The {self.attribute} of {self.name} is {'in ' if self.attribute in FEASTS else ''}"


@dataclass(frozen=True, slots=True)
class Example:
    """A question, its documents as (title, text), and the answer: `fact` in document `cited`, or neither."""

    question: str
    documents: tuple[tuple[str, str], ...]
    relevant: tuple[int, ...]
    cited: int | None
    fact: Fact

    @property
    def answer(self) -> str:
        return UNKNOWN if self.cited is None else f"{self.fact.before}{self.fact.value}."

    def prompt(self, mode: CitationMode) -> Prompt:
        snippets = [
            Snippet(n, f"{n:016x}", n, "a.md", 0, len(text), text, (("title", title), ("text", text)), (1, 1))
            for n, (title, text) in enumerate(self.documents)
        ]
        return ground(self.question, snippets, mode)

    def completion(self, mode: CitationMode) -> list[tuple[str, bool]]:
        """What should be written, as pieces; True for those that cannot be written without having read."""
        cited = "None" if self.cited is None else str(self.cited)
        marked = [(UNKNOWN, False)]
        if self.cited is not None:
            value = [(self.fact.value, True), (f"</co: {cited}>.", False)]
            marked = [(self.fact.before, False), ("<co: ", False), (cited, True), (">", False), *value]
        plain = [(self.answer, False)] if self.cited is None else [marked[0], (self.fact.value, True), (".", False)]
        relevant = ",".join(map(str, self.relevant)) or "None"
        lists = [(f"{HEADERS[0]} ", False), (relevant, True), (f"\n{HEADERS[1]} ", False), (cited, True)]
        between = [] if mode is CitationMode.FAST else [(f"\n{HEADERS[2]} ", False), *plain]
        return [*lists, *between, (f"\n{HEADERS[3]} ", False), *marked]


def written(pieces: Sequence[tuple[str, bool]]) -> str:
    return "".join(text for text, _ in pieces)


def is_held_out(name: str) -> bool:
    return zlib.crc32(name.encode()) % 10 == 0


@cache
def names(held_out: bool) -> tuple[str, ...]:
    return tuple(name for name in map("".join, product(FIRST, SECOND)) if is_held_out(name) == held_out)


def value(attribute: str, rng: random.Random, held_out: bool) -> str:
    if attribute in PEOPLE:
        return rng.choice(names(held_out))
    return rng.choice(MONTHS) if attribute in FEASTS else f"{rng.randrange(10, 100)} metres"


def example(rng: random.Random, level: int, held_out: bool) -> Example:
    """One of four has no answer in its documents."""
    count = 2 if level == 1 else rng.choice((2, 3))
    asked, *others = rng.sample(names(held_out), count + 1)
    attributes = [*PEOPLE, *SIZES, *FEASTS]
    attribute = rng.choice(attributes)
    fate = rng.random()
    cited = None if fate < 0.25 else rng.randrange(count)
    relevant = () if cited is None else (cited,)
    missing = None
    if cited is None and level > 3 and fate < 0.12:
        missing = rng.randrange(count)
        relevant = (missing,)
    fact = Fact(asked, attribute, value(attribute, rng, held_out))
    documents = []
    for place in range(count):
        name = asked if place in (cited, missing) else others[place]
        facts = [fact] if place == cited else []
        for _ in range(rng.choice((1, 2)) - len(facts) if level > 2 else 1 - len(facts)):
            barred = {other.attribute for other in facts} | ({attribute} if name == asked else set())
            kind = attribute if rng.random() < 0.5 else rng.choice(attributes)
            kind = rng.choice([each for each in attributes if each not in barred]) if kind in barred else kind
            facts.append(Fact(name, kind, value(kind, rng, held_out)))
        rng.shuffle(facts)
        title = name if rng.random() < 0.5 else rng.choice(TITLES)
        documents.append((title, " ".join(_told(each, rng) for each in facts)))
    return Example(_asked(fact, rng), tuple(documents), relevant, cited, fact)


def _told(fact: Fact, rng: random.Random) -> str:
    when = "in " if fact.attribute in FEASTS else ""
    usual = f"The {fact.attribute} of {fact.name} is {when}{fact.value}."
    return usual if rng.random() < 0.7 else f"In {fact.name} the {fact.attribute} is {when}{fact.value}."


def _asked(fact: Fact, rng: random.Random) -> str:
    first = "Who" if fact.attribute in PEOPLE else "When" if fact.attribute in FEASTS else "What"
    what = f"the {fact.attribute} of {fact.name}"
    return rng.choice((f"{first} is {what}?", f"{first} is {what}?", f"Tell me {what}.", f"Do you know {what}?"))


def recall(rng: random.Random, held_out: bool, pairs: int) -> list[tuple[str, bool]]:
    """Pairs of a name and a name or number, and all of them again in another order."""
    keys = rng.sample(names(held_out), pairs)
    values = [rng.choice(names(held_out)) if rng.random() < 0.5 else str(rng.randrange(10)) for _ in keys]
    told = [*zip(keys, values, strict=True)]
    again = rng.sample(told, pairs)
    first = "".join(f" {key} is {value}." for key, value in told)
    return [
        (first, False),
        *(
            piece
            for key, value in again
            for piece in ((f" {key[:3]}", False), (key[3:], True), (" is ", False), (value, True))
        ),
    ]


def _template() -> Iterator[str]:
    """The prompt's own texts, without documents: each is one token."""
    split = re.compile("|".join(map(re.escape, CONTROL)))
    for mode in (CitationMode.ACCURATE, CitationMode.FAST):
        runs = split.split(render(ground("?", [], mode)))
        yield from (run for run in runs if len(run) > 100)


@cache
def tokenizer() -> Tokenizer:
    """Byte-level and NFC, as Cohere's, with the template's texts, words and syllables as tokens; digits one by one."""
    literal = sorted({*_template(), *MARKS, *HEADERS}, key=len, reverse=True)
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def spelled(text: str) -> str:
        return "".join(piece for piece, _ in byte.pre_tokenize_str(text))

    merges = list(dict.fromkeys(pair for s in (*FIRST, *SECOND) for pair in ((s[0], s[1]), (s[:2], s[2]))))
    words = [spelled(text) for text in (*literal, *WORDS, *(f" {word}" for word in WORDS if word.islower()))]
    parts = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges), *words]
    vocab = {part: place for place, part in enumerate(dict.fromkeys(parts))}
    made = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=True))
    made.normalizer = normalizers.NFC()
    pattern = "|".join(
        [*map(re.escape, literal), r" (?=[A-Z\d<])", r"\n", r"\d", " ?[a-z]+", "[A-Z][a-z]+", r"[^A-Za-z\d<\n ]+"]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), byte])
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    bos = made.token_to_id(CONTROL[0])
    made.post_processor = processors.TemplateProcessing(single=f"{CONTROL[0]} $A", special_tokens=[(CONTROL[0], bos)])
    return made
