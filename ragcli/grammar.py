"""The grammar of a completion (contract 4.1): an automaton over characters that can always be brought to an end.

    accurate: Relevant Documents: 0,1 / Cited Documents: 0 / Answer: text / Grounded answer: te<co: 0>xt</co: 0>
    fast: the same without `Answer:`; off: without `Grounded answer:`

Numbers are of the prompt's documents, each once a list; tags cite those under `Cited Documents:` (accurate) or any
(fast), hold text that begins with no space, and do not nest. In accurate mode the grounded answer is the answer,
copied, with tags. Text never holds what `citations.Parser` reads as a tag, a header or the end token.
"""

from __future__ import annotations

from typing import Final

from ragcli.marks import ESCAPE, Ids
from ragcli.markup import forbidden, guarded, unfinished, watched
from ragcli.states import CLOSING, OPENING, Part, Source, State, closable
from ragcli.types import CitationMode

ANSWER_HEADER: Final = "Answer: "
_HEADER: Final = "Grounded answer:"


class Grammar:
    """The automaton for a mode and a number of documents; pure, so one serves many completions."""

    def __init__(self, mode: CitationMode, documents: int) -> None:
        self.mode = mode
        self.documents = documents
        self.start = State(Part.LIST, "Relevant Documents: ")

    def step(self, state: State, char: str) -> State | None:
        """The state after one more character; None where it may not come."""
        if state.literal:
            return state._replace(literal=state.literal[1:]) if char == state.literal[0] else None
        if state.part in (Part.LIST, Part.OPEN):
            return self._listed(state, char)
        if state.part is Part.COPY:
            return _copied(state, char)
        if state.part is Part.END or char == ESCAPE or (state.fresh and char.isspace()):
            return None
        return self._answered(state, char) if state.part is Part.ANSWER else _marked(state, char)

    def choices(self, state: State) -> str | None:
        """The characters that may come next; None in free text, where nearly all may."""
        if state.literal:
            return state.literal[0]
        if state.part in (Part.ANSWER, Part.MARKED):
            return None
        if state.part is Part.END:
            return ""
        tried = "0123456789,\n>N"
        if state.part is Part.COPY:
            text = state.source.text if state.source else ""
            tried = "".join(dict.fromkeys("</co:" + text[state.at + len(state.guard) :][:1]))
        return "".join(char for char in tried if self.step(state, char) is not None)

    def ended(self, state: State) -> bool:
        """Whether the completion may end here."""
        if state.part is Part.COPY:
            return _copied_whole(state) and not (state.inside or state.literal)
        if state.part is Part.END:
            return True
        last = Part.ANSWER if self.mode is CitationMode.OFF else Part.MARKED
        return state.part is last and not state.inside and closable(state)

    def copying(self, state: State, answer: str) -> State:
        """The state behind `Grounded answer:` with the text that is to be copied."""
        return state._replace(source=Source(answer))

    def forced(self, state: State) -> str:
        """What must come, up to where there is a choice.

        Spaces at its end are left to the choice behind, as tokens begin with them. Single characters of a copy
        do not count: a tag may come between any two, and the model's own tokens run over them.
        """
        run: list[str] = []
        at: State | None = state
        while at is not None and not self.ended(at):
            ahead = self._only(at)
            if not ahead:
                break
            run.append(ahead)
            at = self._run(at, ahead)
        text = "".join(run)
        return text if at is not None and self.ended(at) else text.rstrip()

    def _only(self, state: State) -> str:
        if state.literal:
            return state.literal
        if state.part in (Part.LIST, Part.OPEN):
            choices = self.choices(state) or ""
            return choices if len(choices) == 1 else ""
        if state.part is not Part.COPY or state.source is None:
            return ""
        if not state.source.text.startswith(state.guard, state.at):
            return (CLOSING if state.inside else OPENING)[len(state.guard) :]
        free = not (state.inside or state.guard or (state.tags and state.cited))
        return self.hurry(state) if free or _copied_whole(state) else ""

    def guess(self, state: State) -> str:
        """What is likely to come: a draft to be verified, never a rule."""
        rest = state.source.text[state.at :] if state.source else ""
        if state.part is Part.LIST and state.field == 1 and not (state.written or state.digits):
            return f"{state.literal}{_joined(state.relevant) or 'None'}\n"
        if state.part is Part.OPEN:
            numbers = "" if state.written or state.digits else _joined(state.last or state.cited[:1])
            return f"{state.literal}{numbers}>{rest}"
        if state.part is Part.COPY:
            return "" if state.guard else state.literal + rest
        if state.part is Part.ANSWER and (state.header or state.before == "\n"):
            return _HEADER[state.header :]
        if state.part is Part.MARKED and state.guard and state.inside and CLOSING.startswith(state.guard):
            return CLOSING[len(state.guard) :]
        if state.part is Part.MARKED and state.guard and not state.inside and OPENING.startswith(state.guard):
            return f"{OPENING[len(state.guard) :]} {_joined(state.last or state.cited[:1])}>"
        return ""

    def hurry(self, state: State) -> str:
        """A short way out of the list or the answer; from the grounded text, to the end of the completion."""
        way: list[str] = []
        at: State | None = state
        while at is not None and (ahead := self._soonest(at)):
            way.append(ahead)
            at = self._run(at, ahead)
            if at and state.part in (Part.LIST, Part.ANSWER) and (at.part, at.field) != (state.part, state.field):
                break
        return "".join(way)

    def _soonest(self, state: State) -> str:
        if state.literal:
            return state.literal
        if state.part in (Part.LIST, Part.OPEN):
            return next(char for char in "\n>N0123456789" if self.step(state, char))
        if state.part is Part.COPY and state.source is not None:
            tag = CLOSING if state.inside else OPENING
            if not state.source.text.startswith(state.guard, state.at):
                return tag[len(state.guard) :]
            return state.source.text[state.at + len(state.guard) :] or (tag if state.inside else "")
        if state.part is Part.MARKED and state.inside and not state.fresh and CLOSING.startswith(state.guard):
            return CLOSING[len(state.guard) :]
        if state.part in (Part.ANSWER, Part.MARKED) and (state.fresh or state.inside or unfinished(state.guard)):
            return "."
        return f"\n{_HEADER}" if state.part is Part.ANSWER and self.mode is not CitationMode.OFF else ""

    def _run(self, state: State, text: str) -> State | None:
        at: State | None = state
        for char in text:
            at = self.step(at, char) if at else None
        return at

    def _left(self, state: State) -> list[int]:
        pool = state.cited if state.part is Part.OPEN else range(self.documents)
        return [number for number in pool if number not in state.written]

    def _listed(self, state: State, char: str) -> State | None:
        """A character of a list: of a header's line, or of an opening tag."""
        is_tag = state.part is Part.OPEN
        if char == "N" and not (is_tag or state.written or state.digits):
            after = self._behind_list(state, ())
            return after._replace(literal=f"one\n{after.literal}")
        rest = [str(number) for number in self._left(state)]
        if char in "0123456789":
            digits = state.digits + char
            return state._replace(digits=digits) if any(number.startswith(digits) for number in rest) else None
        if state.digits not in rest:
            return None
        written = (*state.written, int(state.digits))
        if char == "," and len(rest) > 1:
            return state._replace(written=written, digits="")
        if char != (">" if is_tag else "\n"):
            return None
        if not is_tag:
            return self._behind_list(state, written)
        part = Part.COPY if state.source else Part.MARKED
        return state._replace(part=part, written=(), digits="", inside=written, last=written, fresh=True, guard="")

    def _behind_list(self, state: State, numbers: Ids) -> State:
        if state.field == 0:
            return State(Part.LIST, "Cited Documents: ", field=1, relevant=numbers)
        if self.mode is CitationMode.FAST:
            return State(Part.MARKED, f"{_HEADER} ", cited=tuple(range(self.documents)))
        return State(Part.ANSWER, ANSWER_HEADER, cited=numbers)

    def _answered(self, state: State, char: str) -> State | None:
        """A character of `Answer:`'s text; the header that ends it leads to the copy."""
        guard = guarded(state.guard, char)
        if forbidden(guard) or (char == "\n" and unfinished(guard)):
            return None
        before, header = state.before, state.header
        if header and char != _HEADER[header]:
            before, header = ("." if _HEADER[header - 1] != " " else ""), 0
        if char == _HEADER[header] and before:
            if header + 1 < len(_HEADER):
                return state._replace(fresh=False, guard=guard, before=before, header=header + 1)
            if before != "\n":
                return None
            part, literal = (Part.END, "") if self.mode is CitationMode.OFF else (Part.COPY, " ")
            return State(part, literal, cited=state.cited)
        return state._replace(fresh=False, guard=guard, before=watched(before, char), header=0)


