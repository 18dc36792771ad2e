"""The command line as a whole: help, start-up, errors to exit codes. Verbs are tested in tests/commands."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

import ragcli
from ragcli import cli, errors
from ragcli.errors import RagcliError

ROOT = Path(ragcli.__file__).parent.parent
HEAVY = ("torch", "transformers", "sentence_transformers", "faiss", "numpy", "onnxruntime", "onnx", "pypdf")
HEAVY_TOO = ("pypdfium2", "rich", "pydantic", "tokenizers", "sqlite3", "huggingface_hub")
SUBVERBS = ("models pull", "models list")


def run_process(*args: str, code: str = "", **options: Any) -> subprocess.CompletedProcess[bytes]:
    start = ["-c", code] if code else ["-m", "ragcli"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    return subprocess.run([sys.executable, *start, *args], capture_output=True, env=env, timeout=60, **options)


def error_schema() -> Any:
    return json.loads((Path(ragcli.__file__).parent / "schemas" / "error.json").read_text("utf-8"))


def verbs() -> list[str]:
    return [verb for verb in cli.VERBS if verb != "models"] + list(SUBVERBS)


@pytest.mark.parametrize("args", [["--help"], ["ask", "--help"], ["--version"], ["help", "exit-codes"], ["schema"]])
def test_start_up_loads_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys\nfrom ragcli.cli import main\n"
        "code = main(sys.argv[1:])\nprint('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))\n"
        "sys.exit(code)"
    )
    done = run_process(*args, code=code)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.decode().rsplit("LOADED", 1)[1].split()
    assert not {*HEAVY, *HEAVY_TOO} & set(loaded)


@pytest.mark.parametrize("verb", [*verbs(), "", "models"])
def test_every_help_ends_with_examples(verb: str) -> None:
    result = CliRunner().invoke(cli.build(), [*verb.split(), "--help"])
    assert result.exit_code == 0
    text, _, lines = result.stdout.partition("Examples:" if verb else "Start:")
    assert text.startswith("Usage: ")
    shown = lines.strip().splitlines()
    assert 2 <= len(shown) <= 4
    assert all("ragcli" in line for line in shown)


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_takes_the_common_flags(verb: str) -> None:
    text = CliRunner().invoke(cli.build(), [*verb.split(), "--help"]).stdout
    for flag in ("--index", "--json", "--quiet", "--color", "--debug", "--version"):
        assert flag in text


def test_help_fits_80_columns() -> None:
    for verb in [*verbs(), "models"]:
        text = CliRunner().invoke(cli.build(), [*verb.split(), "--help"], env={"COLUMNS": "80"}).stdout
        assert max(len(line) for line in text.splitlines()) <= 80, verb


def test_every_verb_is_a_module_and_every_module_a_verb() -> None:
    folder = Path(cli.__file__).parent / "commands"
    assert {path.stem for path in folder.glob("[!_]*.py")} == set(cli.VERBS)


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: ragcli")


@pytest.mark.parametrize("args", [["--version"], ["ls", "--version"]])
def test_version_before_and_after_a_verb(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(args) == 0
    assert capsys.readouterr().out == f"ragcli {ragcli.__version__}\n"


@pytest.mark.parametrize("args", [["--json", "--version"], ["--version", "--json"], ["ls", "--version", "--json"]])
def test_version_as_json(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(args) == 0
    assert json.loads(capsys.readouterr().out)["version"] == ragcli.__version__


# -- exit codes -------------------------------------------------------------------------------------------


def classes(of: type[RagcliError] = RagcliError) -> list[type[RagcliError]]:
    return [of, *(each for child in of.__subclasses__() for each in classes(child))]


def test_the_table_of_exit_codes_is_that_of_the_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["help", "exit-codes"]) == 0
    text = capsys.readouterr().out
    table = {int(row[1]): row[2] for row in re.finditer(r"^ *(\d+)  (\w+) ", text, re.MULTILINE)}
    tree: list[type[RagcliError]] = [RagcliError, *RagcliError.__subclasses__()]
    ours = {each.exit_code: each.code for each in tree}
    ours[errors.EXIT_PARTIAL] = "partial"  # unreadable files make an ingest partial, and are never raised to the user
    assert table == ours | {errors.EXIT_OK: "ok", errors.EXIT_NO_EVIDENCE: "no_evidence"}
    assert set(table) == {*errors.SEVERITY, errors.EXIT_INTERRUPTED}
    assert ", ".join(str(code) for code in errors.SEVERITY) in text


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/x/\x1b[31m.ragcli")


def sqlite_error(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("message")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        *[(each("m", "h"), each.exit_code) for each in classes()],
        (KeyboardInterrupt(), 130),
        (typer.Abort(), 130),
        (typer.BadParameter("m"), 2),
        (MemoryError(), 7),
        (os_error(errno.ENOMEM), 7),
        *[(os_error(number), 10) for number in (errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT, errno.EACCES)],
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_FULL), 10),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_READONLY), 10),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE), 10),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), 9),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), 6),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB), 6),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_each_foreseen_error_has_its_exit_code(error: BaseException, code: int) -> None:
    known = cli.named(error)
    assert known is not None
    assert known.exit_code == code
    assert known.message


@pytest.mark.parametrize(
    "error", [KeyError("x"), os_error(errno.ENOENT), sqlite3.ProgrammingError("x"), TypeError("x")]
)
def test_a_bug_stays_a_bug(error: BaseException) -> None:
    assert cli.named(error) is None


@pytest.mark.parametrize(
    "args",
    [
        ["frob"],
        ["ask", "--nope", "q"],
        ["ask"],
        ["ask", ""],
        ["search", "  "],
        ["search", "q", "-k", "0"],
        ["search", "q", "--mode", "both"],
        ["search", "q", "--where", "year"],
        ["search", "q", "--color", "red"],
        ["ingest"],
        ["ingest", ".", "--min-words", "300", "--max-words", "200"],
        ["ingest", ".", "--max-file-size", "big"],
        ["ingest", ".", "--meta", "=x"],
        ["models"],
        ["help", "nonsense"],
    ],
)
def test_usage_errors_exit_2_and_are_json_when_asked(
    args: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(args) == 2
    plain = capsys.readouterr()
    assert plain.out == ""
    assert plain.err.startswith("ragcli: ")
    assert "Traceback" not in plain.err
    assert cli.main([*args, "--json"]) == 2
    value = json.loads(capsys.readouterr().out)
    jsonschema.validate(value, error_schema())
    assert (value["exit_code"], value["error"]["code"]) == (2, "usage")
    assert not list(tmp_path.iterdir())


def test_a_batch_is_json_and_so_are_its_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "q", "--batch=f"]) == 2
    jsonschema.validate(json.loads(capsys.readouterr().out), error_schema())


@pytest.mark.parametrize(
    "args", [["search", "q"], ["ask", "q"], ["ls"], ["show", "ab"], ["rm", "--yes", "a"], ["ingest", "absent.md"]]
)
def test_what_is_missing_exits_4_and_makes_no_index(
    args: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main([*args, "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "missing"
    assert not list(tmp_path.iterdir())


def test_a_bug_is_one_line_and_a_traceback_only_with_debug() -> None:
    code = (
        "import sys, ragcli.commands.schema as verb\nfrom ragcli.cli import main\n"
        "def run():\n    raise KeyError('bo\\x1b[31mom')\nverb.run = run\nsys.exit(main())"
    )
    done = run_process("schema", "--json", code=code)
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "ragcli: internal error: KeyError: 'bo\\x1b[31mom'\n"
        "  hint: run it again with --debug and report the traceback\n"
    )
    value = json.loads(done.stdout)
    jsonschema.validate(value, error_schema())
    assert (value["exit_code"], value["error"]["code"]) == (1, "internal")
    assert b"Traceback" in run_process("schema", "--debug", code=code).stderr


def test_a_full_stdout_exits_10() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "ragcli", "schema", "answer"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=env, timeout=60)
    assert done.returncode == 10
    assert done.stderr.startswith(b"ragcli: No space left on device")


def test_a_closed_pipe_is_quiet() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m ragcli schema answer | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, env=env, timeout=60)
    assert done.stderr == b""
    assert done.stdout == b"{"


def test_an_interrupt_exits_130_with_one_line() -> None:
    code = (
        # a shell's background jobs, and so what runs these tests there, start with the signal ignored
        "import signal, sys, time, ragcli.commands.schema as verb\nfrom ragcli.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def run():\n    print('ready', flush=True)\n    time.sleep(60)\nverb.run = run\nsys.exit(main())"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, "schema"], stdout=pipe, stderr=pipe, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == b"ragcli: interrupted\n"


def test_a_terminal_that_can_only_ascii_gets_escapes_and_json_stays_json(tmp_path: Path) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = run_process("ls", "--index", "naïve-\udcff", cwd=tmp_path, env=env)
    assert done.returncode == 4
    assert done.stderr.isascii()
    done = run_process("ls", "--json", "--index", "naïve-\udcff", cwd=tmp_path, env=env)
    assert json.loads(done.stdout)["exit_code"] == 4


def test_completion_scripts_are_offered() -> None:
    done = run_process(env={"_RAGCLI_COMPLETE": "source_bash"})
    assert b"_RAGCLI_COMPLETE=complete_bash" in done.stdout


def test_main_returns_soon_after_a_wrong_verb() -> None:
    started = time.process_time()
    assert cli.main(["frobnicate"]) == 2
    assert time.process_time() - started < 2
