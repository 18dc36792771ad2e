"""The nouns: frozen records without behaviour.

Units, everywhere in ragcli: offsets are Unicode code points, half-open, 0-based; pages and lines are
1-based and inclusive; scores are higher-is-better; seconds are named `*_s`, bytes `*_bytes`, tokens
`*_tokens`. A half-filled object is another type, never a field set to None "for now".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ragcli.record import record

Fields = tuple[tuple[str, str], ...]
"""Ordered key/value pairs."""

Span = tuple[int, int]
"""(start, end) of a text: code points, half-open."""


class BlockKind(StrEnum):
    """What a span of extracted text is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    TABLE = "table"
    ROW = "row"
    LIST = "list"
    CODE = "code"


class CitationMode(StrEnum):
    """Cohere's citation modes; `off` is ours (contract 1.6)."""

    ACCURATE = "accurate"
    FAST = "fast"
    OFF = "off"


class SearchMode(StrEnum):
    """Which legs of retrieval are used."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class Outcome(StrEnum):
    """What became of a question; `no_evidence` and `declined` exit with 3. `unsupported`, only where that is asked for,
    exits with 8: a claim has no source that supports it."""

    ANSWERED = "answered"
    NO_EVIDENCE = "no_evidence"
    DECLINED = "declined"
    UNCITED = "uncited"
    UNSUPPORTED = "unsupported"


class FileState(StrEnum):
    """The one state in which a run leaves each file it met."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RENAMED = "renamed"
    REMOVED = "removed"
    NO_TEXT = "no_text"
    SKIPPED = "skipped"
    FAILED = "failed"


class SupportStatus(StrEnum):
    """Whether a source carries the claim that cites it."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"
    UNCHECKED = "unchecked"


class Finish(StrEnum):
    """Why a runtime stopped."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"


class Role(StrEnum):
    """Who speaks in a conversation."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@record
class Block:
    """A structural span of `Parsed.text`; `level` is a heading's depth (1 = top), otherwise 0.

    Blocks are sorted by start; a table's rows lie inside it, nothing else nests. `name` is what a heading is
    called where its text says more ("save" for "def save(self, path):"), else "".
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    name: str = ""


@record
class Page:
    """Where a page starts in the text, and the label printed on it ("iii"), "" if it has none; that of one of UNITS
    names it in full ("slide 2")."""

    start: int
    label: str = ""


UNITS: Final = ("slide ", "sheet ", "cell ")
"""How the labels of pages begin that are things of their own: no sentence runs on from one to the next."""


@record
class Part:
    """A file inside a file, such as an e-mail's attachment: a document of its own, at `<uri of the file>/<name>`.

    `name` is a plain file name, unlike those of the other parts also when case is ignored (`parsers/_wire.py`).
    """

    name: str
    raw: bytes


@record
class Parsed:
    """What a parser makes of a file's bytes.

    `title` is "" when the file states none. `notes` are warnings for the ledger, one short phrase each.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    pages: tuple[Page, ...] = ()
    title: str = ""
    metadata: Fields = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


@record
class Stat:
    """The file-system facts by which an unchanged file is known without reading it."""

    size_bytes: int
    mtime_ns: int
    inode: int
    ctime_ns: int


PIPED: Final = -1
"""`Stat.ctime_ns` of what came through a pipe: no file system knows it, so it cannot vanish from one."""
AGAIN: Final = Stat(0, 0, 0, -2)
"""Of a file whose parts were removed from the index one by one: it is parsed again, changed or not."""
NO_STAT: Final = Stat(0, 0, 0, 0)
"""Of a file that was not read: equal to no real one, so the file is looked at again."""


@record
class File:
    """A file that was read. `uri` is its path, relative to the folder that holds the index where it lies
    inside it, else absolute; bytes that are not UTF-8 are surrogate-escaped. `sha256` is hex."""

    uri: str
    stat: Stat
    sha256: str


@record
class Document:
    """The stored row of a parsed file; its text never changes after storing."""

    id: int
    uri: str
    sha256: str
    title: str
    text: str
    pages: tuple[Page, ...]
    metadata: Fields


@record
class Cut:
    """A span of a document chosen as a snippet, with the headings it lies under ("Size > Height").

    `columns` are those of the table that it begins inside of, below the first row ("Year | Sales"), else "".
    """

    start: int
    end: int
    section: str = ""
    columns: str = ""


@record
class Snippet:
    """The unit of retrieval and citation: `text == document.text[start:end]`.

    `fields` are what the model sees, in order: title, section, columns, metadata, text. `ref` (16 hex) is what
    users see. `pages` are numbers from 1 with `page_labels` as printed, both empty where the format has
    no pages; `lines` are the first and last line of the document's text.
    """

    id: int
    ref: str
    document_id: int
    uri: str
    start: int
    end: int
    text: str
    fields: Fields
    lines: tuple[int, int]
    pages: tuple[int, ...] = ()
    page_labels: tuple[str, ...] = ()


@record
class Scores:
    """A snippet's scores for one question; None where that leg was not used.

    `dense` is the best window's cosine, `lexical` BM25, `fused` the two together; `rerank` is the reranker's, which
    ranks close hits together with `fused`.
    """

    dense: float | None
    lexical: float | None
    fused: float
    rerank: float | None = None


@record
class Hit:
    """A snippet found for a question. `best` is the most relevant span of `snippet.text`, for highlighting; `copies`
    say nearly the same elsewhere."""

    snippet: Snippet
    scores: Scores
    best: Span = (0, 0)
    copies: tuple[Snippet, ...] = ()


@record
class Filters:
    """What a search is limited to, before its top-k: any of the path globs, all of the metadata pairs, and no
    document `without` names by its uri."""

    paths: tuple[str, ...] = ()
    where: Fields = ()
    without: tuple[str, ...] = ()


@record
class Turn:
    """One turn of a conversation, clean text."""

    role: Role
    text: str


@record
class Segment:
    """A piece of a prompt. Only trusted segments may hold control tokens."""

    text: str
    trusted: bool


@record
class Prompt:
    """What a runtime is asked: the exact segments, and the snippets they number (`Document: i`)."""

    question: str
    segments: tuple[Segment, ...]
    snippets: tuple[Snippet, ...]
    mode: CitationMode
    template: str = "rag"


@record
class Sampling:
    """How a runtime draws tokens; temperature 0 is greedy."""

    max_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0


@record
class Piece:
    """The next part of a completion; `finish` is set on the last one only. `confidences`: for each citation that it
    opens, in order, the model's odds (0..1) of opening one there; none from a runtime that knows no odds."""

    text: str
    finish: Finish | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    confidences: tuple[float, ...] = ()


