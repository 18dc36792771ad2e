"""The commands that write, each on a small index of its own, and what must hold of what one of them leaves."""

from __future__ import annotations

import importlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from ragcli import parsers, segments
from ragcli.cli import main
from ragcli.errors import MissingError, UnreadableFile
from ragcli.index import open_index
from ragcli.scratch import NAME as SCRATCH
from ragcli.types import Parsed
from tests.checker import embedder_of, problems
from tests.mails import mail
from tests.torture import _lab, _shim
from tests.torture._lab import Ended
from tests.torture._shim import Aim

INDEX: Final = ".ragcli"
EMBEDDER: Final = ("--embedder", "hashing:64")
MISSING: Final = 4
LINE: Final = "The {marker} keeper winds the clock of the {marker} lamp; a barrel of paraffin lasts for forty days."


class Here:
    """Parses in this process: a parsing child would cost ten times what a case does, and writes nothing."""

    def __init__(self, **_: object) -> None:
        """Takes what a Sandbox takes."""

    def __enter__(self) -> Here:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def map(self, jobs: Iterable[tuple[Any, bytes, str]]) -> Iterator[tuple[Any, Parsed | UnreadableFile]]:
        """As Sandbox.map."""
        for key, raw, name in jobs:
            try:
                yield key, parsers.parse(raw, name)
            except UnreadableFile as error:
                yield key, error


@contextmanager
def parsing_here() -> Iterator[None]:
    """Ingests inside parse in their own process."""
    module = importlib.import_module("ragcli.ingest")
    kept = vars(module)["Sandbox"]
    vars(module)["Sandbox"] = Here
    try:
        yield
    finally:
        vars(module)["Sandbox"] = kept


@dataclass(slots=True)
class State:
    """What an index holds: text by file name, the digests of all texts with a vector, and what is wrong with it."""

    texts: dict[str, str] = field(default_factory=dict)
    digests: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    generation: int = 0
    loose: list[str] = field(default_factory=list)
    """Files of caches that no record names."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A command, the folder that holds the index it starts from (none for the first ingest), and its files."""

    name: str
    start: Path
    files: Path
    arguments: tuple[str, ...]
    old: State
    new: State

    def stage(self, case: Path) -> None:
        """Makes `case` a folder with the index to start from."""
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(self.start, case)

    def act(
        self,
        place: Path,
        case: Path,
        *,
        aim: Aim | None = None,
        journal: Path | None = None,
        mark: str = "",
        kill_after_s: float = 0.0,
    ) -> Ended:
        """Runs the command on the index in `case`. `mark` is put into the journal after each commit."""
        arguments = [*self.arguments, "--index", str(case / INDEX), "--json"]

        def run() -> int:
            if mark:
                vars(importlib.import_module("ragcli.store"))["failpoint"] = lambda name: _marked(name, mark)
            return main(arguments)

        return _lab.forked(place, run, aim=aim, journal=journal, kill_after_s=kill_after_s)


def _marked(point: str, mark: str) -> None:
    if point == "store.after_commit":
        _shim.mark(mark)


def look(place: Path, case: Path) -> State:
    """The state of an index, as a process sees it that knows nothing of what was done to it."""
    ended = _lab.forked(place, lambda: _tell(case / INDEX))
    if ended.code:
        return State(wrong=[f"cannot be looked at ({ended.code}): {ended.last_line()}"])
    seen = ended.value()
    return State(seen["texts"], set(seen["digests"]), seen["wrong"], seen["generation"], seen["loose"])


def _tell(folder: Path) -> int:
    texts, digests, wrong, generation, loose = {}, set(), [], 0, list[str]()
    try:
        with open_index(folder, None) as index:
            store = index.store
            generation, pins = store.generation(), store.pins()
            caches = (segments.TERMS, segments.vectors(pins.dim if pins else 1))
            named = {entry.name for cache in caches for entry in segments.entries(store, cache)}
            loose = [path.name for cache in caches for path in folder.glob(f"{cache.name}.*") if path.name not in named]
            for document in list(store.documents()):
                whole = store.document(document.uri)
                texts[Path(document.uri).name] = "" if whole is None else whole.text
            digests = {row[0].hex() for row in store.connection.execute("select digest from window")}
        wrong = problems(folder) + _searched(folder, texts)
    except MissingError:
        wrong = []
    if (folder / SCRATCH).exists():
        with closing(sqlite3.connect(folder / SCRATCH)) as scratch, suppress(sqlite3.OperationalError):  # no table yet
            digests |= {row[0].hex() for row in scratch.execute("select digest from vector")}
    told = {"texts": texts, "digests": sorted(digests), "wrong": wrong, "generation": generation, "loose": loose}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _searched(folder: Path, texts: dict[str, str]) -> list[str]:
    """Words find exactly the files that hold them; vectors find every snippet, and a file by its own text first."""
    wrong = []
    with open_index(folder, embedder_of(folder)) as index:
        uris = [document.uri for document in index.store.documents()]
        snippets = {snippet.id: snippet for uri in uris for snippet in index.store.snippets_of(uri)}
        for marker in MARKERS:
            found = {Path(snippets[id].uri).name for id, _ in index.lexical(marker, 100)}
            holds = {name for name, text in texts.items() if marker in text}
            if found != holds:
                wrong.append(f"{marker} finds {sorted(found)}, is in {sorted(holds)}")
        for name, text in texts.items():
            near = index.dense(text, len(snippets) + 5)
            if {hit.snippet_id for hit in near} != set(snippets):
                wrong.append(f"vectors of {len(near)} snippets, {len(snippets)} are stored")
            elif near[0].score < 0.8:
                wrong.append(f"{name} is not found by its own text: {near[0].score:.2f}")
    return wrong


