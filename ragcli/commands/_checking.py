"""What `ask` lets users say about the check of its citations: another judge of them, and that it must hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ragcli.commands._flags import META, switch, valued
from ragcli.errors import UsageError

if TYPE_CHECKING:
    from ragcli.commands._session import Session
    from ragcli.protocols import Entailer
    from ragcli.types import Answer

STRICT: Final = "strict"
MODEL: Final = "support_model"
MODEL_HELP: Final = "A model of inference that judges citations. [default: none]"


CHECKING: Final = [
    switch("strict", "Drop unsupported citations; exit with 8 if a claim is left without support."),
    valued("support-model", "NAME", MODEL_HELP),
]


class Checker:
    """What is done to an answer behind the check that every answer gets. MissingError for a model that is not here."""

    def __init__(self, session: Session) -> None:
        self.strict = bool(session.meta.get(META + STRICT))
        self.entailer = make_entailer(str(session.meta.get(META + MODEL, "")))

    def __call__(self, answer: Answer) -> Answer:
        """The answer with its sources judged again, and without those that do not hold, as far as that was asked."""
        from ragcli import support, uncited

        if self.entailer is not None:
            answer = replace(answer, citations=support.by_inference(answer.text, answer.citations, self.entailer))
        return uncited.strict(answer) if self.strict else answer


def make_entailer(name: str) -> Entailer | None:
    """The model of inference of a name, None for ""."""
    from ragcli import backends

    return backends.create("entailer", f"nli:{name}") if name else None


def refuse(session: Session) -> None:
    """UsageError for a flag of this page where nothing is cited."""
    for key in (STRICT, MODEL):
        if session.meta.get(META + key):
            flag = "--" + key.replace("_", "-")
            raise UsageError(f"{flag} is for answers from documents", f"leave out {flag}")
