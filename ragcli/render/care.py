"""What doctor, stats, rebuild, export and import found or did: for people, and as JSON values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ragcli.errors import EXIT_OK, CheckFailed
from ragcli.render.jsonform import Value, file_value, path_value
from ragcli.render.layout import Look, Segment, lay
from ragcli.render.safe import name
from ragcli.reports import Bundle, Check, Counts, Lengths, Rebuilt, Stats, Tally, Verdict

STYLE: Final = {Verdict.OK: "good", Verdict.WARNING: "warn", Verdict.FAILED: "bad"}
COLUMN: Final = 9
NAME: Final = 16
BAR: Final = 40
LISTED: Final = 20
LEAST, MOST = 100, 400
"""Words of a snippet, by Cohere's advice."""


def doctor_code(checks: Sequence[Check]) -> int:
    """8 where a check failed."""
    return CheckFailed.exit_code if any(check.verdict is Verdict.FAILED for check in checks) else EXIT_OK


def doctor_text(checks: Sequence[Check], look: Look) -> str:
    """One line a check, under it the command that mends what is wrong; then how many there were."""
    parts = []
    for check in checks:
        head = [Segment(check.verdict.value.ljust(COLUMN), STYLE[check.verdict]), Segment(check.name.ljust(NAME))]
        parts.append(lay([*head, Segment(name(check.detail))], look, indent=" " * (COLUMN + NAME), first=""))
        if check.mend:  # never wrapped: it is there to be copied
            mend = [Segment("mend: ", "dim"), Segment(name(check.mend), "bold")]
            parts.append(lay(mend, replace(look, width=None), indent=" " * COLUMN))
    verdicts = Counter(check.verdict for check in checks)
    each = ", ".join(f"{verdicts[verdict]} {verdict.value}" for verdict in Verdict if verdicts[verdict])
    return "".join(parts) + lay([Segment(f"{len(checks)} checks: {each}", "bold")], look)


def doctor_value(checks: Sequence[Check], index: str, *, deep: bool) -> Value:
    """ragcli.doctor/1."""
    code = doctor_code(checks)
    listed = [{"name": c.name, "verdict": c.verdict.value, "detail": c.detail, "mend": c.mend} for c in checks]
    return {
        "schema": "ragcli.doctor/1",
        "ok": code == EXIT_OK,
        "exit_code": code,
        "index": path_value(index),
        "deep": deep,
        "checks": listed,
    }


def stats_text(stats: Stats, look: Look) -> str:
    """The figures, the histogram of snippet lengths, the largest and the failed files."""
    words = f"{stats.words:,} word{'s' if stats.words != 1 else ''}"
    parts = [lay([Segment(f"{counts_text(stats.counts)}, {words}", "bold")], look)]
    total = sum(size for _, size in stats.disk)
    disk = [f"{file} {size_text(size)}" for file, size in stats.disk if size]
    disk[:1] = [f"{size_text(total)}: {each}" for each in disk[:1]]
    for label, listed in (
        ("embedder", [stats.embedder] if stats.embedder else []),
        ("tuned", [f"{weight} {value:g}" for weight, value in stats.tuned]),
        ("files", _tally(stats.states)),
        ("formats", _tally(stats.formats)),
        ("languages", _tally(stats.languages)),
        ("disk", disk),
    ):
        if listed:
            parts.append(_list(label, listed, look))
    parts.append(_histogram(stats, look))
    for number, sized in enumerate(stats.largest):
        text = f"{name(sized.uri)}  {sized.words:,} words, {sized.snippets:,} snippets"
        parts.append(_row("" if number else "largest", text, look))
    for outcome in stats.failed[:LISTED]:
        parts.append(_row("failed", name(f"{outcome.uri}: {outcome.reason}"), look, style="bad"))
    if len(stats.failed) > LISTED:
        parts.append(_row("", f"{len(stats.failed) - LISTED:,} more: ragcli ls --state failed", look))
    return "".join(parts)


def _row(label: str, text: str, look: Look, *, style: str = "dim") -> str:
    return lay([Segment(label.ljust(COLUMN + 1), style), Segment(text)], look, indent=" " * (COLUMN + 1), first="")


def _list(label: str, listed: Sequence[str], look: Look) -> str:
    """A row of several things, none of which is broken at a line's end."""
    things = [Segment(name(each) + "," * (at < len(listed)), whole=True) for at, each in enumerate(listed, 1)]
    spaced = [part for thing in things for part in (Segment(" "), thing)][1:]
    head = Segment(label.ljust(COLUMN + 1), "dim")
    return lay([head, *spaced], look, indent=" " * (COLUMN + 1), first="")


