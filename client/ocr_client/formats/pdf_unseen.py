"""Invisible text, as an earlier OCR program has left it, taken out of a page."""

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Name, Object, String

INVISIBLE = 3
EMPTY = String("")


def take_out_unseen_text(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Take invisible text out of a page and of the forms that it draws; everything else stays.

    Raises:
        pikepdf.PdfError: The page's content cannot be understood.
    """
    content = _without_unseen(page)
    if content is not None:
        page.Contents = pdf.make_stream(content)
    for form in list(_forms(page.obj, set())):
        content = _without_unseen(form)
        if content is not None:
            form.write(content)


def _forms(owner: Object, seen: set[tuple[int, int]]) -> Iterator[Object]:
    """The form XObjects of a page or form, and those in them, each once."""
    resources = owner.get(Name.Resources)
    drawn = None if resources is None else resources.get(Name.XObject)
    for form in () if drawn is None else drawn.as_dict().values():
        if form.get(Name.Subtype) == Name.Form and form.objgen not in seen:
            seen.add(form.objgen)
            yield form
            yield from _forms(form, seen)


def _without_unseen(content: pikepdf.Page | Object) -> bytes | None:
    """The content without the letters that are shown in mode 3 (ISO 32000, 9.3.6); None if there are none."""
    mode, outer, changed = 0, [], False
    kept: list[pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage] = []
    for instruction in pikepdf.parse_content_stream(content):
        operands, name = instruction.operands, str(instruction.operator)
        if name == "q":
            outer.append(mode)
        elif name == "Q" and outer:
            mode = outer.pop()
        elif name == "Tr" and operands:
            mode = int(operands[0])
        elif name in EMPTIED and mode == INVISIBLE:
            kept.append(pikepdf.ContentStreamInstruction([*operands[:-1], EMPTIED[name]], instruction.operator))
            changed = True
            continue
        kept.append(instruction)
    return pikepdf.unparse_content_stream(kept) if changed else None


# The operators that show text, of which some also go to the next line, and what they show instead: nothing.
EMPTIED: dict[str, Object] = {"Tj": EMPTY, "'": EMPTY, '"': EMPTY, "TJ": Array()}
