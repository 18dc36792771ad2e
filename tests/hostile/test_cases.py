"""docs/CASES.md names tests and files that exist, and enough cases."""

from __future__ import annotations

import ast
import re

from tests.hostile.test_bombs import ALL
from tests.test_architecture import ROOT

ROW = re.compile(r"^\| ((?:[A-Z]+\d+ )+).*\| (\S+) \|$", re.M)
PAGE = (ROOT / "docs" / "CASES.md").read_text("utf-8")


def rows() -> list[tuple[list[str], str]]:
    return [(ids.split(), shown) for ids, shown in ROW.findall(PAGE)]


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_page_names_exists() -> None:
    named = [shown.split("::") for _, shown in rows() if shown != "bomb"]
    assert named
    missing = [f"{path}::{test}" for path, test in named if test not in functions_of(path)]
    assert missing == []


def test_every_case_that_a_bomb_shows_has_one() -> None:
    made = {name.partition("-")[0] for name in ALL}
    assert {case for ids, shown in rows() if shown == "bomb" for case in ids} <= made


def test_there_are_150_cases_and_none_is_listed_as_not_automated() -> None:
    cases = {case for ids, _ in rows() for case in ids}
    assert len(cases) >= 150
    left_out = " ".join(re.findall(r"\*\*((?:[A-Z]+\d+ ?)+)\*\*", PAGE.partition("## Not automated")[2]))
    assert not cases & set(left_out.split())
