"""The text of an HTML page or fragment by selectolax (lexbor), for every format that holds HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ragcli.errors import UnreadableFile
from ragcli.parsers._blocks import capped, filled
from ragcli.parsers._flow import CLOSING, Flow
from ragcli.types import Block, BlockKind, Fields, Parsed

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_DATA_URI: Final = re.compile(r"data:[\w/+.;=-]{0,100}base64,[A-Za-z0-9+/=%]{40,}")
_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w-]{0,30})([^<>]*)")
_DEEPEST: Final = 1000  # lexbor is quadratic in depth (10,000 open divs 0.2 s, 100,000 46 s); browsers stop at 512
_ATTRIBUTES: Final = 1000  # and in the attributes of one tag
_OPENING: Final = re.compile(r"<[A-Za-z](?:[^<>=]++|<(?!/(?:script|style))|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+", re.I)
_QUOTED: Final = re.compile(r"=\s*+(?:\"[^\"]*+\"|'[^']*+')")
_APART: Final = re.compile(r"[\s/\"']+")
_UNCLOSED: Final = frozenset(
    "br hr img input meta link p li tr td th dt dd option wbr source col base area param".split()
)
_VALUE_CHARS: Final = 1000
_DROPPED: Final = frozenset(
    "script style noscript template head iframe object embed svg canvas audio video map select datalist textarea"
    " annotation annotation-xml".split()
)
_AROUND: Final = frozenset(("header", "footer", "aside"))  # boilerplate, unless inside the content
_AROUND_ROLES: Final = frozenset(("navigation", "banner", "contentinfo", "search", "complementary"))
_HIDDEN_STYLE: Final = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)
_META_KEYS: Final = {
    "author": "author",
    "article:author": "author",
    "dc.creator": "author",
    "citation_author": "author",
    "date": "date",
    "dc.date": "date",
    "dcterms.date": "date",
    "article:published_time": "date",
    "citation_publication_date": "date",
    "description": "description",
    "og:description": "description",
}


def read(source: str) -> Parsed:
    """What a person would see of a page: blocks on lines of their own, cells joined with " | ", nothing run or
    fetched. Raises UnreadableFile where the parser gives up."""
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    if not source.strip():
        return Parsed(text="")
    try:
        tree = LexborHTMLParser(_shallow(source))
    except (SelectolaxError, ValueError) as error:
        raise UnreadableFile(f"not HTML: {error}") from error
    flow = Flow()
    body = tree.body or tree.root
    if body is not None:
        _write(flow, body, tree.css_first("main, article, [role=main]") is not None)
    text, found = flow.close()
    text, notes = _without_data_uris(text)
    blocks, capped_notes = capped(text, filled(text, found))
    return Parsed(text, blocks, (), _title(tree, text, blocks), _metadata(tree), (*notes, *capped_notes))


def _shallow(source: str) -> str:
    """`source` without the opening tags that nest deeper than any honest page, and without a crowd of attributes."""
    source = _OPENING.sub(_without_crowd, source)
    if source.count("<") <= _DEEPEST:
        return source
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth
        if match[2].lower() in _UNCLOSED or match[3].endswith("/"):
            return match[0]
        depth = max(0, depth - 1) if match[1] else depth + 1
        return match[0] if depth <= _DEEPEST else "<br"

    return _TAG.sub(keep, source)


def _without_crowd(match: re.Match[str]) -> str:
    """An opening tag up to its ">"; of one with too many attributes the name alone."""
    tag = match[0]
    if len(tag) <= 2 * _ATTRIBUTES or sum(1 for _ in _APART.finditer(_QUOTED.sub(" ", tag))) <= _ATTRIBUTES:
        return tag
    name = _TAG.match(tag)
    return f"<{name[2]}" if name else tag


def _write(flow: Flow, body: LexborNode, has_content: bool) -> None:
    """Walks the tree with a stack of its own: pages may nest deeper than Python recurses."""
    stack: list[tuple[LexborNode, str, bool]] = [(body, "", False)]
    while stack:
        node, closing, in_content = stack.pop()
        if closing:
            flow.leave(closing)
            continue
        tag = node.tag or ""
        if tag == "-text":
            flow.text(node.text_content or "")
            continue
        if tag.startswith(("-", "_", "!")) or tag in _DROPPED:
            continue
        attributes = node.attributes if tag not in ("br", "tr") else {}
        if _hidden(attributes) or (has_content and _around(tag, attributes, in_content)):
            continue
        flow.enter(tag, attributes.get("role") or "")
        if tag in CLOSING:
            stack.append((node, tag, in_content))
        inside = in_content or tag in ("main", "article") or attributes.get("role") == "main"
        child = node.last_child
        while child is not None:
            stack.append((child, "", inside))
            child = child.prev


def _hidden(attributes: Mapping[str, str | None]) -> bool:
    if not attributes:
        return False
    return (
        ("hidden" in attributes and attributes["hidden"] != "until-found")
        or attributes.get("aria-hidden") == "true"
        or _HIDDEN_STYLE.search((attributes.get("style") or "")[:_VALUE_CHARS]) is not None
    )


def _around(tag: str, attributes: Mapping[str, str | None], in_content: bool) -> bool:
    """Whether this is what surrounds the content of a page that marks its content."""
    if tag == "nav" or attributes.get("role") == "navigation":
        return True
    return not in_content and (tag in _AROUND or attributes.get("role") in _AROUND_ROLES)


def _without_data_uris(text: str) -> tuple[str, tuple[str, ...]]:
    """Each `data:` URI's payload blanked out in place, so that no block moves."""
    if ";base64," not in text:
        return text, ()
    text, count = _DATA_URI.subn(lambda match: " " * len(match[0]), text)
    return text, (f"{count} data: URIs left out",) if count else ()


def _title(tree: LexborHTMLParser, text: str, blocks: tuple[Block, ...]) -> str:
    node = tree.css_first("head title")
    stated = " ".join((node.text() if node else "").split()).replace("\0", "")
    headings = (block for block in blocks if block.kind is BlockKind.HEADING and block.level == 1)
    first = next((text[block.start : block.end] for block in headings), "")
    return (stated or " ".join(first.split()))[:_VALUE_CHARS]


def _metadata(tree: LexborHTMLParser) -> Fields:
    fields = dict(_meta_tags(tree))
    root = tree.css_first("html")
    lang = (root.attributes.get("lang") or "").strip() if root else ""
    if lang:
        fields["lang"] = lang
    return tuple(
        (key, fields[key][:_VALUE_CHARS]) for key in ("lang", "author", "date", "description") if key in fields
    )


def _meta_tags(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    """(key, value), the preferred one of each key last."""
    for node in reversed(tree.css("meta[content]")[:500]):
        attributes = node.attributes
        name = (attributes.get("name") or attributes.get("property") or "").lower()
        value = " ".join((attributes.get("content") or "").split())
        if name in _META_KEYS and value:
            yield _META_KEYS[name], value
