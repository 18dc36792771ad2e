"""Nothing but `models pull` speaks to a network, nothing is unpickled, no code of a file is run."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.hostile import archives, nested, pdfs
from tests.test_architecture import ROOT, modules

# loaded by Python itself at its start, in the children that parse as well
WATCH = """
import os, sys
FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind",
             "pickle.find_class", "os.system", "urllib.Request")
def watch(event, arguments):
    if event in FORBIDDEN:
        os.write(2, f"forbidden: {event} {arguments!r}".encode()[:300])
        os._exit(77)
sys.addaudithook(watch)
"""
VERBS = """
import json, sys
from ragcli import cli
for args in json.loads(sys.argv[1]):
    code = cli.main(args)
    print(json.dumps([args, code]))
"""
NAMESPACE = ("unshare", "--user", "--map-root-user", "--net")
"""A network without routes, where the system lets a user make one."""
LINES = [
    ["ingest", "."],
    ["ingest", "."],
    ["search", "lamp"],
    ["ask", "What does the lamp of the harbour do?"],
    ["ask", "Where is the lamp?", "--json"],
    ["ask", "Where is the lamp?", "--format", "html"],
    ["ask", "Where is the lamp?", "--print-prompt"],
    ["ls"],
    ["show", "remote.docx"],
    ["stats"],
    ["log"],
    ["doctor", "--deep"],
    ["rebuild"],
    ["export", "../index.ragcli"],
    ["import", "../index.ragcli", "--index", "../other"],
    ["models", "list"],
    ["config"],
    ["schema"],
    ["rm", "-y", "remote.docx"],
]
FORBIDDEN_NAMES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "yaml"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", ".system", ".popen", ".rglob", ".load_module"}


def watched(tmp_path: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs Python with the watch in it, in a network of its own where that can be had."""
    (tmp_path / "sitecustomize.py").write_text(WATCH, "utf-8")
    apart = NAMESPACE if not subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode else ()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "RAGCLI_EMBEDDER": "hashing:64",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    whole = [*apart, sys.executable, *command]
    return subprocess.run(whole, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_watch_sees_a_connection_and_a_pickle(tmp_path: Path) -> None:
    for line in (
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import pickle, pathlib; pickle.loads(pickle.dumps(pathlib.Path('a')))",
    ):
        assert watched(tmp_path, "-c", line, cwd=tmp_path).returncode == 77


def test_l11_o5_o14_no_verb_but_models_pull_uses_a_network_or_a_pickle(tmp_path: Path) -> None:
    root = tmp_path / "notes"
    root.mkdir()
    (root / "remote.docx").write_bytes(archives.remote())
    (root / "active.pdf").write_bytes(pdfs.active())
    (root / "include.rst").write_bytes(nested.BOMBS["O17-include.rst"]())
    (root / "entity.docx").write_bytes(archives.BOMBS["O5-entity-of-the-network.docx"]())
    (root / "page.html").write_text(
        '<base href="http://127.0.0.1:9/"><link rel=stylesheet href=a.css><meta http-equiv=refresh content="0;url=/">'
        "<script src=a.js></script><iframe src=/a></iframe><img src=a.png><p>The lamp of the harbour turns.",
        "utf-8",
    )
    done = watched(tmp_path, "-c", VERBS, json.dumps(LINES), cwd=root)
    ends = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('[["')]
    assert "forbidden" not in done.stderr
    assert [args for args, _ in ends] == LINES, done.stderr
    assert {code for _, code in ends} <= {0, 3, 5, 8}
    assert "crashed" not in done.stdout + done.stderr


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.func.id if isinstance(node.func, ast.Name) else f".{getattr(node.func, 'attr', '')}"
            for keyword in node.keywords:
                value = getattr(keyword.value, "value", None)
                if keyword.arg in ("shell", "trust_remote_code", "allow_pickle") and value is not False:
                    yield f"{keyword.arg}={value}"


def test_l2_no_module_unpickles_evaluates_or_runs_a_shell() -> None:
    for path in modules():
        imported = {
            alias.name.partition(".")[0]
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
        }
        found = set(calls(path))
        assert not imported & FORBIDDEN_NAMES, path
        assert not found & FORBIDDEN_CALLS, path
        assert not [call for call in found if "=" in call], path
