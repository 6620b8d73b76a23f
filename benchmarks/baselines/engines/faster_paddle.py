"""faster-paddle with its default settings and the weights that it carries: `python -m … small` or `tiny`."""

import sys
from collections.abc import Callable, Iterator
from functools import partial

from faster_paddle import OcrEngine

from benchmarks.baselines.engines.pipe import Found, answer


def start(model_size: str) -> Callable[[bytes], Iterator[Found]]:
    """Make the engine."""
    engine = OcrEngine(model_size=model_size)

    def read(encoded: bytes) -> Iterator[Found]:
        for line in engine.ocr(encoded)["bounds"].values():
            (left, top), (right, bottom) = line["topLeftCoord"], line["bottomRightCoord"]
            yield line["text"], [[left, top], [right, top], [right, bottom], [left, bottom]]

    return read


if __name__ == "__main__":
    answer(partial(start, sys.argv[1]))
