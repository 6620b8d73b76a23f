"""Freed memory is used again."""

import subprocess
import sys

# Arrays as large as pages, and how many memory pages the system had to clear for them after the first time.
PROGRAM = """
import resource
import numpy as np
import ocr_core.opencv

def clear():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    pages = [np.ones((1000, 2000, 3), np.uint8) for _ in range(5)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

clear()
print(sum(clear() for _ in range(10)))
"""
MEMORY_PAGE_BYTES = 4096


def test_a_page_gets_the_memory_of_the_page_before() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert int(done.stdout) * MEMORY_PAGE_BYTES < 1000 * 2000 * 3
