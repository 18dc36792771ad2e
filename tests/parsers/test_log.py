from __future__ import annotations

import pytest

from ragcli import parsers
from ragcli.types import BlockKind
from tests.parsers.shown import cpu_s, sample, texts


def records(text: str) -> list[str]:
    return texts(parsers.parse(text.encode(), "a.log"), BlockKind.CODE)


def test_traceback_belongs_to_the_line_above() -> None:
    first, second, third = texts(sample(".log"), BlockKind.CODE)
    assert second.endswith("\nLookupError: lantern")
    assert (first[:10], third[-6:]) == ("2026-05-01", "walked")


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-05-01T18:00:00Z", "[2026-05-01 18:00:00,123]", "May  1 18:00:00 host", "18:00:00.123", "01/May/2026:18",
        "INFO:root:", "[ERROR]", "E0501 18:00:00", "Fri May  1 18:00:00 2026", '::1 - - [01/May/2026:18:00:00] "GET /"',
    ],
)  # fmt: skip
def test_dated_line_begins_a_record(stamp: str) -> None:
    lines = [f"{stamp} lit", "goes on here", f"{stamp} out"]
    assert records("\n".join(lines)) == ["\n".join(lines[:2]), lines[2]]


def test_without_dates_every_line_that_is_not_indented_is_a_record() -> None:
    assert records("one\n  more\ntwo\n\nthree") == ["one\n  more", "two", "three"]


def test_hostile_lines_take_linear_time() -> None:
    assert cpu_s(b"a" * 1_000_000 + b"\n" + b"a:" * 200_000 + b"\n" + b"[" * 100_000, "a.log") < 2
