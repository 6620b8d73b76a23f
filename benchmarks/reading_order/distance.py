"""How far the order in which tokens were read is from the true one."""

from collections.abc import Hashable, Iterable, Sequence

from benchmarks.accuracy.token_f1 import TOKEN


def tokens(texts: Iterable[str]) -> list[str]:
    """The tokens of lines in their order: runs of letters and digits, upper and lower case alike.

    >>> tokens(["Total: 12", "EUR"])
    ['total', '12', 'eur']
    """
    return [token for text in texts for token in TOKEN.findall(text.lower())]


def distance(read: Sequence[Hashable], truth: Sequence[Hashable]) -> float:
    """Levenshtein's distance over the length of the longer sequence: 0 is the same, 1 has nothing in common.

    Columns of the matrix are bits of integers: Hyyrö, "Explaining and extending the bit-parallel approximate string
    matching algorithm of Myers" (2001).

    >>> distance("reading", "heading")
    0.14285714285714285
    """
    longest = max(len(read), len(truth))
    return levenshtein(read, truth) / longest if longest else 0.0


def levenshtein(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Least number of insertions, deletions and replacements.

    >>> levenshtein("kitten", "sitting")
    3
    """
    if not first:
        return len(second)
    where: dict[Hashable, int] = {}
    for place, item in enumerate(first):
        where[item] = where.get(item, 0) | 1 << place
    everywhere, last = (1 << len(first)) - 1, 1 << (len(first) - 1)
    rises, falls, edits = everywhere, 0, len(first)
    for item in second:
        same = where.get(item, 0)
        down = (((same & rises) + rises) ^ rises) | same | falls
        up = falls | (everywhere & ~(down | rises))
        level = rises & down
        edits += bool(up & last) - bool(level & last)
        up, level = up << 1 | 1, level << 1
        rises = (level | ~(down | up)) & everywhere
        falls = up & down & everywhere
    return edits
