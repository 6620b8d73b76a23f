"""What runs in a peer's process: a path a line on stdin, a line of JSON for each on stdout."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

# A line's text and its corners, four (x, y) in pixels.
Found = tuple[str, list[list[float]]]

STDOUT, STDERR = 1, 2  # as descriptors: native code writes to them, too


def serve(load: Callable[[], Callable[[bytes], Iterable[Found]]]) -> None:
    """Answer until stdin ends: {"texts", "quads", "seconds"} for each path, after an empty line once all is loaded.

    Args:
        load: Makes the engine, untimed; it gives the lines of text in an image's file.
    """
    with os.fdopen(os.dup(STDOUT), "w", encoding="utf-8") as answers:
        os.dup2(STDERR, STDOUT)  # what an engine prints is no answer
        read = load()
        print(file=answers, flush=True)
        for path in sys.stdin:
            start_s = time.perf_counter()
            found = list(read(Path(path.removesuffix("\n")).read_bytes()))
            seconds = time.perf_counter() - start_s
            answer = {"texts": [text for text, _ in found], "quads": [quad for _, quad in found], "seconds": seconds}
            print(json.dumps(answer), file=answers, flush=True)
