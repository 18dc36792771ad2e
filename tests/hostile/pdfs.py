"""PDF files that cost far more than they weigh, lead round in circles, or hide what they say.

Names begin with the case of docs/CASES.md that they stand for.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

FONT: Final = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
CATALOG: Final = "<</Type/Catalog/Pages 2 0 R>>"
PAGES: Final = "<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE: Final = (
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>/XObject<</X 6 0 R>>"
    "/Pattern<</P 6 0 R>>/Shading<</S 6 0 R>>/ExtGState<</G 6 0 R>>>>>>"
)
TEXT: Final = "BT /F1 12 Tf 72 700 Td (The lamp of the harbour) Tj ET\n"
_MB: Final = 1 << 20

Written = str | bytes


def stream(content: Written, entries: str = "", *, length: str = "") -> bytes:
    """A stream object with its length, or with the `length` that it claims."""
    raw = _bytes(content)
    return b"<<%s/Length %s>>stream\n%s\nendstream" % (entries.encode(), (length or str(len(raw))).encode(), raw)


def deflated(block: bytes, times: int) -> bytes:
    """A zlib stream of `block` repeated, made without unpacking it: each copy is the same run of bytes."""
    one = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = one.compress(block) + one.flush(zlib.Z_FULL_FLUSH)
    check = 1
    for _ in range(times):
        check = zlib.adler32(block, check)
    end = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    return b"\x78\xda" + packed * times + end + check.to_bytes(4, "big")


def document(objects: Mapping[int, Written], *, trailer: str = "", before: bytes = b"", xref: bool = True) -> bytes:
    """A PDF of numbered objects with its cross-reference table; `objects` replace those of a page with text."""
    plain: dict[int, Written] = {1: CATALOG, 2: PAGES, 3: PAGE, 4: stream(TEXT), 5: FONT}
    out = bytearray(before + b"%PDF-1.7\n")
    places: dict[int, int] = {}
    for number, content in sorted({**plain, **objects}.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, _bytes(content))
    size = max(places) + 1
    if xref:
        start = len(out)
        lines = (f"{places[n]:010} 00000 n \n" if n in places else "0000000000 65535 f \n" for n in range(size))
        out += f"xref\n0 {size}\n{''.join(lines)}".encode()
        out += f"trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    else:
        out += f"trailer\n<</Size {size}/Root 1 0 R{trailer}>>\n%%EOF\n".encode()
    return bytes(out)


def _bytes(written: Written) -> bytes:
    return written if isinstance(written, bytes) else written.encode("latin-1")


def _page_of(content: Written, filters: str) -> bytes:
    """A page whose content stream is packed."""
    return document({4: stream(content, f"/Filter {filters}")})


def _with(resource: Written, drawn: str = "/X Do", **more: Written) -> bytes:
    """A page with text that draws object 6."""
    extra = {int(number[1:]): content for number, content in more.items()}
    return document({4: stream(TEXT + drawn), 6: resource, **extra})


def _lzw(codes: int) -> bytes:
    """Codes that each repeat the longest word of a table of zeros: 3,839 bytes for 12 bits."""
    bits: list[str] = []
    width, table = 9, 258
    for code in (256, 0, *range(258, 4096)):
        bits.append(f"{code:0{width}b}")
        table += code not in (256, 0)
        width = 12 if table >= 2047 else 11 if table >= 1023 else 10 if table >= 511 else 9
    joined = "".join(bits) + f"{4095:012b}" * codes
    joined += "0" * (-len(joined) % 8)
    return int(joined, 2).to_bytes(len(joined) // 8, "big")


def _many_pages(kids: str, count: int) -> str:
    return f"<</Type/Pages/Kids[{kids}]/Count {count}>>"


def shared_stream(pages: int = 2000) -> bytes:
    """Pages that all show one heavy stream."""
    heavy = stream(deflated(TEXT.encode() * 1000, 20), "/Filter/FlateDecode")
    numbers = range(10, 10 + pages)
    page = PAGE.replace("6 0 R", "5 0 R")
    return document(
        {2: _many_pages(" ".join(f"{n} 0 R" for n in numbers), pages), 4: heavy, **dict.fromkeys(numbers, page)}
    )


def _kids_deep(depth: int = 5000) -> bytes:
    nodes = {n: f"<</Type/Pages/Parent {n - 1} 0 R/Kids[{n + 1} 0 R]/Count 1>>" for n in range(10, 10 + depth)}
    return document({2: _many_pages("10 0 R", 1), **nodes, 10 + depth: PAGE})


def _laughs(levels: int = 9) -> bytes:
    """Forms that each draw the next ten times."""
    forms: dict[int, Written] = {}
    for level in range(levels):
        inner = "/X Do " * 10 if level < levels - 1 else TEXT
        box = "/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources"
        forms[6 + level] = stream(inner, f"{box}<</XObject<</X {7 + level} 0 R>>/Font<</F1 5 0 R>>>>")
    return document({4: stream("/X Do"), **forms})


def _font(entries: str, **more: Written) -> bytes:
    extra = {int(number[1:]): content for number, content in more.items()}
    return document({5: f"<</Type/Font{entries}>>", **extra})


def _cid(entries: str, **more: Written) -> bytes:
    """A page in a composite font whose descendant has these entries."""
    system = "/CIDSystemInfo<</Registry(A)/Ordering(B)/Supplement 0>>"
    descendant = f"<</Type/Font/Subtype/CIDFontType2/BaseFont/A{system}{entries}>>"
    return _font("/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[7 0 R]", n7=descendant, **more)


def _to_unicode(ranges: str) -> bytes:
    cmap = f"begincmap 1 begincodespacerange <00><FFFFFFFF> endcodespacerange {ranges} endcmap"
    return _font("/Subtype/Type1/BaseFont/Helvetica/ToUnicode 7 0 R", n7=stream(cmap))


def _xref_stream(entries: str, rows: bytes = b"") -> bytes:
    body = document({}, xref=False).rpartition(b"trailer")[0]
    table = b"9 0 obj\n" + stream(rows, f"/Type/XRef/Root 1 0 R{entries}") + b"\nendobj\n"
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)


def _object_stream(entries: str, content: Written) -> bytes:
    """A file whose font lies in an object stream, as a table of type 2 says."""
    body = bytearray(b"%PDF-1.7\n")
    places = {}
    objects: dict[int, Written] = {1: CATALOG, 2: PAGES, 3: PAGE, 4: stream(TEXT)}
    objects[8] = stream(content, f"/Type/ObjStm{entries}")
    for number, written in objects.items():
        places[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, _bytes(written))
    rows = b"".join(
        bytes((1, *places[n].to_bytes(4, "big"), 0)) if n in places else bytes((2, 0, 0, 0, 8, 0)) for n in range(9)
    )
    table = b"9 0 obj\n" + stream(rows, "/Type/XRef/Root 1 0 R/Size 9/W[1 4 1]") + b"\nendobj\n"
    return bytes(body) + table + b"startxref\n%d\n%%%%EOF\n" % len(body)


def _predicted(parameters: str, content: bytes) -> bytes:
    return document({4: stream(zlib.compress(content), f"/Filter/FlateDecode/DecodeParms<<{parameters}>>")})


def _boxed(box: str, more: str = "") -> bytes:
    return document({3: PAGE.replace("[0 0 612 792]", box).replace("/Type/Page/", f"/Type/Page{more}/")})


def _catalog(entries: str, **more: Written) -> bytes:
    extra = {int(number[1:]): content for number, content in more.items()}
    return document({1: f"<</Type/Catalog/Pages 2 0 R{entries}>>", **extra})


def hidden_text() -> bytes:
    """Text that no reader sees: white, of no size, off the page, in render mode 3."""
    shown = TEXT + "BT 1 1 1 rg /F1 12 Tf 72 650 Td (white instruction) Tj ET\n"
    shown += (
        "BT /F1 0.1 Tf 72 600 Td (tiny instruction) Tj ET\nBT 3 Tr /F1 12 Tf 72 550 Td (unseen instruction) Tj ET\n"
    )
    return document({4: stream(shown + "BT 0 Tr /F1 12 Tf 9000 9000 Td (far instruction) Tj ET\n")})


def controls() -> bytes:
    """Text whose font says that its letters are escape, NUL, a control token and a right-to-left override."""
    turn = "".join(f"{ord(letter):04X}" for letter in "<|END_OF_TURN_TOKEN|>")
    mapped = f"4 beginbfchar <61><001B> <62><0000> <63><{turn}> <64><202E> endbfchar"
    cmap = f"begincmap 1 begincodespacerange <00><FF> endcodespacerange {mapped} endcmap"
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 7 0 R>>"
    shown = "BT /F1 12 Tf 72 700 Td (The lamp abcd of the harbour) Tj ET"
    return document({4: stream(shown), 5: font, 7: stream(cmap)})


def active() -> bytes:
    """Actions that a viewer might carry out: a script, a program, a link, a form that is sent."""
    script = "/OpenAction<</S/JavaScript/JS(app.launchURL\\(\\(http://127.0.0.1:9/x\\)\\))>>"
    more = "/AA<</WC<</S/Launch/F(/bin/sh)>>>>/AcroForm<</XFA 7 0 R/Fields[]>>"
    xfa = stream("<xdp><submit target='http://127.0.0.1:9/'/></xdp>")
    return _catalog(script + more, n7=xfa)


def one_bad_page(pages: int = 10) -> bytes:
    """Pages of text, the fifth of which is none."""
    numbers = range(10, 10 + pages)
    listed = {n: "<</Type/Page/Parent 2 0 R/Contents 999 0 R>>" if n == 14 else PAGE for n in numbers}
    return document({2: _many_pages(" ".join(f"{n} 0 R" for n in numbers), pages), **listed})


def _bare_objects(count: int) -> bytes:
    return document({n: "null" for n in range(10, 10 + count)}, xref=False)


_LONG: Final = "(" + "lamp " * 50_000 + ") Tj "
_FORM: Final = "/Type/XObject/Subtype/Form/BBox[0 0 612 792]"
_IMAGE: Final = "/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 8"

BOMBS: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType({
    # streams that unpack to far more than they are
    "PDF1-flate-1-gb": lambda: _page_of(deflated(b" " * _MB, 1024), "/FlateDecode"),
    "PDF2-flate-twice": lambda: _page_of(zlib.compress(deflated(b" " * _MB, 512), 9), "[/FlateDecode/FlateDecode]"),
    "PDF3-lzw": lambda: _page_of(_lzw(60_000), "/LZWDecode"),
    "PDF3-run-length": lambda: _page_of(zlib.compress(b"\x81 " * (2 * _MB), 9), "[/FlateDecode/RunLengthDecode]"),
    "PDF3-hex": lambda: _page_of(deflated(b"20" * _MB, 64), "[/FlateDecode/ASCIIHexDecode]"),
    "PDF3-base-85": lambda: _page_of(deflated(b"z" * _MB, 64), "[/FlateDecode/ASCII85Decode]"),
    "PDF3-500-filters": lambda: _page_of(zlib.compress(TEXT.encode()), "[" + "/FlateDecode" * 500 + "]"),
    "PDF4-30-mb-of-text": lambda: _page_of(deflated(TEXT.encode() * 1000, 530), "/FlateDecode"),
    "PDF4-string-70-mb": lambda: _page_of(deflated(b"lamp " * 200_000, 70), "/FlateDecode"),
    "PDF4-one-string": lambda: _page_of(zlib.compress(f"BT /F1 12 Tf {_LONG * 40} ET".encode(), 9), "/FlateDecode"),
    "PDF4-hex-string": lambda: _page_of(deflated(b"<" + b"6C616D7020" * 100_000 + b"> Tj ", 32), "/FlateDecode"),
    # one thing shown many times
    "PDF5-shared-stream": shared_stream,
    "PDF6-one-page-90000-times": lambda: document({2: _many_pages("3 0 R " * 90_000, 90_000)}),
    "PDF6-contents-100000": lambda: document({3: PAGE.replace("4 0 R", f"[{'4 0 R ' * 100_000}]")}),
    "PDF8-forms": _laughs,
    "PDF8-form-draws-itself": lambda: _with(stream("/X Do", f"{_FORM}/Resources<</XObject<</X 6 0 R>>>>")),
    "PDF8-pattern-of-itself": lambda: _with(
        stream("/Pattern cs /P scn 0 0 9 9 re f", "/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep .001"
               "/YStep .001/Resources<</Pattern<</P 6 0 R>>>>"), "/Pattern cs /P scn 0 0 600 700 re f"),
    "PDF8-mask-of-itself": lambda: _with("<</SMask<</S/Alpha/G 7 0 R>>>>", "/G gs", n7=stream(
        "/G gs 0 0 9 9 re f", f"{_FORM}/Group<</S/Transparency>>/Resources<</ExtGState<</G 6 0 R>>>>")),
    # rings and depths
    "PDF7-kids-ring": lambda: document({2: _many_pages("2 0 R 3 0 R", 2)}),
    "PDF7-kids-deep": _kids_deep,
    "PDF7-parent-ring": lambda: document({2: "<</Type/Pages/Parent 2 0 R/Kids[3 0 R]/Count 1>>", 3: PAGE.replace(
        "/MediaBox[0 0 612 792]", "")}),
    "PDF7-prev-ring": lambda: document({}, trailer="/Prev 9") .replace(b"/Prev 9", b"/Prev %d" % document(
        {}, trailer="/Prev 9").rindex(b"xref\n0")),
    "PDF7-outline-ring": lambda: _catalog("/Outlines 7 0 R", n7="<</First 8 0 R/Last 8 0 R/Count 1>>",
                                          n8="<</Title(a)/Parent 7 0 R/Next 8 0 R/First 8 0 R/Dest[3 0 R/Fit]>>"),
    "PDF7-labels-ring": lambda: _catalog("/PageLabels 7 0 R", n7="<</Kids[7 0 R]>>"),
    "PDF7-labels-roman": lambda: _catalog("/PageLabels<</Nums[0<</S/r/St 2147483647>>]>>"),
    "PDF7-labels-letters": lambda: _catalog("/PageLabels<</Nums[0<</S/a/St 2147483647>>]>>"),
    "PDF7-files-ring": lambda: _catalog("/Names<</EmbeddedFiles 7 0 R>>", n7="<</Kids[7 0 R 7 0 R]>>"),
    "PDF7-contents-ring": lambda: document({4: "[4 0 R 4 0 R]"}),
    "PDF7-references": lambda: document({3: PAGE.replace("[0 0 612 792]", " 7 0 R"), 7: "8 0 R", 8: "7 0 R"}),
    "PDF9-arrays": lambda: document({4: stream("[" * 200_000)}),
    "PDF9-objects-in-arrays": lambda: _catalog("/Deep " + "[" * 200_000),
    "PDF9-dictionaries": lambda: _catalog("/A" + "<</A" * 100_000),
    # lengths and numbers that lie
    "PDF10-length-huge": lambda: document({4: stream(TEXT, length="99999999999")}),
    "PDF10-length-missing": lambda: document({4: b"<<>>stream\n%s\nendstream" % TEXT.encode()}),
    "PDF10-length-of-itself": lambda: document({4: stream(TEXT, length="4 0 R")}),
    "PDF10-length-negative": lambda: document({4: stream(TEXT, length="-1")}),
    "PDF12-number": lambda: document({4: stream("9" * 1_000_000 + " 0 Td" + TEXT)}),
    "PDF12-name": lambda: document({4: stream("/" + "a" * 10_000_000 + " gs " + TEXT)}),
    "PDF12-parentheses": lambda: document({4: stream("BT " + "(" * 1_000_000 + " Tj")}),
    "PDF12-comments": lambda: _page_of(deflated(b"%\n" * 500_000, 15), "/FlateDecode"),
    "PDF12-saved-states": lambda: _page_of(deflated(b"q " * 500_000, 10), "/FlateDecode"),
    # fonts
    "PDF11-unicode-range": lambda: _to_unicode("1 beginbfrange <00000000><FFFFFFFF><0041> endbfrange"),
    "PDF11-unicode-ranges": lambda: _to_unicode("30000 beginbfrange " + "<0000><FFFF><0041> " * 30_000 + "endbfrange"),
    "PDF11-long-ligature": lambda: _to_unicode("1 beginbfchar <61><" + "0061" * 100_000 + "> endbfchar"),
    "PDF11-map-uses-itself": lambda: _font("/Subtype/Type0/BaseFont/A/Encoding 7 0 R/DescendantFonts[5 0 R]", n7=stream(
        "begincmap endcmap", "/Type/CMap/CMapName/A/UseCMap 7 0 R")),
    "PDF11-widths": lambda: _cid("/W[0 2000000000 500 5 2000000000 7]"),
    "PDF11-width-list": lambda: _cid(f"/W[0[{'500 ' * 500_000}]]"),
    "PDF11-first-char": lambda: _font(
        "/Subtype/TrueType/BaseFont/A/FirstChar -2147483648/LastChar 2147483647/Widths[1]"),
    "PDF11-drawn-font-of-itself": lambda: _font(
        "/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 97/LastChar 97/Widths[1]"
        "/CharProcs<</a 7 0 R>>/Encoding<</Differences[97/a]>>/Resources<</Font<</F1 5 0 R>>>>",
        n7=stream("1 0 d0 BT /F1 1 Tf (aaaaaaaaaa) Tj ET")),
    "PDF11-font-program": lambda: _font("/Subtype/TrueType/BaseFont/A/FontDescriptor 7 0 R", n8=stream(
        deflated(b"\0" * _MB, 500), "/Filter/FlateDecode/Length1 500000000"),
        n7="<</Type/FontDescriptor/FontName/A/Flags 4/FontFile2 8 0 R>>"),
    # tables of objects
    "PDF14-no-table-300000-objects": lambda: _bare_objects(300_000),
    "PDF14-garbage-before": lambda: document({}, before=b"\0garbage " * 1_200_000),
    "PDF14-table-size": lambda: document({}).replace(b"xref\n0 6", b"xref\n0 2147483647"),
    "PDF14-table-stream": lambda: _xref_stream("/Size 2147483647/W[1 4 1]/Index[0 2147483647]", b"\1" * 600),
    "PDF14-table-widths": lambda: _xref_stream("/Size 9/W[2147483647 2147483647 2147483647]", b"\1" * 600),
    "PDF14-table-of-nothing": lambda: _xref_stream("/Size 2147483647/W[0 0 0]", b"\1"),
    "PDF14-objects-count": lambda: _object_stream("/N 2147483647/First 4", "5 0 " + FONT),
    "PDF14-objects-first": lambda: _object_stream("/N 1/First -99", "5 0 " + FONT),
    "PDF14-objects-extend-themselves": lambda: _object_stream("/N 1/First 4/Extends 8 0 R", "5 0 8 0 R"),
    "PDF14-objects-inflate": lambda: _object_stream(
        "/N 1/First 4/Filter/FlateDecode", deflated(b"5 0 " + b" " * _MB, 300)),
    # predictors, boxes, pictures, functions
    "PDF3-predictor-columns": lambda: _predicted("/Predictor 15/Columns 2147483647/Colors 32", b"\2" * 5000),
    "PDF3-predictor-one-column": lambda: _predicted("/Predictor 12/Columns 1", b"\2 " * (4 * _MB)),
    "PDF3-predictor-bits": lambda: _predicted("/Predictor 2/Columns 9/BitsPerComponent -8/Colors -1", b" " * 999),
    "PDF8-box-huge": lambda: _boxed("[0 0 1e38 1e38]", "/UserUnit 1e30"),
    "PDF8-box-of-letters": lambda: _boxed("[(a)/b null []]"),
    "PDF8-box-turned": lambda: _boxed("[612 792 -1e9 -1e9]", "/Rotate 99999999999"),
    "PDF8-picture": lambda: _with(stream(deflated(b"\0" * _MB, 256),
                                         f"{_IMAGE}/Width 100000/Height 100000/Filter/FlateDecode")),
    "PDF8-picture-jbig2": lambda: _with(
        stream(b"\xff" * 9000, f"{_IMAGE}/Width 65535/Height 65535/Filter/JBIG2Decode")),
    "PDF8-function-of-itself": lambda: _with(
        "<</ShadingType 1/ColorSpace/DeviceGray/Function 7 0 R>>", "/S sh",
        n7="<</FunctionType 3/Domain[0 1]/Functions[7 0 R 7 0 R]/Bounds[.5]/Encode[0 1 0 1]>>"),
    "PDF8-function-samples": lambda: _with(
        "<</ShadingType 1/ColorSpace/DeviceGray/Function 7 0 R>>", "/S sh",
        n7=stream("x", "/FunctionType 0/Domain[0 1 0 1]/Range[0 1]/Size[2147483647 2147483647]/BitsPerSample 32")),
    "PDF13-picture-without-end": lambda: document({4: stream("BI /W 9 /H 9 ID " + "x" * 3_000_000)}),
    "PDF13-pictures": lambda: document({4: stream("BI /W 1 /H 1 /BPC 8 /CS /G ID x EI " * 100_000 + TEXT)}),
    "PDF15-key-of-zeros": lambda: document({}, trailer="/Encrypt<</Filter/Standard/V 5/R 6/Length 256/P -1/O<00>/U<00>"
                                           "/OE<00>/UE<00>/Perms<00>/CF<</StdCF<</CFM/AESV3>>>>/StmF/StdCF/StrF/StdCF>>"
                                           "/ID[<00><00>]"),
    "PDF15-crypt-filter": lambda: _page_of(TEXT, "[/Crypt/Crypt/Crypt]"),
})  # fmt: skip
"""Name -> a file that must be read or refused within its budget."""
