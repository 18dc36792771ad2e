"""Kills an ingest at every failpoint, looks at what is left in a fresh process, and lets a second run finish."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ragcli.failpoints import POINTS
from tests.library import PARAGRAPHS, cache_file, fill, ingested
from tests.mails import mail

ROOT = Path(__file__).parents[1]
KILLED = -9

# What the run does after the first ingest: one file changed, one renamed, one gone, two new.
SCRIPT = """
import sys
from pathlib import Path
from tests.library import ingested
from ragcli.embedders.hashing import Hashing
embedder = Hashing(64)
report = ingested(Path(sys.argv[1]), embedder)
print(embedder.encoded, len(report.outcomes))
"""


def prepare(root: Path) -> None:
    fill(root, keep=PARAGRAPHS[0], change=PARAGRAPHS[1], rename=PARAGRAPHS[2], gone="Zanzibarite will vanish.")
    ingested(root)
    fill(root, change="The storm of 1903 was worse still.", new1="A first new file.", new2="A second new file.")
    (root / "rename.md").rename(root / "renamed.md")
    (root / "gone.md").unlink()


def run(root: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RAGCLI_FAILPOINT": failpoint}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(root)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )


def check(root: Path) -> list[str]:
    """The checker's findings, in a process that knows nothing of the killed one."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.checker", str(root / ".ragcli")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert found.returncode == 0, found.stderr
    problems: list[str] = json.loads(found.stdout)
    return problems


def contents(root: Path) -> dict[str, str]:
    from ragcli.index import open_index

    with open_index(root / ".ragcli", None) as index:
        documents = [index.store.document(document.uri) for document in index.store.documents()]
        return {document.uri: document.text for document in documents if document is not None}


EXPECTED = {
    "keep.md": PARAGRAPHS[0],
    "change.md": "The storm of 1903 was worse still.",
    "renamed.md": PARAGRAPHS[2],
    "new1.md": "A first new file.",
    "new2.md": "A second new file.",
}


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_each_file_old_or_new_and_the_next_run_finishes(tmp_path: Path, point: str) -> None:
    prepare(tmp_path)
    old = contents(tmp_path)
    assert run(tmp_path, f"{point}=kill").returncode == KILLED, f"{point} was never passed"
    assert check(tmp_path) == []
    for uri, text in contents(tmp_path).items():
        assert text in (old.get(uri), EXPECTED.get(uri)), uri
    second = run(tmp_path)
    assert second.returncode == 0, second.stderr
    assert check(tmp_path) == []
    assert contents(tmp_path) == EXPECTED
    assert not any(b"zanzibarit" in path.read_bytes().lower() for path in (tmp_path / ".ragcli").iterdir())


@pytest.mark.parametrize("committed", [1, 2, 3])
def test_nothing_committed_before_a_kill_is_embedded_twice(tmp_path: Path, committed: int) -> None:
    prepare(tmp_path)
    assert run(tmp_path, f"store.after_commit:{committed}=kill").returncode == KILLED
    second = run(tmp_path)
    embedded = int(second.stdout.split()[0])
    assert embedded == 3 - committed  # change, new1, new2; keep is unchanged and rename keeps its vector
    assert contents(tmp_path) == EXPECTED


@pytest.mark.parametrize("point", ["store.after_commit:1", "store.after_commit:2", "store.after_commit:3"])
def test_a_kill_amid_a_mails_attachments_leaves_it_to_be_read_again(tmp_path: Path, point: str) -> None:
    (tmp_path / "a.eml").write_bytes(mail("Old", "old body", keep_txt=PARAGRAPHS[0], gone_txt=PARAGRAPHS[1]))
    ingested(tmp_path)
    old = contents(tmp_path)
    (tmp_path / "a.eml").write_bytes(mail("New", "new body", keep_txt=PARAGRAPHS[0], new_txt=PARAGRAPHS[2]))
    assert run(tmp_path, f"{point}=kill").returncode == KILLED
    assert check(tmp_path) == []
    assert contents(tmp_path)["a.eml"] == old["a.eml"]
    second = run(tmp_path)
    assert second.returncode == 0, second.stderr
    assert check(tmp_path) == []
    new = contents(tmp_path)
    assert new.pop("a.eml").endswith("new body")
    assert new == {"a.eml/keep.txt": PARAGRAPHS[0] + "\n", "a.eml/new.txt": PARAGRAPHS[2] + "\n"}


@pytest.mark.parametrize(
    ("point", "action", "told"),
    [
        ("store.before_commit", "enospc", "No space left"),
        ("cache.before_write", "enospc", "No space left"),
        ("cache.half_written", "enospc", "No space left"),
        ("cache.before_rename", "enospc", "No space left"),
        ("store.before_commit", "eio", "Input/output error"),
        ("cache.before_fsync", "eio", "Input/output error"),
    ],
)
def test_a_full_or_failing_disk_loses_nothing(tmp_path: Path, point: str, action: str, told: str) -> None:
    prepare(tmp_path)
    before = cache_file(tmp_path).read_bytes()
    failed = run(tmp_path, f"{point}={action}")
    assert failed.returncode != 0
    assert told in failed.stderr
    assert cache_file(tmp_path).read_bytes() == before
    assert not list((tmp_path / ".ragcli").glob("*.tmp"))
    assert check(tmp_path) == []
    assert run(tmp_path).returncode == 0
    assert contents(tmp_path) == EXPECTED
