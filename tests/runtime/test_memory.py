from __future__ import annotations

from pathlib import Path

from ragcli.runtime import _memory

ABSENT = Path("/nowhere")


def host(tmp_path: Path, *, limit: str = "", used: str = "0") -> int:
    (tmp_path / "meminfo").write_text("MemTotal:  900 kB\nMemAvailable:   500 kB\nHugePages_Total:\n", "ascii")
    if limit:
        (tmp_path / "memory.max").write_text(f"{limit}\n", "ascii")
        (tmp_path / "memory.current").write_text(f"{used}\n", "ascii")
        (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 1024\n", "ascii")
    return _memory.of_host(tmp_path / "meminfo", tmp_path)


def test_free_is_what_the_kernel_calls_available(tmp_path: Path) -> None:
    assert host(tmp_path) == 500 * 1024


def test_a_container_has_what_is_left_of_its_limit_and_what_it_can_give_back(tmp_path: Path) -> None:
    assert host(tmp_path, limit="300000", used="100000") == 201_024
    assert host(tmp_path, limit="1000", used="5000") == 0
    assert host(tmp_path, limit="max") == 500 * 1024
    assert host(tmp_path, limit="9000000") == 500 * 1024


def test_without_proc_the_system_is_asked(tmp_path: Path) -> None:
    assert _memory.of_host(ABSENT, tmp_path) > 0
