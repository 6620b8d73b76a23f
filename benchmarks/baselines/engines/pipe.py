"""The engine's end of the pipe: a path a line on stdin, a line of JSON for each on stdout."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

# A line's text and its corners, four (x, y) in pixels.
Found = tuple[str, list[list[float]]]

STDOUT, STDERR = 1, 2  # as descriptors: native code writes to them, too


def answer(start: Callable[[], Callable[[bytes], Iterable[Found]]]) -> None:
    """Answer until stdin ends: {"texts", "quads", "seconds"} for each path, after an empty line once it has started.

    Args:
        start: Makes the engine, untimed; the engine gives the lines of text in an image's file.
    """
    # What an engine prints is no answer. Python's own goes out line by line, before an error that comes after it.
    with os.fdopen(os.dup(STDOUT), "w", encoding="utf-8") as answers, contextlib.redirect_stdout(sys.stderr):
        os.dup2(STDERR, STDOUT)
        read = start()
        print(file=answers, flush=True)
        for path in sys.stdin:
            start_s = time.perf_counter()
            found = list(read(Path(path.removesuffix("\n")).read_bytes()))
            seconds = time.perf_counter() - start_s
            fields = {"texts": [text for text, _ in found], "quads": [quad for _, quad in found], "seconds": seconds}
            print(json.dumps(fields), file=answers, flush=True)
