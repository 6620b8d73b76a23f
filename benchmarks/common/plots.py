"""Results as plots (PNG)."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Point = tuple[float, float]
WAITING_ALPHA = 0.4


def bars(named: Mapping[str, float], y_label: str, file: Path) -> None:
    """A bar for each name, with its value on top; a dashed line is at 1."""
    figure, axes = canvas("", y_label)
    axes.bar_label(axes.bar(list(named), list(named.values())), fmt="%.2f")
    axes.axhline(1, color="grey", linestyle="--")
    figure.savefig(file)


def stacks(named: Mapping[str, Mapping[str, float]], y_label: str, file: Path) -> None:
    """A bar for each name, made of pieces; all bars have the same pieces, and negative ones are left out."""
    figure, axes = canvas("", y_label)
    bottoms = [0.0] * len(named)
    for piece, colour in colours(next(iter(named.values()))).items():
        heights = [max(bar[piece], 0.0) for bar in named.values()]
        axes.bar(list(named), heights, bottom=bottoms, color=colour, label=piece)
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    figure.legend(loc="outside right upper", reverse=True)
    figure.savefig(file)


def lines(
    named: Mapping[str, Sequence[Point]], bounds: Mapping[str, float], labels: tuple[str, str], file: Path
) -> None:
    """Several quantities over another, which doubles from tick to tick, and their upper bounds."""
    figure, axes = canvas(*labels)
    for name, points in named.items():
        axes.plot(*zip(*points, strict=True), "o-", label=name)
    for (name, value), style in zip(bounds.items(), cycle(("--", ":", "-.")), strict=False):
        axes.axhline(value, color="grey", linestyle=style, label=name)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(bottom=0)
    figure.legend(loc="outside upper center", ncols=2)
    figure.savefig(file)


def curve(points: Sequence[Point], labels: tuple[str, str], file: Path) -> None:
    """One quantity over another, both from 0."""
    figure, axes = canvas(*labels)
    axes.plot(*zip(*points, strict=True), "o-")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    figure.savefig(file)


def canvas(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """An empty plot."""
    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def colours(names: Iterable[str]) -> dict[str, tuple[float, ...]]:
    """A colour for each name, by their order."""
    known = list(names)
    palette = colormaps["tab10" if len(known) <= colormaps["tab10"].N else "tab20"]
    return {name: tuple(colour) for name, colour in zip(known, palette(range(len(known))), strict=True)}
