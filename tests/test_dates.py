from __future__ import annotations

import pytest

from ragcli import dates

SAME_DAY = [
    "2025-07-01",
    "2025/7/1",
    "01.07.2025",
    "1/7/2025",
    "1 July 2025",
    "1st of July 2025",
    "July 1, 2025",
    "Jul 1st 2025",
    "1. Juli 2025",
    "1er juillet 2025",
    "1 de julio de 2025",
    "1º luglio 2025",
    "1 июля 2025",
    "1 Ιουλίου 2025",
    "2025年7月1日",
    "1\nJuly\n2025",
]


@pytest.mark.parametrize("text", SAME_DAY)
def test_a_day_has_the_same_terms_however_it_is_written(text: str) -> None:
    [date] = dates.find(f"On {text}, it rained.")
    assert date.terms == ("2025", "_202507", "_0701")
    assert f"On {text}, it rained."[date.start : date.end] == text


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("on 23 April", ("_0423",)),
        ("am 15. Juni", ("_0615",)),
        ("in July 2025", ("2025", "_202507")),
        ("en mars 1913", ("1913", "_191303")),
        ("7/31/2025", ("2025", "_202507", "_0731")),
        ("March 3", ("_0303",)),
    ],
)
def test_what_a_date_does_not_say_is_missing(text: str, terms: tuple[str, ...]) -> None:
    assert [date.terms for date in dates.find(text)] == [terms]


@pytest.mark.parametrize(
    "text",
    [
        "12 months",
        "may 5.5 percent",
        "version 1.2.2025.4",
        "31/31/2025",
        "0 July",
        "45 March",
        "July",
        "in 2025",
        "10.0.0.1",
        "1.07.20255",
        "the 5 marching bands",
    ],
)
def test_what_is_no_date_gives_none(text: str) -> None:
    assert list(dates.find(text)) == []


def test_dates_next_to_other_numbers_and_words_are_found() -> None:
    found = list(dates.find("Wound 12 March 2024 and 3 May; 40 sheep, June 7."))
    assert [date.terms[-1] for date in found] == ["_0312", "_0503", "_0607"]
