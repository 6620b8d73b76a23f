"""Small images, read to see whether a server does what it says."""

import time
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ocr_client.client import OcrClient
from ocr_client.errors import OcrError
from ocr_client.ordered import map_ordered

# An instance whose process has died still calls itself ready, and fails every request that it gets. Triton chooses the
# instance for each request: with twice as many requests as instances, each can be expected to get one.
IMAGES_PER_INSTANCE = 2
# The least also goes to a server that does not tell its instances.
LEAST_IMAGES, MOST_IMAGES = 8, 64
MOST_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of the images.

    Attributes:
        at_once: How many were under way at the same time.
        times_s: How long each took that was read, in seconds.
        failures: Why the others were not.
    """

    at_once: int
    times_s: tuple[float, ...]
    failures: tuple[OcrError, ...]

    @property
    def sent(self) -> int:
        """How many images were sent."""
        return len(self.times_s) + len(self.failures)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, in a sentence; empty if every image was read."""
        if not self.failures:
            return ()
        count, first = len(self.failures), self.failures[0]
        return (f"{count} of {self.sent} small images could not be read ({first}): restart the server if this lasts",)

    def __str__(self) -> str:
        middle, slowest = (f"{1000 * of(self.times_s):.0f} ms" for of in (median, max))
        read = f"{len(self.times_s)} small images were read, {self.at_once} at once"
        return f"{read}: median {middle}, slowest {slowest}."

    def to_dict(self) -> dict[str, Any]:
        """The figures as a JSON-ready dict."""
        times_ms = [round(1000 * time_s, 1) for time_s in self.times_s]
        return {
            "sent": self.sent,
            "read": len(times_ms),
            "at_once": self.at_once,
            "fastest_ms": min(times_ms, default=None),
            "median_ms": round(median(times_ms), 1) if times_ms else None,
            "slowest_ms": max(times_ms, default=None),
        }


def small_image() -> Image.Image:
    """One that any server reads in a moment."""
    image = Image.new("RGB", (160, 48), "white")
    ImageDraw.Draw(image).text((16, 8), "OCR 123", "black", ImageFont.load_default(28))
    return image


def send_probe(client: OcrClient, instances: int) -> Probe:
    """Read a small image many times, several at once.

    Args:
        client: Asks the server.
        instances: How many instances the model with the most has; 0 if the server does not tell.
    """
    image = small_image()
    count = min(max(LEAST_IMAGES, IMAGES_PER_INSTANCE * instances), MOST_IMAGES)
    at_once = min(max(1, instances), MOST_AT_ONCE)
    answers = list(map_ordered(partial(_read, client), [image] * count, at_once))
    return Probe(
        at_once=at_once,
        times_s=tuple(answer for answer in answers if not isinstance(answer, OcrError)),
        failures=tuple(answer for answer in answers if isinstance(answer, OcrError)),
    )


def _read(client: OcrClient, image: Image.Image) -> float | OcrError:
    """How long it took, in seconds, or why it failed."""
    start_s = time.perf_counter()
    try:
        client.read(image)
    except OcrError as error:
        return error
    return time.perf_counter() - start_s
