from __future__ import annotations

import pytest

from ragcli.config import ENVIRONMENT

from .conftest import Run


def test_topics_are_listed(run: Run) -> None:
    assert run("help").out.startswith("Topics: exit-codes, environment, schema.")


def test_the_environment_is_that_of_the_settings(run: Run) -> None:
    text = run("help", "environment").out
    assert all(f"{name} " in text for name, _ in ENVIRONMENT)


def test_schema_help_names_the_unit_of_offsets(run: Run) -> None:
    assert "Unicode code points" in run("help", "schema").out


def test_on_a_terminal_no_line_is_broken_in_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for topic in ("exit-codes", "environment", "schema"):
        assert max(map(len, run("help", topic).out.splitlines())) <= 80
    assert "or made for another embedder or\n                    version\n" in run("help", "exit-codes").out
