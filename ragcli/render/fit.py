"""Whether a model fits into memory: as JSON, and as a table."""

from __future__ import annotations

from typing import Any, Final

from ragcli.render.safe import name
from ragcli.reports import FitTable

BITS: Final = {"none": "16 bits", "8bit": "8 bits", "4bit": "4 bits"}
GAP: Final = "   "


def fit_value(table: FitTable) -> dict[str, Any]:
    """ragcli.fit/1."""
    return {
        "schema": "ragcli.fit/1",
        "ok": True,
        "exit_code": 0,
        "model": table.name,
        "runs": table.runs,
        "parameters": table.parameters,
        "context_tokens": table.context_tokens,
        "place": table.place,
        "free_bytes": table.free_bytes,
        "quants": [
            {
                "quant": row.quant,
                "weights_bytes": row.weights_bytes,
                "needs": [{"tokens": tokens, "bytes": count} for tokens, count in row.needs],
                "most_tokens": row.most_tokens,
            }
            for row in table.rows
        ],
    }


def fit_text(table: FitTable) -> str:
    """A head line, a line a quantisation, and what the numbers mean."""
    counts = [f"{tokens:,} tokens" for tokens, _ in table.rows[0].needs]
    lines = [["", "weights", *counts, f"{_gb(table.free_bytes)} free"]]
    for row in table.rows:
        fits = f"{row.most_tokens:,} tokens" if row.most_tokens else "does not fit"
        lines.append([BITS[row.quant], _gb(row.weights_bytes), *(_gb(count) for _, count in row.needs), fits])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [GAP.join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    size = f"{table.parameters / 1e9:.1f} billion parameters, {table.context_tokens:,} tokens of context"
    notes = [f"Free: {name(table.place)}. Tokens: of prompt and answer together. 1 GB is 10^9 bytes."]
    if not table.runs:
        notes.append("It has another prompt format than Command-R v01, Command-R+ and 08-2024: ragcli does not run it.")
    return "\n".join([f"{name(table.name)}: {size}", *shown, *notes]) + "\n"


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
