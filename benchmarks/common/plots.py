"""The results as pictures (PNG)."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.baselines.perf_analyzer import Load, Step

# In the data's order; the recognizer's time is in ctc_decoding's, which waits for it.
STEPS = {
    "image_preprocessing": "tab:blue",
    "text_detection": "tab:orange",
    "text_cropping": "tab:green",
    "ctc_decoding": "tab:red",
}
STEP_LABELS = {"ctc_decoding": "ctc_decoding with text_recognition"}
WAITING_ALPHA = 0.4


def throughput(loads: Sequence[Load], file: Path) -> None:
    """Images per second over concurrency, a line for each protocol."""
    figure, axes = _canvas("requests under way at once", "images per second")
    for protocol in dict.fromkeys(load.protocol for load in loads):
        ours = [load for load in loads if load.protocol == protocol]
        axes.plot([load.concurrency for load in ours], [load.images_per_s for load in ours], "o-", label=protocol)
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.savefig(file)


def steps(loads: Sequence[Load], file: Path) -> None:
    """Where a request's time goes: a bar for each level of load, a piece for each step, paler where it waits."""
    figure, axes = _canvas("requests under way at once", "ms per request")
    for place, load in enumerate(loads):
        _stack(axes, place, {step.model: step for step in load.steps})
    for model, colour in STEPS.items():
        axes.bar(0, 0, color=colour, label=STEP_LABELS.get(model, model))
    axes.bar(0, 0, color="grey", alpha=WAITING_ALPHA, label="waiting for an instance of the step")
    axes.set_xticks(range(len(loads)), [f"{load.protocol}\n{load.concurrency}" for load in loads])
    figure.legend(loc="outside upper center", ncols=2)
    figure.savefig(file)


def shares(named: Mapping[str, float], file: Path) -> None:
    """This service's throughput over that of the models alone, a bar for each set."""
    figure, axes = _canvas("", "throughput over that of the models alone")
    bars = axes.bar(list(named), list(named.values()))
    axes.bar_label(bars, fmt="%.2f")
    axes.axhline(1, color="grey", linestyle="--")
    figure.savefig(file)


def stacks(named: Mapping[str, Mapping[str, float]], y_label: str, file: Path) -> None:
    """A bar for each name, made of pieces; all bars have the same pieces, and negative ones are left out."""
    figure, axes = _canvas("", y_label)
    bottoms = [0.0] * len(named)
    pieces = list(next(iter(named.values())))
    for piece, colour in zip(pieces, _colours(len(pieces)), strict=True):
        heights = [max(bar[piece], 0.0) for bar in named.values()]
        axes.bar(list(named), heights, bottom=bottoms, color=colour, label=piece)
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    figure.legend(loc="outside right upper", reverse=True)
    figure.savefig(file)


def _colours(count: int) -> list[tuple[float, ...]]:
    return [tuple(colour) for colour in colormaps["tab20"](range(count))]


def lines(
    named: Mapping[str, Sequence[tuple[float, float]]],
    limits: Mapping[str, float],
    labels: tuple[str, str],
    file: Path,
) -> None:
    """Several quantities over another, and what they cannot exceed."""
    figure, axes = _canvas(*labels)
    for name, points in named.items():
        axes.plot(*zip(*points, strict=True), "o-", label=name)
    for (name, value), style in zip(limits.items(), cycle(("--", ":", "-.")), strict=False):
        axes.axhline(value, color="grey", linestyle=style, label=name)
    axes.set_xscale("log", base=2)
    axes.set_ylim(bottom=0)
    figure.legend(loc="outside upper center", ncols=2)
    figure.savefig(file)


def curve(points: Sequence[tuple[float, float]], labels: tuple[str, str], file: Path) -> None:
    """One quantity over another, both from 0."""
    figure, axes = _canvas(*labels)
    axes.plot(*zip(*points, strict=True), "o-")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    figure.savefig(file)


def _stack(axes: Axes, place: int, models: Mapping[str, Step]) -> None:
    bottom_ms = 0.0
    for model, colour in STEPS.items():
        step = models[model]
        work_us = step.input_us + step.infer_us + step.output_us
        for time_us, alpha in ((step.queue_us, WAITING_ALPHA), (work_us, 1.0)):
            axes.bar(place, time_us / 1000, bottom=bottom_ms, color=colour, alpha=alpha)
            bottom_ms += time_us / 1000


def _canvas(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
