"""ragcli doctor: check the installation and the index."""

from __future__ import annotations

import typer

from ragcli.commands._flags import examples

EXAMPLES = examples("ragcli doctor", "ragcli doctor --deep", "ragcli doctor --json | jq -r '.checks[].mend'")


def run(
    ctx: typer.Context,
    deep: bool = typer.Option(False, "--deep", help="Also every digest, checksum, text, term and model weight."),
) -> None:
    """Check the installation and the index; say what mends each fault.

    Writes nothing to the index. Exits with 8 if a check failed.
    """
    import shlex

    from ragcli.commands._session import Session
    from ragcli.config import DEFAULT_EMBEDDER, Origin
    from ragcli.doctor import examine
    from ragcli.render.care import doctor_code, doctor_text, doctor_value

    session = Session(ctx)
    chosen = session.settings
    flag = f" --index {shlex.quote(str(chosen.index))}" if chosen.origin is Origin.FLAG else ""
    model, expected = chosen.embedder or DEFAULT_EMBEDDER, chosen.origin is not Origin.NEW
    checks = examine(chosen.index, model=model, deep=deep, flag=flag, expected=expected)
    if session.flags.as_json:
        session.emit(doctor_value(checks, str(chosen.index), deep=deep))
    else:
        session.show(doctor_text(checks, session.look))
    raise typer.Exit(doctor_code(checks))