def _copied_whole(state: State) -> bool:
    text, end = (state.source.text, state.at + len(state.guard)) if state.source else ("", -1)
    return end == len(text) and text.endswith(state.guard)


def _marked(state: State, char: str) -> State | None:
    """A character of free grounded text."""
    guard = guarded(state.guard, char)
    if guard == OPENING:
        may = state.tags and state.cited and not state.inside
        return state._replace(part=Part.OPEN, literal=" ", guard="") if may else None
    if guard == CLOSING:
        may_close = state.inside and not state.fresh
        return state._replace(literal=f" {_joined(state.inside)}>", inside=(), guard="") if may_close else None
    if forbidden(guard) or (char == "\n" and unfinished(guard)):
        return None
    return state._replace(fresh=state.fresh and guard != "", guard=guard)


def _copied(state: State, char: str) -> State | None:
    """A character of the copy: the answer's next one, or one of a tag. While both may be, `at` waits at the `<`."""
    if state.source is None:
        return None
    text, at = state.source.text, state.at
    tag = _tag(state)
    guard = state.guard + char
    if tag == guard:
        if state.inside:
            return state._replace(literal=f" {_joined(state.inside)}>", inside=(), guard="")
        return state._replace(part=Part.OPEN, literal=" ", guard="")
    if tag.startswith(guard):
        return state._replace(guard=guard)
    if not text.startswith(state.guard, at):
        return None
    if state.guard:
        return _copied(state._replace(at=at + len(state.guard), guard="", fresh=False), char)
    return state._replace(at=at + 1, fresh=False) if text[at : at + 1] == char else None


def _tag(state: State) -> str:
    """The tag that may begin at `at` of the copy, "" if none may."""
    if state.source is None or not state.source.quiet[state.at]:
        return ""
    if state.inside:
        return "" if state.fresh else CLOSING
    ahead = state.source.text[state.at : state.at + 1]
    return OPENING if state.tags and state.cited and ahead and not ahead.isspace() else ""


def _joined(numbers: Ids) -> str:
    return ",".join(map(str, numbers))
