from __future__ import annotations

import stat
from pathlib import Path

from ragcli.scratch import Scratch


def test_what_was_put_is_there_for_the_next_try(tmp_path: Path) -> None:
    path = tmp_path / "rebuild.tmp"
    with Scratch(path) as scratch:
        scratch.put({b"one": b"vector"})
    with Scratch(path) as scratch:
        assert scratch.get(b"one") == b"vector"
        assert scratch.get(b"two") is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_vector_is_not_given_out(tmp_path: Path) -> None:
    path = tmp_path / "rebuild.tmp"
    with Scratch(path) as scratch:
        scratch.put({b"one": b"vector"})
    path.write_bytes(path.read_bytes().replace(b"vector", b"vectox").replace(b"table vectox", b"table vector"))
    with Scratch(path) as scratch:
        assert scratch.get(b"one") is None


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "rebuild.tmp"
    path.write_bytes(b"no database at all" * 100)
    with Scratch(path) as scratch:
        assert scratch.get(b"one") is None
        scratch.put({b"one": b"vector"})
        assert scratch.get(b"one") == b"vector"
        scratch.remove()
    assert list(tmp_path.iterdir()) == []
