"""What the two XML formats share."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from xml.etree.ElementTree import Element, tostring

from ocr_client.formats.writer import encoded
from ocr_client.results import Quad

SOFTWARE = "ocr-triton-client"
SOFTWARE_VERSION = version(SOFTWARE)

# XML 1.0, section 2.2: all that is no Char.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(tag: str, attributes: Mapping[str, object], *children: Element, text: str = "") -> Element:
    """Build an element; characters that XML forbids become U+FFFD."""
    made = Element(tag, {name: legal(str(value)) for name, value in attributes.items()})
    made.text = legal(text)
    made.extend(children)
    return made


def legal(text: str) -> str:
    """Replace what XML cannot hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def markup(root: Element) -> bytes:
    """An element as UTF-8, on a line of its own."""
    return encoded(tostring(root, encoding="unicode")) + b"\n"


def bounds(*quads: Quad) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the upright box round quads.

    >>> bounds(((3, 0), (9, 2), (8, 5), (2, 3)))
    (2, 0, 9, 5)
    """
    xs, ys = zip(*(corner for quad in quads for corner in quad), strict=True)
    return min(xs), min(ys), max(xs), max(ys)