MARKERS: Final = tuple(f"qz{letter}qk" for letter in "abcdefghijkl")


def text(number: int) -> str:
    """A text that no other number has."""
    return LINE.format(marker=MARKERS[number])


COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "first ingest": ("ingest", *EMBEDDER, "{files}"),
    "ingest again": ("ingest", *EMBEDDER, "{files}"),
    "rm": ("rm", "--yes", "{files}/gone.md", "{files}/mail.eml"),
    "rebuild": ("rebuild",),
    "rebuild, new model": ("rebuild", "--embedder", "hashing:32"),
    "import": ("import", "--force", "{bundle}"),
    "ask": ("ask", *EMBEDDER, "Who winds the clock of the lamp?"),
}
"""Every command that writes."""


def scene(place: Path, name: str) -> Scene:
    """One of COMMANDS, over an index made below `place`."""
    place.mkdir(parents=True, exist_ok=True)
    with parsing_here():
        return _Builder(place / name.replace(" ", "-").replace(",", "")).scene(name)


class _Builder:
    """Makes the indexes that scenes start from, and what each command leaves when nothing goes wrong."""

    def __init__(self, place: Path) -> None:
        self._home = place

    def scene(self, name: str) -> Scene:
        home = self._home
        files, start = home / "files", home / "start"
        files.mkdir(parents=True)
        start.mkdir()
        for each, number in (("keep", 0), ("change", 1), ("rename", 2), ("gone", 3)):
            (files / f"{each}.md").write_text(text(number))
        (files / "mail.eml").write_bytes(mail("A mail", text(4), keep_txt=text(5), gone_txt=text(6)))
        bundle = home / "bundle"
        if name != "first ingest":
            self._done(home, "ingest", "--index", str(start / INDEX), *EMBEDDER, str(files / "rename.md"))
            self._done(home, "export", "--index", str(start / INDEX), str(bundle))
            self._done(home, "ingest", "--index", str(start / INDEX), *EMBEDDER, str(files))
        if "ingest" in name:
            (files / "change.md").write_text(text(7))
            (files / "rename.md").rename(files / "renamed.md")
            (files / "gone.md").unlink()
            (files / "new.md").write_text(text(8))
            (files / "mail.eml").write_bytes(mail("A mail", text(9), keep_txt=text(5), new_txt=text(10)))
        arguments = tuple(part.format(files=files, bundle=bundle) for part in COMMANDS[name])
        made = Scene(name, start, files, arguments, look(home, start), State())
        case = home / "trial"
        made.stage(case)
        ended = made.act(home, case)
        if ended.code:
            raise RuntimeError(f"{name}: {ended.told or ended.said}")
        return Scene(name, start, files, arguments, made.old, look(home, case))

    def _done(self, place: Path, *arguments: str) -> None:
        ended = _lab.ragcli(place, *arguments)
        if ended.code:
            raise RuntimeError(f"{arguments}: {ended.told}")


def mixed(state: State, scene: Scene) -> list[str]:
    """What in a state is neither old nor new."""
    wrong = list(state.wrong)
    for name, held in state.texts.items():
        if held not in (scene.old.texts.get(name), scene.new.texts.get(name)):
            wrong.append(f"{name} is neither old nor new")
    wrong += [f"{name} is lost" for name in scene.old.texts.keys() & scene.new.texts.keys() - state.texts.keys()]
    return wrong


def finished(scene: Scene, place: Path, case: Path) -> tuple[list[str], int]:
    """Lets the command run once more, and looks: what does not hold, and how many texts were embedded needlessly."""
    before = look(place, case)
    again = scene.act(place, case)
    if again.code == MISSING and scene.name == "rm" and before.texts == scene.new.texts:
        return before.wrong, 0  # they are gone already
    if again.code:
        return [f"the second run ended with {again.code}: {again.last_line()}"], 0
    after = look(place, case)
    wrong = list(after.wrong)
    if after.texts != scene.new.texts:
        wrong.append(f"the second run left {sorted(after.texts)}, not {sorted(scene.new.texts)}")
    left = after.loose + [path.name for path in sorted(case.rglob("*")) if "tmp" in path.name or "import" in path.name]
    if left:
        wrong.append(f"left lying about: {', '.join(left)}")
    embedded = int(again.value().get("windows_embedded", 0))
    return wrong, embedded - len(scene.new.digests - before.digests)


def count_calls(scene: Scene, place: Path, case: Path) -> list[_shim.Change]:
    """The changes that the command makes when nothing goes wrong."""
    scene.stage(case)
    scene.act(place, case, aim=Aim(case), journal=place / "journal")
    return _shim.read_journal(place / "journal")
