from __future__ import annotations

from ragcli.render.progress import LABEL, label


def test_a_long_path_loses_its_first_folders_whole() -> None:
    assert label("clock/faq.txt") == "clock/faq.txt"
    assert label("clock/archive/rechnung-gatz-1897.pdf") == "archive/rechnung-gatz-1897.pdf"
    assert label("a/" + "x" * 90 + ".txt") == "x" * (LABEL - 4) + ".txt"


def test_a_file_name_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in label("a\x1b[2J.txt")
