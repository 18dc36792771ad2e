"""Stems are those of the library snowballstemmer, which the program itself does without."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snowballstemmer import EnglishStemmer

from ragcli.stem import MAX_LENGTH, stem

ROOT = Path(__file__).parents[1]
ORACLE = EnglishStemmer()
SUFFIXES = (
    " s es ed ing ings ly er ation ational ative ness ful fully lessly ize izer ization ism ogist ogy ous ously ousness"
    " ive iveness ivity able ably ability ment ement ance ence ancy ency al ally ality ic ical ically icate ion"
    " eed eedly edly ingly y ies ied"
).split(" ")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"), ("ponies", "poni"), ("ties", "tie"), ("cats", "cat"), ("gas", "gas"), ("this", "this"),
        ("agreed", "agre"), ("plastered", "plaster"), ("motoring", "motor"), ("sing", "sing"), ("conflated", "conflat"),
        ("troubled", "troubl"), ("sized", "size"), ("hopping", "hop"), ("falling", "fall"), ("hissing", "hiss"),
        ("failing", "fail"), ("filing", "file"), ("happy", "happi"), ("cry", "cri"), ("by", "by"), ("say", "say"),
        ("relational", "relat"), ("conditional", "condit"), ("rationalization", "ration"), ("hopefulness", "hope"),
        ("formality", "formal"), ("triplicate", "triplic"), ("electrical", "electr"), ("goodness", "good"),
        ("replacement", "replac"), ("adoption", "adopt"), ("communism", "communism"), ("generously", "generous"),
        ("biologists", "biolog"), ("dying", "die"), ("news", "news"), ("proceeds", "proceed"), ("rate", "rate"),
        ("control", "control"), ("rolled", "roll"), ("youth", "youth"), ("boy", "boy"), ("international", "internat"),
    ],
)  # fmt: skip
def test_stems_are_those_of_the_english_algorithm(word: str, expected: str) -> None:
    assert stem(word) == expected


def corpus_words() -> set[str]:
    """The words of the sample corpus, and those of the package's docstrings."""
    texts = [path.read_text("utf-8") for path in (ROOT / "sample_corpus" / "docs").rglob("*.md")]
    for path in (ROOT / "ragcli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                texts.append(ast.get_docstring(node) or "")
    return {word for text in texts for word in re.findall("[a-z]+", text.lower())}


def test_words_of_the_corpus_have_the_stems_of_snowball() -> None:
    words = corpus_words()
    assert len(words) > 2000
    assert {word: stem(word) for word in words} == {word: ORACLE.stemWord(word) for word in words}


def test_words_with_every_suffix_have_the_stems_of_snowball() -> None:
    bases = sorted(corpus_words())[::20]
    words = {base.rstrip(dropped) + suffix for base in bases for dropped in ("", "ey") for suffix in SUFFIXES}
    assert len(words) > 5000
    assert {word: stem(word) for word in words} == {word: ORACLE.stemWord(word) for word in words}


@pytest.mark.parametrize(
    "base", "even cann inn earr herr out succ proc exc past d l t v y ay by xy gener univers".split()
)
def test_exceptions_of_the_algorithm_are_those_of_snowball(base: str) -> None:
    words = {f"{base}{suffix}{plural}" for suffix in (*SUFFIXES, "ying", "e") for plural in ("", "s")}
    assert {word: stem(word) for word in words} == {word: ORACLE.stemWord(word) for word in words}


@given(st.text("aeioyylsngdtbpuk", min_size=1, max_size=8), st.sampled_from(SUFFIXES))
@settings(max_examples=300, deadline=None)
def test_no_string_of_letters_has_another_stem_than_by_snowball(base: str, suffix: str) -> None:
    assert stem(base + suffix) == ORACLE.stemWord(base + suffix)


@pytest.mark.parametrize("word", ["", "is", "x1s", "naïves", "мирами", "a" * MAX_LENGTH + "ings"])
def test_what_is_no_english_word_comes_back_as_it_is(word: str) -> None:
    assert stem(word) == word
