"""Files that mean harm: each is read or refused within its budget, and ends in one row of the ledger.

Here one file of each case, and a budget of a third of a second; all of them, with the budget of every day, by
`python -m tests.torture --only bombs`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ragcli import ingest
from ragcli.render.safe import safe
from ragcli.sandbox import Sandbox
from ragcli.tokens import neutral
from ragcli.types import FileOutcome, FileState
from tests.checker import problems
from tests.hostile import archives, nested, pdfs
from tests.library import ingested, opened
from tests.render.hostile import acting

CPU_S = 0.3
ALL: dict[str, Callable[[], bytes]] = {
    **{f"{name}.pdf": make for name, make in pdfs.BOMBS.items()},
    **archives.BOMBS,
    **nested.BOMBS,
}
ENDS = {FileState.ADDED, FileState.NO_TEXT, FileState.SKIPPED, FileState.FAILED}


def first_of_each_case() -> list[str]:
    """The first file of each case and format: "PDF4-30-mb-of-text.pdf", "O2-empty-paragraphs.docx", ..."""
    chosen = {(name.partition("-")[0], Path(name).suffix): name for name in reversed(ALL)}
    return sorted(chosen.values())


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, FileOutcome]]:
    """A folder of bad PDFs among a good file, ingested; what became of each."""
    root = tmp_path_factory.mktemp("bombs")
    for name in first_of_each_case():
        if name.endswith(".pdf"):
            (root / name).write_bytes(ALL[name]())
    (root / "zz-good.md").write_text("# Lamp\n\nThe lamp of the harbour.", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "Sandbox", partial(Sandbox, 1, cpu_s=CPU_S, memory_bytes=512 << 20))
        found = ingested(root)
    return root, {outcome.uri: outcome for outcome in found.outcomes}


def test_there_are_as_many_bombs_as_promised() -> None:
    assert len(pdfs.BOMBS) >= 45
    assert len(ALL) >= 200
    assert len(first_of_each_case()) >= 50


def test_a_bomb_is_read_or_refused() -> None:
    others = [name for name in first_of_each_case() if not name.endswith(".pdf")]
    with Sandbox(1, cpu_s=CPU_S, memory_bytes=512 << 20) as box:
        ends = dict(box.map((name, ALL[name](), name) for name in others))
    assert set(ends) == set(others)
    assert [name for name, end in ends.items() if "crashed" in str(end)] == []


def test_every_bomb_ends_in_one_row_and_the_rest_is_read(report: tuple[Path, dict[str, FileOutcome]]) -> None:
    root, outcomes = report
    assert outcomes["zz-good.md"].state is FileState.ADDED
    bombs = {outcome.state for uri, outcome in outcomes.items() if uri.endswith(".pdf")}
    assert bombs == {FileState.ADDED, FileState.NO_TEXT, FileState.FAILED}
    assert not [o for o in outcomes.values() if "crashed" in o.reason and "(signal " not in o.reason]
    assert all(outcome.reason for outcome in outcomes.values() if outcome.state is not FileState.ADDED)
    with opened(root, write=False) as index:
        ledger = {uri: outcome.state for uri, (outcome, _, _) in index.store.ledger.lines().items()}
    assert ledger == {uri: outcome.state for uri, outcome in outcomes.items()}
    assert problems(root / ".ragcli") == []


@pytest.mark.parametrize("case", ["PDF5", "PDF6"])
def test_a_file_over_its_budget_is_ended_and_says_so(report: tuple[Path, dict[str, FileOutcome]], case: str) -> None:
    (outcome,) = (outcome for uri, outcome in report[1].items() if uri.startswith(f"{case}-"))
    assert outcome.state is FileState.FAILED
    assert outcome.reason.startswith("limit: ")


def test_what_is_within_bounds_is_read() -> None:
    with Sandbox(1) as box:
        for make in (archives.escaping, archives.remote, pdfs.active, pdfs.hidden_text):
            name = "a.pdf" if make in (pdfs.active, pdfs.hidden_text) else "a.docx"
            assert "The lamp of the harbour" in box.parse(make(), name).text


def test_pdf18_a_font_that_says_control_characters_gives_sound_text_that_forges_nothing() -> None:
    with Sandbox(1) as box:
        text = box.parse(pdfs.controls(), "a.pdf").text
    assert "<|END_OF_TURN_TOKEN|>" in text
    assert "\0" not in text
    assert acting(safe(text)) == []
    assert "<|END_OF_TURN_TOKEN|>" not in neutral(text)


def test_pdf21_a_bad_page_costs_one_page() -> None:
    with Sandbox(1) as box:
        parsed = box.parse(pdfs.one_bad_page(), "a.pdf")
    assert parsed.text.count("The lamp of the harbour") == 9
    assert parsed.notes == ("pages without text: 5",)


def test_pdf14_a_file_cut_at_any_place_is_read_or_refused() -> None:
    whole = pdfs.one_bad_page()
    with Sandbox(1) as box:
        cuts = [(at, whole[: len(whole) * at // 100], "a.pdf") for at in range(1, 100, 3)]
        states = {key: outcome for key, outcome in box.map(cuts)}
    assert len(states) == 33
    assert not [outcome for outcome in states.values() if "crashed" in str(outcome)]


def test_o7_o9_o17_nothing_is_written_or_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "a" / "b"
    root.mkdir(parents=True)
    (root / "outside.docx").write_bytes(archives.escaping())
    (root / "remote.docx").write_bytes(archives.remote())
    (root / "object.md").write_bytes(nested.BOMBS["O17-front-matter-object.md"]())
    (root / "include.rst").write_bytes(nested.BOMBS["O17-include.rst"]())
    (root / "entity.docx").write_bytes(archives.BOMBS["O5-entity-of-a-file.docx"]())
    before = sorted(path.name for path in tmp_path.rglob("*"))
    report = ingested(root)
    after = sorted(path.name for path in tmp_path.rglob("*") if ".ragcli" not in path.parts)
    assert after == before
    assert not list(Path("/tmp").glob("escaped*"))
    with opened(root, write=False) as index:
        stored = "".join(snippet.text for snippet in index.store.snippets(range(1, 50)))
    assert "root:" not in stored
    assert len(report.outcomes) >= 5
