"""What an ingest did, what the index holds, and a snippet or document in full, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ragcli.render.layout import Look, Segment, lay
from ragcli.render.place import Documents, lines_text, pages_text, place_of, title, unit_of
from ragcli.render.safe import name, safe
from ragcli.types import Document, FileOutcome, FileState, IngestReport, Snippet

LISTED: Final = 20
NAMED: Final = 3
STYLE: Final = {FileState.FAILED: "bad", FileState.NO_TEXT: "warn", FileState.SKIPPED: "dim"}
COLUMN: Final = 10


def ingest_text(report: IngestReport, look: Look, *, planned: bool = False) -> str:
    """Counts by state, then every file that failed or has no text with its reason, then the cost."""
    parts = [lay([Segment(_counts(report.outcomes), "bold")], look)]
    if planned:
        changes = [o for o in report.outcomes if o.state not in {FileState.UNCHANGED, FileState.SKIPPED}]
        parts += [_file(outcome, look) for outcome in changes]
    else:
        for state in (FileState.FAILED, FileState.NO_TEXT):
            parts.append(_listed(report.outcomes, state, look))
    parts.append(_by_reason("skipped", "dim", _skips(report.outcomes), look))
    parts.append(_by_reason("note", "warn", _notes(report.outcomes), look))
    parts.append(lay([Segment("Nothing was written (dry run)." if planned else _cost(report, look))], look))
    return "".join(parts)


def run_text(report: IngestReport, last: IngestReport, at: str) -> str:
    """One line on a run of --watch: "18:05:31  2 updated, 1 failed: a.md, b.md, c.pdf"; "" where nothing changed."""
    before = {outcome for outcome in last.outcomes if outcome.state in STYLE}
    quiet = {FileState.UNCHANGED, FileState.SKIPPED}
    fresh = [outcome for outcome in report.outcomes if outcome.state not in quiet and outcome not in before]
    if not fresh:
        return ""
    states = Counter(outcome.state for outcome in fresh)
    each = ", ".join(f"{states[state]:,} {state.value.replace('_', ' ')}" for state in FileState if states[state])
    names = ", ".join(name(outcome.uri) for outcome in fresh[:NAMED])
    more = f" and {len(fresh) - NAMED:,} more" if len(fresh) > NAMED else ""
    return f"{at}  {each}: {names}{more}\n"


def _counts(outcomes: Sequence[FileOutcome]) -> str:
    """ "9 files: 7 added, 2 skipped"."""
    states = Counter(outcome.state for outcome in outcomes)
    total = f"{len(outcomes):,} file{'s' if len(outcomes) != 1 else ''}"
    each = [f"{states[state]:,} {state.value.replace('_', ' ')}" for state in FileState if states[state]]
    return f"{total}: {', '.join(each)}" if each else f"{total}."


def _cost(report: IngestReport, look: Look) -> str:
    dot = look.glyph("·")
    snippets = sum(outcome.snippets for outcome in report.outcomes if outcome.state is not FileState.REMOVED)
    windows = f"{report.windows_embedded:,} windows embedded, {report.windows_reused:,} reused"
    return f"{snippets:,} snippets {dot} {windows} {dot} {report.seconds_s:.1f} s"


def _listed(outcomes: Sequence[FileOutcome], state: FileState, look: Look) -> str:
    found = [outcome for outcome in outcomes if outcome.state is state]
    text = "".join(_file(outcome, look) for outcome in found[:LISTED])
    if len(found) > LISTED:
        text += lay([Segment(f"{len(found) - LISTED:,} more: ragcli ls --state {state.value}", "dim")], look)
    return text


def _file(outcome: FileOutcome, look: Look) -> str:
    """ "failed    notes/a.pdf: encrypted"."""
    state = Segment(outcome.state.value.ljust(COLUMN), STYLE.get(outcome.state, "good"))
    reason = f": {outcome.reason}" if outcome.reason else ""
    return lay([state, Segment(name(outcome.uri + reason))], look, indent=" " * COLUMN, first="")


def _skips(outcomes: Sequence[FileOutcome]) -> Iterator[tuple[str, str]]:
    """(reason, uri) of what was skipped."""
    return ((outcome.reason, outcome.uri) for outcome in outcomes if outcome.state is FileState.SKIPPED)


def _notes(outcomes: Sequence[FileOutcome]) -> Iterator[tuple[str, str]]:
    """(warning, uri) of the parsers' warnings, where the reason of a file's state does not say them already."""
    read = (outcome for outcome in outcomes if outcome.state is not FileState.NO_TEXT)
    return ((note, outcome.uri) for outcome in read for note in outcome.notes)


def _by_reason(word: str, style: str, pairs: Iterable[tuple[str, str]], look: Look) -> str:
    """One line a reason, with the first file that has it: "skipped   picture: a.png and 2 more"."""
    files: dict[str, list[str]] = {}
    for reason, uri in pairs:
        files.setdefault(reason, []).append(uri)
    lines = []
    for reason, uris in list(files.items())[:LISTED]:
        more = f" and {len(uris) - 1:,} more" if len(uris) > 1 else ""
        segments = [Segment(word.ljust(COLUMN), style), Segment(name(f"{reason}: {uris[0]}{more}"))]
        lines.append(lay(segments, look, indent=" " * COLUMN, first=""))
    if len(files) > LISTED:
        lines.append(lay([Segment(f"{len(files) - LISTED:,} more reasons: ragcli ls --json", "dim")], look))
    return "".join(lines)


def ledger_text(outcomes: Iterable[FileOutcome], look: Look) -> str:
    """One line a file: state, snippets, path and reason."""
    return "".join(_ledger_line(outcome, look) for outcome in outcomes)


def _ledger_line(outcome: FileOutcome, look: Look) -> str:
    head = [
        Segment(outcome.state.value.ljust(COLUMN), STYLE.get(outcome.state, "good")),
        Segment(f"{outcome.snippets:>6}  "),
        Segment(name(outcome.uri)),
    ]
    if outcome.reason:
        head.append(Segment(f"  ({name(outcome.reason)})", "dim"))
    return lay(head, look, indent=" " * (COLUMN + 8), first="")


def snippet_text(snippet: Snippet, look: Look, documents: Documents) -> str:
    """A snippet in full under its place."""
    place = place_of(snippet, (snippet.start, snippet.end), documents)
    where = [Segment(name(place.uri) + lines_text(place), "bold")]
    parts = (pages_text(place), title(snippet), place.section)
    where += [Segment(name(f" {look.glyph('·')} {part}")) for part in parts if part]
    span = f"ref {snippet.ref}  characters {snippet.start}-{snippet.end}"
    return lay(where, look) + lay([Segment(span, "dim")], look) + "\n" + _body(snippet.text, look)


def document_text(document: Document, snippets: Sequence[Snippet], look: Look) -> str:
    """A document's stored text in full, and the refs of its snippets."""
    title = f" {look.glyph('·')} {document.title}" if document.title else ""
    head = lay([Segment(name(document.uri), "bold"), Segment(name(title))], look)
    unit = unit_of([page.label for page in document.pages]).strip() or "page"
    counted = ((document.text, "character"), (document.pages, unit), (snippets, "snippet"))
    facts = ", ".join(f"{len(all_):,} {noun}{'s' if len(all_) != 1 else ''}" for all_, noun in counted if all_)
    places = [place_of(snippet, (0, 0), {}) for snippet in snippets]
    listed = [lines_text(place) or name(f"  {pages_text(place)}") for place in places]
    rows = [Segment(f"ref {snippet.ref}{where}\n", "dim") for snippet, where in zip(snippets, listed, strict=True)]
    return head + lay([Segment(facts, "dim")], look) + lay(rows, look) + _body(document.text, look)


def _body(text: str, look: Look) -> str:
    """As it is stored; on a terminal its long lines are wrapped between words."""
    body = text.rstrip("\n")
    return safe(body) + "\n" if look.width is None else lay([Segment(body)], look)
