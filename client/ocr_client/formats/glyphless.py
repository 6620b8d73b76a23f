"""A PDF font for text that is searched and copied but not seen: its letters have a code point and no shape.

So one small font serves every script. Tesseract's searchable PDFs are made the same way: with a composite font
(ISO 32000, 9.7) whose glyphs have no ink.
"""

import struct
from collections.abc import Sequence

import pydyf

from ocr_client.formats.letters import width_em

UNITS_PER_EM = 1000
# With the 64th that PDFium adds to it, the whole em.
GLYPH_HEIGHT = 985
# Of `beginbfchar`: ISO 32000, 9.10.3.
CODES_PER_BLOCK = 100

NAME: dict[str, object] = {"Type": "/Font", "BaseFont": "/Glyphless"}
FONT = {**NAME, "Subtype": "/Type0", "Encoding": "/Identity-H"}
SYSTEM = pydyf.Dictionary({"Registry": "(Adobe)", "Ordering": "(Identity)", "Supplement": 0})
DESCENDANT = {**NAME, "Subtype": "/CIDFontType2", "CIDSystemInfo": SYSTEM, "CIDToGIDMap": "/Identity"}
DESCRIPTOR: dict[str, object] = {
    "Type": "/FontDescriptor",
    "FontName": "/Glyphless",
    "FontBBox": pydyf.Array([0, 0, UNITS_PER_EM, UNITS_PER_EM]),
    "Ascent": UNITS_PER_EM,
    "CapHeight": UNITS_PER_EM,
    "Descent": 0,
    "Flags": 4,  # symbolic: it has an encoding of its own
    "ItalicAngle": 0,
    "StemV": 80,
}
CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{blocks}
endcmap
CMapName currentdict /CMap defineresource pop
end
end"""


class GlyphlessFont:
    """Gives each letter a code on first use; the font is complete when the last text has been encoded.

    Letters are as wide as in a common sans-serif font, and reach from the baseline to the font's size, so that
    a viewer marks the whole of a line's box.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def encode(self, text: str) -> bytes:
        """A text as the operand of a PDF operator: a hexadecimal string of two bytes a letter."""
        codes = [self._codes.setdefault(letter, len(self._codes) + 1) for letter in text]
        return b"<%s>" % struct.pack(f">{len(codes)}H", *codes).hex().encode()

    def add_to(self, pdf: pydyf.PDF, font: pydyf.Dictionary) -> None:
        """Fill in a dictionary that is in the PDF already, and add what it refers to."""
        widths = [round(UNITS_PER_EM * width_em(letter)) for letter in self._codes]
        program = true_type(widths)
        file = pydyf.Stream([program], {"Length1": len(program)}, compress=True)
        to_unicode = pydyf.Stream([self._to_unicode()], compress=True)
        for stream in (file, to_unicode):
            pdf.add_object(stream)
        descriptor = _add(pdf, {**DESCRIPTOR, "FontFile2": file.reference})
        widths_from_1 = pydyf.Array([1, pydyf.Array(widths)])
        descendant = _add(pdf, {**DESCENDANT, "FontDescriptor": descriptor, "W": widths_from_1})
        font.update({**FONT, "ToUnicode": to_unicode.reference, "DescendantFonts": pydyf.Array([descendant])})

    def _to_unicode(self) -> str:
        pairs = [f"<{code:04X}> <{letter.encode('utf-16-be').hex()}>" for letter, code in self._codes.items()]
        starts = range(0, len(pairs), CODES_PER_BLOCK)
        blocks = [pairs[start : start + CODES_PER_BLOCK] for start in starts]
        return CMAP.format(
            blocks="\n".join("\n".join((f"{len(block)} beginbfchar", *block, "endbfchar")) for block in blocks)
        )


def _add(pdf: pydyf.PDF, fields: dict[str, object]) -> bytes:
    dictionary = pydyf.Dictionary(fields)
    pdf.add_object(dictionary)
    reference: bytes = dictionary.reference
    return reference


def true_type(widths: Sequence[int]) -> bytes:
    """A TrueType font with no ink, but boxes, in its glyphs.

    It has the tables that PDF readers need, their fields in the order of the OpenType specification; those not named
    here are 0.

    Args:
        widths: The glyphs' advances in units per em, from glyph 1; glyph 0 stands for what is missing.
    """
    em, widths = UNITS_PER_EM, [UNITS_PER_EM, *widths]
    glyphs = [_glyph(width) for width in widths]
    tables = {
        b"glyf": b"".join(glyphs),
        # version, …, magic number, flags, units per em, dates, box, …, least readable size in pixels, …
        b"head": struct.pack(">I8xI2H16x4h2H3h", 0x10000, 0x5F0F3CF5, 0, em, 0, 0, em, em, 0, 8, 2, 1, 0),
        # version, ascender, descender, line gap, greatest advance, …, number of advances
        b"hhea": struct.pack(">I3hH22xH", 0x10000, em, 0, 0, em, len(widths)),
        b"hmtx": b"".join(struct.pack(">H2x", width) for width in widths),
        b"loca": b"".join(struct.pack(">I", index * len(glyphs[0])) for index in range(len(glyphs) + 1)),
        b"maxp": struct.pack(">I3H22x", 0x10000, len(glyphs), 2, 1),  # version, glyphs, points, contours
    }
    directory, body = struct.pack(">I4H", 0x10000, len(tables), 64, 2, 16 * len(tables) - 64), b""
    start = len(directory) + 16 * len(tables)
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4s3I", tag, checksum, start + len(body), len(table))
        body += padded
    return directory + body


def _glyph(width: int) -> bytes:
    """One contour, there and back along the diagonal: PDFium ignores upright text whose glyphs have no box."""
    # contours, box, last point, length of instructions, both points on the curve, steps in x and in y
    return struct.pack(">5h2H2B4h", 1, 0, 0, width, GLYPH_HEIGHT, 1, 0, 1, 1, 0, width, 0, GLYPH_HEIGHT)
