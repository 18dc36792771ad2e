from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ragcli.private import open_itself, opener, write_whole


def test_what_is_made_is_the_users_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        write_whole(tmp_path / "whole", b"x")
        with open(tmp_path / "opened", "w", encoding="ascii", opener=opener):
            pass
        os.close(open_itself(tmp_path / "itself", os.O_RDWR | os.O_CREAT))
    finally:
        os.umask(previous)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_file_is_replaced_whole_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    (tmp_path / f".a.json.{os.getpid()}.tmp").symlink_to(tmp_path / "elsewhere")  # as one of an earlier crash could be
    for raw in (b"old", b"new"):
        write_whole(path, raw)
        assert path.read_bytes() == raw
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written_the_old_one_stays_alone(tmp_path: Path) -> None:
    (tmp_path / "folder" / "in it").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", b"x")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_what_stands_for_another_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="link"):
        open_itself(tmp_path / "link", os.O_RDONLY)
    os.mkfifo(tmp_path / "pipe")
    os.close(open_itself(tmp_path / "pipe", os.O_RDONLY))  # returns at once, though nobody writes
