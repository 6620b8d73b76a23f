"""Tables in Markdown."""

from collections.abc import Iterable, Sequence

from tabulate import tabulate


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]], numbers_from: int | None = None) -> str:
    """A table; without rows nothing.

    Args:
        head: Names of the columns.
        rows: Cells, shown as they are.
        numbers_from: First of the columns that are aligned on the right; none by default.

    >>> print(markdown(["set", "F1"], [["forms", "0.942"]], numbers_from=1), end="")
    | set   |    F1 |
    |:------|------:|
    | forms | 0.942 |
    """
    cells = [list(map(str, row)) for row in rows]
    if not cells:
        return ""
    left = len(head) if numbers_from is None else numbers_from
    alignment = ["left" if column < left else "right" for column in range(len(head))]
    return f"{tabulate(cells, head, tablefmt='pipe', disable_numparse=True, colalign=alignment)}\n"


def bold(cells: Iterable[str]) -> list[str]:
    """Cells of a row that stands out.

    >>> bold(["2 × 1", "1.00"])
    ['**2 × 1**', '**1.00**']
    """
    return [f"**{cell}**" for cell in cells]