def _tally(tally: Tally) -> list[str]:
    return [f"{count:,} {each.replace('_', ' ')}" for each, count in tally]


def _histogram(stats: Stats, look: Look) -> str:
    if not stats.lengths or stats.rule is None:
        return ""
    total = stats.counts.snippets
    inside = sum(step.snippets for step in stats.lengths if _within(step))
    title = f"Words of a snippet, cut to {stats.rule[0]}-{stats.rule[1]}: {inside:,} of {total:,} have {LEAST}-{MOST}"
    most = max(step.snippets for step in stats.lengths)
    rows = [lay([Segment(title)], look)]
    for step in stats.lengths:
        bar = ("█" if look.unicode else "#") * -(-step.snippets * BAR // most)
        head = f"{step.least:>6}-{step.most:<6} {step.snippets:>8,}  "
        rows.append(lay([Segment(head), Segment(bar, "good" if _within(step) else "dim")], replace(look, width=None)))
    return "".join(rows)


def _within(step: Lengths) -> bool:
    return step.least >= LEAST and step.most <= MOST


def size_text(size_bytes: int) -> str:
    """ "12 B", "3.4 MiB"."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return ""


def counts_text(counts: Counts) -> str:
    """ "1 document, 2 snippets, 3 windows"."""
    named = (("document", counts.documents), ("snippet", counts.snippets), ("window", counts.windows))
    return ", ".join(f"{count:,} {noun}{'s' if count != 1 else ''}" for noun, count in named)


def _counts(counts: Counts) -> Value:
    return {"documents": counts.documents, "snippets": counts.snippets, "windows": counts.windows}


def stats_value(stats: Stats, index: str) -> Value:
    """ragcli.stats/1."""
    return {
        "schema": "ragcli.stats/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "index": path_value(index),
        **_counts(stats.counts),
        "words": stats.words,
        "embedder": stats.embedder,
        "tuned": dict(stats.tuned),
        "rule": {"min_words": stats.rule[0], "max_words": stats.rule[1]} if stats.rule else None,
        "states": dict(stats.states),
        "formats": dict(stats.formats),
        "languages": dict(stats.languages),
        "disk_bytes": {file: size for file, size in stats.disk},
        "snippet_words": [{"min": s.least, "max": s.most, "snippets": s.snippets} for s in stats.lengths],
        "largest": [{"path": path_value(s.uri), "words": s.words, "snippets": s.snippets} for s in stats.largest],
        "failed": [file_value(outcome) for outcome in stats.failed],
    }


def rebuilt_text(made: Rebuilt, look: Look) -> str:
    """What there is now, and what it cost."""
    dot = look.glyph("·")
    cost = f"{made.embedded:,} windows embedded, {made.reused:,} reused {dot} " if made.embedded or made.reused else ""
    embedder = f" {dot} {name(made.embedder)}" if made.embedder else ""
    return lay([Segment(f"{counts_text(made.counts)}{embedder} {dot} {cost}{made.seconds_s:.1f} s")], look)


def rebuilt_value(made: Rebuilt, index: str) -> Value:
    """ragcli.rebuilt/1."""
    return {
        "schema": "ragcli.rebuilt/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "index": path_value(index),
        **_counts(made.counts),
        "embedder": made.embedder,
        "windows_embedded": made.embedded,
        "windows_reused": made.reused,
        "seconds_s": made.seconds_s,
    }


def bundle_text(bundle: Bundle, path: str, size_bytes: int, look: Look, *, verb: str) -> str:
    """ "exported  notes.ragcli: 2 documents, ... · hashing:64 · 1.2 MiB"."""
    dot = look.glyph("·")
    text = f"{path}: {counts_text(bundle.counts)} {dot} {bundle.embedder or 'no file yet'}"
    return _row(verb, name(f"{text} {dot} {size_text(size_bytes)}"), look)


def bundle_value(bundle: Bundle, path: str, size_bytes: int, index: str) -> Value:
    """ragcli.bundle/1."""
    return {
        "schema": "ragcli.bundle/1",
        "ok": True,
        "exit_code": EXIT_OK,
        "path": path_value(path),
        "index": path_value(index),
        **_counts(bundle.counts),
        "embedder": bundle.embedder,
        "fingerprint": bundle.fingerprint,
        "bytes": size_bytes,
    }
