"""Opens an index as a stranger would and says whether all its parts agree: `python -m tests.checker FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from ragcli.embedders.hashing import Hashing, create
from ragcli.index import open_index, pinned_model
from ragcli.types import FileState

INDEXED = {FileState.ADDED, FileState.UPDATED, FileState.UNCHANGED, FileState.RENAMED}


def embedder_of(folder: Path) -> Hashing:
    """The hashing embedder that an index was made with."""
    return create((pinned_model(folder) or "hashing:64").partition(":")[2])


def problems(folder: Path) -> list[str]:
    """What does not hold; empty for a sound index. Makes no repair that is kept."""
    wrong: list[str] = []
    embedder = embedder_of(folder)
    with open_index(folder, embedder) as index:
        connection = index.store.connection
        if [row[0] for row in connection.execute("pragma integrity_check")] != ["ok"]:
            wrong.append("integrity_check")
        if connection.execute("pragma foreign_key_check").fetchall():
            wrong.append("foreign keys")
        ledger = index.store.ledger.lines()
        documents = {document.uri for document in index.store.documents()}
        held = {uri for uri, (outcome, _, _) in ledger.items() if outcome.state in INDEXED or outcome.snippets}
        if held != documents:
            wrong.append(f"ledger and documents differ: {sorted(held ^ documents)}")
        for uri in documents:
            document, snippets = index.store.document(uri), index.store.snippets_of(uri)
            if document is None or len(snippets) != ledger[uri][0].snippets:
                wrong.append(f"{uri}: {len(snippets)} snippets, ledger {ledger[uri][0].snippets}")
                continue
            wrong += [f"{uri}: a snippet is no slice" for s in snippets if document.text[s.start : s.end] != s.text]
        snippet_ids = set(index.store.snippet_ids(d.id for d in index.store.documents()))
        rows = {int(row[0]) for row in connection.execute("select rowid from terms")}
        if rows != snippet_ids:
            wrong.append(f"terms and snippets differ: {sorted(rows ^ snippet_ids)}")
        if set(index.vectors.ids().tolist()) != set(index.store.window_ids()):
            wrong.append("vectors and windows differ")
        for snippet in index.store.snippets(sorted(snippet_ids)):
            for id in index.store.window_ids([snippet.id]):
                _, (start, end) = index.store.windows([id])[id]
                ((_, stored),) = index.store.vectors([id])
                title = dict(snippet.fields)["title"]
                section = dict(snippet.fields).get("section", "")
                body = snippet.text[start:end]
                texts = {body, f"{title}\n{body}", f"{title} > {section}\n{body}", f"{section}\n{body}"}
                if not any(np.allclose(embedder.passages([t])[0], np.frombuffer(stored, np.float32)) for t in texts):
                    wrong.append(f"{snippet.uri}: a vector is not its window's")
    return wrong


if __name__ == "__main__":
    sys.stdout.write(json.dumps(problems(Path(sys.argv[1]))))
