from __future__ import annotations

from ragcli.config import ENVIRONMENT

from .conftest import Run


def test_topics_are_listed(run: Run) -> None:
    assert run("help").out.startswith("Topics: exit-codes, environment, schema.")


def test_the_environment_is_that_of_the_settings(run: Run) -> None:
    text = run("help", "environment").out
    assert all(f"{name} " in text for name, _ in ENVIRONMENT)


def test_schema_help_names_the_unit_of_offsets(run: Run) -> None:
    assert "Unicode code points" in run("help", "schema").out