@record
class Evidence:
    """Whether the documents answer at all: a score in 0..1, the verdict, and why in a short phrase."""

    score: float
    enough: bool
    reason: str


@record
class Support:
    """The check of one source against one claim. start/end: the supporting quote in `document.text`."""

    status: SupportStatus
    method: str
    score: float
    start: int
    end: int


@record
class Cited:
    """One source of a citation: its number in the prompt, the snippet, and the check of it."""

    number: int
    snippet: Snippet
    support: Support


@record
class Mark:
    """A citation as the completion gave it: `text[start:end]` of the answer, and prompt numbers."""

    start: int
    end: int
    numbers: tuple[int, ...]


@record
class Citation:
    """A span of the answer and the spans of documents that support it: `answer.text[start:end] == text`."""

    start: int
    end: int
    text: str
    sources: tuple[Cited, ...]
    confidence: float | None = None


@record
class Warn:
    """Something the user should know that stopped nothing: a stable code and a detail."""

    code: str
    detail: str = ""


@record
class Completion:
    """A parsed completion. `relevant` and `cited` are None where the model did not write the line,
    () where it wrote `None`. `text` is clean; marks index it."""

    text: str
    marks: tuple[Mark, ...]
    relevant: tuple[int, ...] | None
    cited: tuple[int, ...] | None
    warnings: tuple[Warn, ...]


@record
class Usage:
    """What an answer cost."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    retrieve_s: float = 0.0
    generate_s: float = 0.0


@record
class Choice:
    """What was asked for ("auto" where nothing was), what is used, and why it is another, "" if it needs no reason."""

    asked: str
    used: str
    why: str = ""


@record
class Model:
    """The weights a runtime answers with. `revision` is the hub's commit and `licence` as stated, "" for none;
    `needs_bytes` was predicted, for a prompt and answer of `context_tokens` together."""

    name: str
    revision: str
    licence: str
    device: str
    dtype: Choice
    quant: Choice
    attention: Choice
    context_tokens: int
    needs_bytes: int


@record
class Answer:
    """Clean text, its citations, the hits it was grounded on, and what became of the question. `dropped`: hits that
    the runtime's context had no room for. `uncited`: its claims without a source; `coverage`: the share of its claims
    that has one, None where it claims nothing or was to cite nothing."""

    question: str
    text: str
    outcome: Outcome
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    evidence: Evidence
    mode: CitationMode
    runtime: str
    relevant: tuple[int, ...] | None = None
    cited: tuple[int, ...] | None = None
    finish: Finish = Finish.STOP
    warnings: tuple[Warn, ...] = ()
    usage: Usage = Usage()
    model: Model | None = None
    dropped: tuple[Hit, ...] = ()
    uncited: tuple[Span, ...] = ()
    coverage: float | None = None


@record
class FileOutcome:
    """The ledger's line for one file: where it ended, why, how many snippets it has, what was noted."""

    uri: str
    state: FileState
    reason: str = ""
    snippets: int = 0
    notes: tuple[str, ...] = ()


@record
class IngestReport:
    """What an ingest did: one outcome a file, in the order met, and what it cost."""

    outcomes: tuple[FileOutcome, ...]
    windows_embedded: int
    windows_reused: int
    seconds_s: float


OFFSET_UNIT: Final = "unicode_code_point"
