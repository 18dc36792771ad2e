from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.parsers import tabular
from ragcli.types import BlockKind
from tests.parsers.shown import cpu_s, sample, texts


def rows(text: str, name: str = "a.csv") -> list[str]:
    return texts(parsers.parse(text.encode(), name), BlockKind.ROW)


def test_sample_has_its_records_quoted_line_ends_and_all() -> None:
    assert texts(sample(".csv"), BlockKind.ROW) == [
        "Month;Lit;Remark",
        'May;21;"every evening; in fog\nby day too"',
        'June;20;"said ""none"""',
        "July;19;",
    ]
    assert texts(sample(".tsv"), BlockKind.ROW)[1] == "May\t21\tevery evening"


def test_text_is_the_files_own() -> None:
    raw = 'a,b\r\n"1\r\n2",3\r\n'
    assert parsers.parse(raw.encode(), "a.csv").text == raw.replace("\r\n", "\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_by_equal_widths(delimiter: str) -> None:
    lines = [delimiter.join(cells) for cells in (("name", "note"), ("lamp", '"lit\nx"'), ("pier", "1"))]
    assert rows("\n".join(lines)) == lines


def test_decimal_commas_do_not_make_a_comma_the_delimiter() -> None:
    lines = ["name;price;tax", 'lamp;1,5;"2\n,5"', "pier;3,5;4,5"]
    assert rows("\n".join(lines)) == lines


def test_stated_delimiter_is_believed_and_no_row() -> None:
    assert rows('sep=;\na,x;b\n"1\n";2') == ["a,x;b", '"1\n";2']


def test_quotation_mark_without_partner_costs_no_rows() -> None:
    lines = ["name,size", '"2 inch,5', *(f"row {n},{n}" for n in range(600))]
    parsed = parsers.parse("\n".join(lines).encode(), "a.csv")
    assert texts(parsed, BlockKind.ROW) == lines
    assert parsed.notes == ("quotation marks do not match: read line by line",)


def test_blank_lines_and_empty_records_are_no_rows() -> None:
    assert rows("a,b\n\n,\n1,2\n") == ["a,b", "1,2"]


def test_field_beyond_the_readers_limit_is_read_line_by_line() -> None:
    assert len(rows("a,b\n" + "x" * 200_000 + ",2\n")) == 2


def test_rows_beyond_the_bound_are_text_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "MAX_BLOCKS", 10)
    parsed = parsers.parse(b"a,b\n" * 20, "a.csv")
    assert len(parsed.blocks) == 10
    assert parsed.blocks[0].end == parsed.blocks[-1].end
    assert parsed.notes == ("rows known for the first 9 records only",)


@pytest.mark.parametrize("raw", [b'"' * 300_000, b'a,"\n' * 60_000, b"," * 500_000, b'"a""' * 80_000])
def test_hostile_table_takes_linear_time(raw: bytes) -> None:
    assert cpu_s(raw, "a.csv") < 3
