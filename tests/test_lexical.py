"""One analysis per script, the same for documents and questions; terms are safe to store as tokens."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ragcli import lexical
from ragcli.lexical import content_terms, count_words, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\u2026 !? \U0001f600", []),
        ("The points of the Panthers", ["point", "panther"]),
        ("what is it", ["what", "is", "it"]),
        ("foo_barBaz", ["foobarbaz", "foo", "bar", "baz"]),
        ("getHTTPResponse", ["gethttpresponse", "get", "http", "respons"]),
        ("827b022b411e712e5ae4855d", ["827b022b411e712e5ae4855d"]),
        ("e-mail", ["email", "e", "mail"]),
        ("version 1.0.21 v1.0.21", ["version", "1.0.21", "1.0", "1.0.21", "1.0"]),
        ("1,190 1,190.50 3,14 1.190", ["1190", "1190.50", "1190", "3.14", "1.190", "1190"]),
        ("12,34,56", ["12", "34", "56"]),
        ("U.S. policy", ["us", "polici"]),
        ("Tesla's O'Brien doesn't", ["tesla", "brien"]),
        ("東京は", ["東京", "京は"]),
        ("東 京", ["東", "京"]),
        ("ｶﾞｲﾄﾞ", ["ガイ", "イド"]),
        ("서울은", ["서울", "울은"]),
        ("ภาษา", ["ภาษ", "าษา"]),
        ("हिन्दी", ["हिन्दी", "_हिन", "हिन्", "िन्द", "न्दी", "्दी_"]),
        ("мир", ["мир", "_мир", "мир_"]),
        ("المدينة", ["المدينه", "_الم", "المد", "لمدي", "مدين", "دينه", "ينه_"]),
    ],
)
def test_terms_of_each_script(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("CAFÉ", "cafe"), ("Straße", "STRASSE"), ("ﬁnance", "finance"), ("İstanbul'un", "istanbul"),
        ("١٩٩٠", "1990"), ("κόσμος", "ΚΟΣΜΟΣ"), ("Ёлка", "елка"), ("مُحَمَّد", "محمد"), ("soft\u00adware", "software"),
        ("naïve", "nai\u0308ve"), ("Łódź", "lodz"), ("ＡＢＣ", "abc"),
    ],
)  # fmt: skip
def test_spellings_of_one_word_share_a_term(first: str, second: str) -> None:
    assert set(terms(first)) & set(terms(second))


def test_english_text_has_one_term_a_word_and_german_has_grams() -> None:
    english = terms("How many points did the Panthers defense surrender in the season?")
    german = terms("Wie viele Einwohner hat die Stadt?")
    assert english == ["mani", "point", "panther", "defens", "surrend", "season"]
    assert {"einwohn", "_ein", "wohn", "stad"} <= set(german)
    assert not {"wie", "hat", "die"} & set(german)


def test_code_and_names_are_not_taken_for_another_language() -> None:
    assert not any(
        term.startswith("_") for term in terms("def per(self, los): return die[0]  " + "config = Config(self) " * 20)
    )
    assert terms("Who was the wife of Temüjin?") == ["wife", "temujin"]
    assert terms("α-tocopheryl acetate helps to prevent it")[-3:] == ["acet", "help", "prevent"]


def test_vietnamese_syllables_keep_their_tones() -> None:
    assert terms("Thành phố lớn nhất của Việt Nam") == ["thành", "phố", "lớn", "nhất", "của", "việt", "nam"]


def test_compound_shares_grams_with_its_part() -> None:
    compound = set(terms("Die Bundesverfassung ist das Gesetz"))
    assert compound & set(terms("Was ist eine Verfassung?"))


def test_content_terms_are_one_a_word_without_question_words() -> None:
    assert content_terms("How many sacks did Jared Allen have?") == ["sack", "jare", "allen"]
    assert content_terms("Wie viele Einwohner hat München?") == ["einwohn", "munchen"]
    assert content_terms("мировой мировая") == ["миров", "миров"]
    assert content_terms("who are you") == ["who", "are", "you"]


ANY = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="aB1_.,'- \"\0\n日本กाд\u0301\u200d", max_size=60),
)


@given(ANY)
@example("ͺ ´ ﷺ \u2028 x")
@example("ก\u200c_\u200c")
@settings(max_examples=300, deadline=None)
def test_terms_are_plain_tokens_and_repeatable(text: str) -> None:
    for found in (terms(text), content_terms(text)):
        assert all(0 < len(term) <= lexical.MAX_TERM for term in found)
        assert not any(re.search(r"[\s\"\0'*(){}:^+-]", term) for term in found)
    assert terms(text) == terms(text)


@given(ANY, ANY)
@settings(max_examples=200, deadline=None)
def test_word_count_is_the_number_of_spans(first: str, second: str) -> None:
    text = f"{first} {second}"
    spans = words(text)
    assert count_words(text) == len(spans) == count_words(first) + count_words(second)
    assert all(start < end and not re.search(r"\s", text[start:end]) for start, end in spans)
    assert all(above[1] <= below[0] for above, below in pairwise(spans))


def test_words_of_scripts_without_spaces_are_counted_by_characters() -> None:
    assert count_words("東京は日本の首都です。") == 5
    assert count_words("กกกกกขขขขข") == 2
    assert count_words("It's 3.14 - ok") == 4


@pytest.mark.parametrize("unit", ["a", "ก", "中", "я", "é", "1", "1.", "1,", "a-", "A.", "'", "aB", "\u0301", "क्", "."])
def test_a_huge_word_costs_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    assert all(len(term) <= lexical.MAX_TERM for term in terms(text))
    assert all(len(term) <= lexical.MAX_TERM for term in content_terms(text))
    count_words(text)
    assert time.process_time() - began < 2


def test_a_word_that_is_a_function_word_elsewhere_counts_in_english() -> None:
    assert "die" in content_terms("In which year did the painter die?")
    assert "die" not in content_terms("Warum hat die Uhr keine Zeiger, und wer hat die Zeiger abgenommen?")


def test_a_date_has_one_term_however_it_is_written() -> None:
    row, question = terms("2025-07-01,weight shaft,17.4"), terms("How damp was the shaft on 1 July 2025?")
    assert {"_0701", "_202507", "2025"} <= set(row) & set(question)
    assert content_terms("on 1 July 2025") == ["2025", "_202507", "_0701"]
