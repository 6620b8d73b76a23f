"""Pages of many sizes, and whether a GPU's memory grows with them."""

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

# Of the sides of a page, what a piece of it has at least.
LEAST_SHARE = 0.1


def cut(images: Sequence[bytes], count: int) -> list[bytes]:
    """Pieces of images, each of a size of its own, as JPEG; the same for the same images.

    Args:
        images: Encoded; taken in turn.
        count: Of pieces.
    """
    rng = np.random.default_rng(0)
    pages = [cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR) for image in images]
    pieces = []
    for place in range(count):
        page = pages[place % len(pages)]
        size = [max(1, round(side * rng.uniform(LEAST_SHARE, 1))) for side in page.shape[:2]]
        top, left = (rng.integers(0, whole - side + 1) for whole, side in zip(page.shape[:2], size, strict=True))
        _, encoded = cv2.imencode(".jpg", page[top : top + size[0], left : left + size[1]])
        pieces.append(encoded.tobytes())
    return pieces


def growth(
    read: Callable[[], tuple[int, float | None]], pages: int, has_time: Callable[[], bool]
) -> Iterator[tuple[int, float | None]]:
    """How many pages were read so far, and the memory in use, again and again.

    Args:
        read: Has a number of pages read, and tells how many and what most memory was in use meanwhile, MiB.
        pages: When to end.
        has_time: Whether to go on.
    """
    done = 0
    while done < pages and has_time():
        count, memory_mib = read()
        done += count
        yield done, memory_mib
