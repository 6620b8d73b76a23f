"""Arabic, Hebrew and the like: from the order in which characters stand on a page to the one in which they are read.

A recognizer gives a line from left to right, as it stands. Text is kept in the order in which it is read, and what
shows it puts it in place (Unicode Standard Annex 9). This is the way back. Two texts may look the same: the likelier
is taken, and a number with hyphens is read as it stands.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby

# Blocks of scripts that are written from right to left.
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
# What Unicode calls a character → how it behaves here; any other is neutral.
KINDS = {
    "L": "left",
    "R": "right",
    "AL": "arabic",
    "EN": "number",
    "AN": "arabic number",
    "ES": "separator",
    "CS": "separator",
    "ET": "sign",
    "NSM": "mark",
}
LETTERS = ("left", "right", "arabic")
NUMBERS = ("number", "arabic number")
# A pair opens to the side where the text goes on: in text from right to left, each has the shape of the other.
MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def is_mixed(text: str) -> bool:
    """Whether any of a text is written from right to left."""
    return not text.isascii() and RIGHT_TO_LEFT.search(text) is not None


def is_right_to_left(texts: Iterable[str]) -> bool:
    """Whether most letters of a page's lines are of scripts that are written from right to left.

    >>> is_right_to_left(["שלום עולם", "iPhone 15"])
    True
    """
    page = "".join(texts)
    if not is_mixed(page):
        return False
    letters = "".join(filter(str.isalpha, page))
    return 2 * len(RIGHT_TO_LEFT.findall(letters)) > len(letters)


def logical(text: str) -> str:
    """A line as it stands from left to right → as it is read.

    >>> logical("15 םולש") == "שלום 15"
    True
    """
    return "".join(character for _, character in in_order(text)) if is_mixed(text) else text


def in_order(line: Sequence[str]) -> list[tuple[int, str]]:
    """Characters as they stand from left to right → place and text of each, in the order in which they are read.

    Args:
        line: Characters, each with or without combining marks.
    """
    levels = _levels(line)
    places = list(range(len(line)))
    for level in (1, 2):  # each run of a level or above runs against what it lies in (UAX 9, rule L2)
        runs = groupby(places, key=lambda place: levels[place] >= level)
        places = [place for is_against, run in runs for place in (reversed(list(run)) if is_against else run)]
    return [(place, line[place].translate(MIRRORED) if levels[place] == 1 else line[place]) for place in places]


def _levels(line: Sequence[str]) -> list[int]:
    """Of each character: 1 from right to left, 2 from left to right within that, 0 from left to right."""
    kinds = _numbers([KINDS.get(unicodedata.bidirectional(character[0]), "neutral") for character in line])
    letters = [kind for kind in kinds if kind in LETTERS]
    # A line from right to left may begin or end with a foreign word, an address or a name; seldom with both.
    base = "left" if letters and letters[0] == letters[-1] == "left" else "right"
    inner = 2 if base == "right" else 0
    return [
        2 if kind in NUMBERS else 1 if side == "right" else inner
        for kind, side in zip(kinds, _sides(kinds, base), strict=True)
    ]


def _numbers(kinds: list[str]) -> list[str]:
    """With separators and signs as parts of their numbers (rules W4, W5), and numbers behind Latin words as theirs.

    That is rule W7. Behind Arabic words, a sign is none of a number's (W2): the per cent stands left of it.
    """
    found, letter = list(kinds), ""
    for place, kind in enumerate(kinds):
        letter = kind if kind in LETTERS else letter
        if kind == "number" and letter == "left":
            found[place] = "left"
    letter = ""
    for place in reversed(range(len(kinds))):
        letter = kinds[place] if kinds[place] in LETTERS else letter
        if found[place] == "number" and letter == "arabic":
            found[place] = "arabic number"
    for place in range(1, len(kinds) - 1):
        before, kind, after = found[place - 1 : place + 2]
        if kind == "separator" and before == after and before in NUMBERS:
            found[place] = before
    return _signs(_signs(found)[::-1])[::-1]


def _signs(kinds: list[str]) -> list[str]:
    """With the signs behind a number, such as that of a currency, as parts of it."""
    found = list(kinds)
    for place in range(1, len(kinds)):
        if found[place] == "sign" and found[place - 1] == "number":
            found[place] = "number"
    return found


def _sides(kinds: list[str], base: str) -> list[str]:
    """The direction of each character; what has none takes that of both its neighbours, or the line's (rules N1, N2).

    A mark stands left of the letter that it belongs to, if that is read from right to left.
    """
    sides = ["left" if kind == "left" else "right" if kind in (*LETTERS, *NUMBERS) else "" for kind in kinds]
    before, after = _carried(sides, base), _carried(sides[::-1], base)[::-1]
    return [
        left if left == right else "right" if kind == "mark" and right == "right" else base
        for kind, left, right in zip(kinds, before, after, strict=True)
    ]


def _carried(sides: list[str], first: str) -> list[str]:
    """With what has no direction in that of what stands before it, or in the first."""
    return list(accumulate(sides, lambda before, side: side or before, initial=first))[1:]
