"""The documents say what is there: verbs, flags, exit codes, and a quick start that runs as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ragcli import cli
from ragcli.errors import SEVERITY

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
QUICK_START = README.partition("<!-- quick start -->")[2].partition("<!-- end -->")[0]


def commands() -> list[tuple[str, str]]:
    """(command, output) of each `$ ` line in the quick start."""
    blocks = re.findall(r"```console\n(.*?)```", QUICK_START, re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"(?m)^\$ ", block) if step.strip()]
    return [(command, output.strip("\n")) for command, _, output in (step.partition("\n") for step in steps)]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As a user would, in a shell; the machine's own caches are used, nothing else of it."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    environment.pop("RAGCLI_INDEX", None)
    shell = ["sh", "-c", command]
    return subprocess.run(shell, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def without_times(text: str) -> str:
    return re.sub(r"\d+(\.\d+)? s\b", "N s", text).strip()


def test_the_quick_start_prints_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "sample_corpus").symlink_to(ROOT / "sample_corpus")
    steps = commands()
    assert len(steps) >= 4
    for command, expected in steps:
        done = run(command, tmp_path)
        shown = done.stdout + done.stderr if not command.endswith("echo $?") else done.stdout
        assert without_times(shown) == without_times(expected), command


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_is_in_the_readme(verb: str) -> None:
    assert f"`ragcli {verb}" in README


@pytest.mark.parametrize("verb", [verb for verb in cli.VERBS if verb not in ("help", "models")])
def test_every_flag_of_a_verb_is_in_the_readme(verb: str) -> None:
    shown = subprocess.run([sys.executable, "-m", "ragcli", verb, "--help"], capture_output=True, text=True, check=True)
    for flag in set(re.findall(r"(?m)^\s+(?:-\w, )?(--[a-z-]+)", shown.stdout)) - {"--help"}:
        assert f"`{flag}" in README or f", {flag}" in README, flag


@pytest.mark.parametrize("code", SEVERITY)
def test_every_exit_code_is_in_the_readme(code: int) -> None:
    assert re.search(rf"(?m)^\| {code} \|", README)


def test_architecture_names_every_module_and_stays_short() -> None:
    assert ARCHITECTURE.count("\n") < 150
    for path in (ROOT / "ragcli").glob("*.py"):
        if not path.name.startswith("__"):
            assert re.search(rf"\b{path.stem}\b", ARCHITECTURE), path.name


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert README.count("\n") <= 150


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/LOG.md"])
def test_every_path_that_a_document_names_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in re.findall(r"`((?:tests|benchmarks|sample_corpus|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
