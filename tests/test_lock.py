from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragcli.errors import Busy
from ragcli.lock import WriterLock, writer


def test_who_writes_can_be_asked_without_writing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert writer(tmp_path) == ""
    assert not path.exists()
    with WriterLock(tmp_path):
        assert writer(tmp_path) == f"pid {os.getpid()}"
        with pytest.raises(Busy):
            WriterLock(tmp_path)
    before = path.read_bytes()
    assert writer(tmp_path) == ""
    assert path.read_bytes() == before
    WriterLock(tmp_path).close()
