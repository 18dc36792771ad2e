from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ragcli import typed


def test_lines_come_back_in_order_whatever_they_hold(tmp_path: Path) -> None:
    file = tmp_path / "state" / "history.jsonl"
    assert typed.read(file) == []
    lines = ["How tall?", "two\nlines\r\n", "灯塔 \u2028 \x1b[31m", "x" * 9_000]
    for line in lines:
        typed.add(file, line)
    assert typed.read(file) == [*lines[:3], "x" * typed.LONGEST]


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        typed.add(tmp_path / "state" / "history.jsonl", "q")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "state" / "history.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_what_is_no_line_of_ours_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_bytes(b'"one"\n\xff\n7\n' + b"[" * 100_000 + b'\n""\n"two"')
    assert typed.read(file) == ["one", "two"]


def test_it_stays_small_and_keeps_the_newest(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text("".join(f'"{number} {"x" * 100}"\n' for number in range(11_000)), "ascii")
    assert file.stat().st_size > typed.LARGEST_BYTES
    assert len(typed.read(file)) == typed.KEPT
    typed.add(file, "newest")
    assert file.stat().st_size < typed.LARGEST_BYTES
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = typed.read(file)
    assert kept[-2].startswith("10999 ")
    assert kept[-1] == "newest"
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]


def test_the_environment_moves_it_or_turns_it_off() -> None:
    assert typed.place({"RAGCLI_HISTORY": "off"}) is None
    assert typed.place({"RAGCLI_HISTORY": "/somewhere/lines"}) == Path("/somewhere/lines")
    usual = typed.place({})
    assert usual is not None
    assert usual.parts[-2:] == ("ragcli", "history.jsonl")


def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        typed.add(tmp_path / "file" / "history.jsonl", "q")
