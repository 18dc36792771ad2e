from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ragcli.quantities import find, same


def values(text: str) -> list[set[Decimal]]:
    return [set(each.values) for each in find(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It sold 1.2 million copies.", "1200000"),
        ("three dozen eggs", "36"),
        ("half a million people", "500000"),
        ("a dozen", "12"),
        ("two hundred and five men", "205"),
        ("twenty-five ships", "25"),
        ("one hundred thousand", "100000"),
        ("zwei Millionen Menschen", "2000000"),
        ("120万人", "1200000"),
        ("10k users", "10000"),
        ("٣ Monde", "3"),
        ("v 4G", "4"),
    ],
)
def test_a_number_is_read_however_it_is_written(text: str, value: str) -> None:
    assert values(text) == [{Decimal(value)}]


def test_digits_with_separators_have_two_readings() -> None:
    assert values("1,234") == [{Decimal(1234), Decimal("1.234")}]
    assert values("1.234,50 Euro") == [{Decimal("1234.5")}]


@pytest.mark.parametrize(
    ("text", "unit"),
    [("25 %", "%"), ("25 per cent", "%"), ("twenty-five percent", "%"), ("$5m", "$"), ("5 dollars", "$"),
     ("30 °C", "°C"), ("5 km", "km"), ("5 kilometres", "km"), ("5 years", "y"), ("5 apples", "")],
)  # fmt: skip
def test_units_have_one_spelling(text: str, unit: str) -> None:
    assert [each.unit for each in find(text)] == [unit]


@pytest.mark.parametrize("text", ["a cat", "p53", "CD4", "half of it", "an egg", "once", "and", ""])
def test_what_is_no_number_is_none(text: str) -> None:
    assert find(text) == []


def test_the_span_covers_sign_scale_and_unit() -> None:
    text = "It made $5 million and 25 per cent of that in 2019."
    assert [text[each.start : each.end] for each in find(text)] == ["$5 million", "25 per cent", "2019"]


@pytest.mark.parametrize(
    ("claim", "source", "agree"),
    [
        ("1.2 million", "1,200,000", True),
        ("1.2 million", "1.2 billion", False),
        ("5 km", "5 miles", False),
        ("5 km", "5", True),
        ("three dozen", "36", True),
        ("about 110 million", "112,345,678", True),
        ("110 million", "112,345,678", False),
        ("about 130 million", "112,345,678", False),
        ("around 2000", "1930", False),
    ],
)
def test_numbers_agree_in_value_and_unit(claim: str, source: str, agree: bool) -> None:
    assert same(find(claim)[0], find(source)[0]) is agree


@example("0$0")
@given(st.text(alphabet=st.sampled_from("0123456789.,' -%$andhlfmiotweyk°万五٣²\n"), max_size=80))
def test_any_text_gives_spans_in_order_inside_it(text: str) -> None:
    found = find(text)
    assert all(0 <= each.start < each.end <= len(text) and each.values for each in found)
    assert all(one.end <= two.start for one, two in pairwise(found))


def test_a_hundred_thousand_numbers_take_linear_time() -> None:
    assert len(find("one hundred and " * 50_000)) > 1
    assert len(find("9" * 100_000)) == 1
    assert len(find("one" + " million" * 50_000)) == 1
