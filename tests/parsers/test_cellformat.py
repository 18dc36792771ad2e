from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.parsers._cellformat import code_of, iso, shown


@pytest.mark.parametrize(
    ("number", "code", "expected"),
    [
        (1234.5, "", "1234.5"),
        (2.0, "General", "2"),
        (1e20, "", "1e+20"),
        (0.5, "0%", "50%"),
        (-0.1234, "0.0%", "-12.3%"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-3, '#,##0.00;[Red]"("#,##0.00")"', "(3.00)"),
        (0, '0;-0;"none"', "none"),
        (12.5, '"EUR "0.00', "EUR 12.50"),
        (12.5, "[$€-407]#,##0.00", "€12.50"),
        (7, "000", "007"),
        (1.5, "0.##", "1.5"),
        (2, "0.##", "2"),
        (12345, "0.00E+00", "1.23E+04"),
        (2_500_000, '0.0,,"M"', "2.5M"),
        (0.75, "# ?/?", "0.75"),
        (45000, "yyyy-mm-dd", "2023-03-15"),
        (45000.75, "d mmmm yyyy h:mm AM/PM", "15 March 2023 6:00 PM"),
        (45000.5, "dddd, dd/mm/yy hh:mm:ss", "Wednesday, 15/03/23 12:00:00"),
        (1.5, "[h]:mm", "36:00"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (-1, "yyyy-mm-dd", "-1"),
        (3e9, "yyyy", "3000000000"),
        (5, "@", "5"),
    ],
)
def test_number_is_shown_as_its_format_says(number: float, code: str, expected: str) -> None:
    assert shown(number, code) == expected


def test_workbook_of_an_old_mac_counts_from_1904() -> None:
    assert shown(43538, "yyyy-mm-dd", since_1904=True) == "2023-03-15"


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2024-02-03", "2024-02-03"),
        ("2024-02-03T00:00:00Z", "2024-02-03"),
        ("2024-02-03T04:05:06", "2024-02-03 04:05:06"),
        ("soon", "soon"),
    ],
)
def test_stated_date_loses_a_midnight_nobody_meant(stated: str, expected: str) -> None:
    assert iso(stated) == expected


def test_format_number_without_a_code_is_general() -> None:
    assert (code_of(9, {}), code_of(164, {164: "0"}), code_of(999, {})) == ("0%", "0", "")


@given(st.floats(), st.text(alphabet='0#?.,%;[]$"\\@_*E+-/ ymdhsAPGenral€x', max_size=30))
def test_any_number_in_any_format_is_text(number: float, code: str) -> None:
    assert len(shown(number, code)) < 1000
